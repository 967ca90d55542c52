#include "fusescape/config/binding.hpp"

#include <fmt/format.h>

#include <sstream>

#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

void find_last_set(const YamlNode& node, const YamlNode*& last) {
  if (node.set_by && (!last->set_by || *last->set_by < *node.set_by)) last = &node;
  for (const YamlNode& item : node.items) find_last_set(item, last);
  for (const YamlEntry& entry : node.entries) find_last_set(entry.value, last);
}

}  // namespace

Binding::Binding(const InputFile& input, FileKind kind, std::span<const Setting> settings, void* owner)
    : diags_{input.file, input.text}, errors_{diags_}, root_{input.root}, settings_{settings} {
  if (input.kind != kind) {
    errors_.at(at("kind"), fmt::format("kind: expected '{}', got '{}'", name_of(kind), name_of(input.kind)));
    return;
  }
  const SectionSpec& table = table_of(kind, root_);
  apply_settings(root_, table, settings, errors_);
  read_section({root_, ""}, table, errors_, owner);
}

const YamlNode& Binding::at(std::string_view key) const {
  const YamlNode* value = find_value(root_, key);
  return value == nullptr ? root_ : *value;
}

const YamlNode& Binding::blamed() const {
  const YamlNode* last = &root_;
  find_last_set(root_, last);
  return *last;
}

const YamlNode& Binding::blamed(std::initializer_list<std::string_view> keys,
                                const YamlNode& otherwise) const {
  const YamlNode* last = &otherwise;
  for (const std::string_view key : keys) {
    if (const YamlNode* value = find_value(root_, key)) find_last_set(*value, last);
  }
  return *last;
}

InputError Binding::failure() const {
  InputError error{InputError::Cause::kBadFile, "", {}};
  for (const OverrideError& fault : errors_.overrides()) {
    const Setting& setting = settings_[fault.override_index];
    error.cause = InputError::Cause::kUsage;
    error.text +=
        fmt::format("--set {}={}: {}\n", printable(setting.key), printable(setting.value), fault.message);
    error.settings.push_back({fault.override_index, fault.message});
  }
  if (error.cause == InputError::Cause::kBadFile) {
    std::ostringstream out;
    out << diags_;
    error.text = out.str();
  }
  return error;
}

}  // namespace fusescape
