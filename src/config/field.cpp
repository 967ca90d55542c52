#include "fusescape/config/field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

std::string name_of(const Slot& slot, const SectionSpec& section) {
  return slot.path.empty() ? std::string{section.name} : slot.path;
}

const FieldSpec* find_field(const SectionSpec& section, std::string_view key) {
  const auto field = std::find_if(section.fields.begin(), section.fields.end(),
                                  [&](const FieldSpec& f) { return f.key == key; });
  return field == section.fields.end() ? nullptr : &*field;
}

void report_unknown_keys(const Slot& slot, const SectionSpec& section, InputErrors& errors) {
  if (section.open) return;
  for (const YamlEntry& entry : slot.node.entries) {
    if (find_field(section, entry.key) != nullptr) continue;
    const std::string hint =
        did_you_mean_among(entry.key, section.fields, [](const FieldSpec& f) { return f.key; });
    errors.at_key(entry, fmt::format("{}: unknown key '{}'{}", name_of(slot, section), entry.key, hint));
  }
}

void read_field(const Slot& value, const FieldSpec& field, InputErrors& errors, void* owner) {
  if (value.node.kind == YamlKind::kEmpty) {
    errors.at(value.node, value.path + ": has no value");
  } else if (field.read != nullptr) {
    field.read(value, errors, owner);
  }
}

}  // namespace

void InputErrors::at(const YamlNode& node, std::string message) {
  faulty_.insert(&node);
  message = printable(message);  // A name in it may hold anything.
  if (node.set_by) {
    overrides_.push_back({*node.set_by, std::move(message)});
  } else {
    file_.error(node.pos, std::move(message));
  }
}

void InputErrors::at_key(const YamlEntry& entry, std::string message) {
  if (entry.value.set_by) {
    at(entry.value, std::move(message));
  } else {
    faulty_.insert(&entry.value);
    file_.error(entry.pos, printable(message));
  }
}

bool InputErrors::inside(const YamlNode& node) const {
  if (faulty_.empty()) return false;
  return faulty_.contains(&node) ||
         std::any_of(node.items.begin(), node.items.end(),
                     [&](const YamlNode& item) { return inside(item); }) ||
         std::any_of(node.entries.begin(), node.entries.end(),
                     [&](const YamlEntry& entry) { return inside(entry.value); });
}

std::string path_below(const std::string& path, std::string_view key) {
  return path.empty() ? std::string{key} : path + "." + std::string{key};
}

bool expect_kind(const Slot& slot, YamlKind kind, std::string_view what, InputErrors& errors) {
  if (slot.node.kind == kind) return true;
  if (slot.node.kind == YamlKind::kEmpty) {
    errors.at(slot.node, fmt::format("{}: expected {}, got nothing", slot.path, what));
  } else {
    constexpr std::array<std::string_view, 4> kKindWords{"nothing", "a single value", "a list", "a mapping"};
    const std::string_view got = kKindWords[static_cast<std::size_t>(slot.node.kind)];
    errors.at(slot.node, fmt::format("{}: expected {}, got {}", slot.path, what, got));
  }
  return false;
}

void expect_words(const Slot& map, std::span<const std::string_view> words, std::string_view what,
                  InputErrors& errors) {
  for (const YamlEntry& entry : map.node.entries) {
    if (std::find(words.begin(), words.end(), entry.key) != words.end()) continue;
    errors.at_key(entry, fmt::format("{}: unknown {} '{}'{}", map.path, what, entry.key,
                                     did_you_mean(entry.key, words)));
  }
}

void read_section(const Slot& slot, const SectionSpec& section, InputErrors& errors, void* owner) {
  if (slot.node.kind != YamlKind::kMap) {
    const Slot named{slot.node, name_of(slot, section)};
    static_cast<void>(expect_kind(named, YamlKind::kMap, "a mapping", errors));
    return;
  }
  report_unknown_keys(slot, section, errors);
  for (const FieldSpec& field : section.fields) {
    if (const YamlNode* value = find_value(slot.node, field.key)) {
      read_field({*value, path_below(slot.path, field.key)}, field, errors, owner);
    } else if (field.required) {
      errors.at(slot.node, fmt::format("{}: missing key '{}'", name_of(slot, section), field.key));
    }
  }
}

}  // namespace fusescape
