#include "fusescape/config/binding.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

void find_last_set(const YamlNode& node, const YamlNode*& last) {
  if (node.set_by && (!last->set_by || *last->set_by < *node.set_by)) last = &node;
  for (const YamlNode& item : node.items) find_last_set(item, last);
  for (const YamlEntry& entry : node.entries) find_last_set(entry.value, last);
}

/// 0 if it is no whole number of 64 bits.
std::int64_t whole_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

/// The largest whole number that a setting put here; of equals the later one. What is no such number counts
/// as 0.
void find_largest_set(const YamlNode& node, const YamlNode*& largest, std::int64_t& most) {
  if (node.set_by) {
    const std::int64_t value = whole_number(node.text);
    if (value > most || (value == most && (!largest->set_by || *largest->set_by < *node.set_by))) {
      largest = &node;
      most = value;
    }
  }
  for (const YamlNode& item : node.items) find_largest_set(item, largest, most);
  for (const YamlEntry& entry : node.entries) find_largest_set(entry.value, largest, most);
}

}  // namespace

Binding::Binding(const InputFile& input, FileKind kind, std::span<const Setting> settings, void* owner)
    : diags_{input.file, input.text}, errors_{diags_}, root_{input.root}, settings_{settings} {
  if (input.kind != kind) {
    errors_.at(at("kind"), fmt::format("kind: expected '{}', got '{}'", name_of(kind), name_of(input.kind)));
    return;
  }
  const SectionSpec& table = table_of(kind, root_);
  if (!input.settings_applied) apply_settings(root_, table, settings, errors_);
  read_section({root_, ""}, table, errors_, owner);
}

void Binding::look_in(std::string_view key) {
  inner_ = find_value(root_, key);
}

const YamlNode* Binding::find(std::string_view key) const {
  const YamlNode* inside = inner_ == nullptr ? nullptr : find_value(*inner_, key);
  return inside == nullptr ? find_value(root_, key) : inside;
}

const YamlNode& Binding::at(std::string_view key) const {
  const YamlNode* value = find(key);
  if (value != nullptr) return *value;
  return inner_ == nullptr ? root_ : *inner_;
}

const YamlNode& Binding::blamed() const {
  const YamlNode* largest = &root_;
  std::int64_t most = 0;
  find_largest_set(root_, largest, most);
  return *largest;
}

const YamlNode& Binding::blamed(std::initializer_list<std::string_view> keys,
                                const YamlNode& otherwise) const {
  const YamlNode* last = &otherwise;
  for (const std::string_view key : keys) {
    if (const YamlNode* value = find(key)) find_last_set(*value, last);
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
