// Where in a file does `--set sram.capacity=6 MiB` go?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "fusescape/config/binding.hpp"
#include "fusescape/support/printable.hpp"
#include "fusescape/workload/generation_keys.hpp"

namespace fusescape {
namespace {

constexpr std::array<std::string_view, 6> kNeverSet{"kind", "version", "family",
                                                    "name", "source",  "description"};

/// A step from a node to the one below it: a key of a mapping, or a position in a list.
struct Step {
  std::string key;
  std::optional<std::size_t> position;
};
using Steps = std::vector<Step>;

bool is_settable(const FieldSpec& field) {
  return field.read != nullptr && std::find(kNeverSet.begin(), kNeverSet.end(), field.key) == kNeverSet.end();
}

const FieldSpec* field_of(const SectionSpec& section, std::string_view key) {
  for (const FieldSpec& field : section.fields) {
    if (is_settable(field) && (field.key == key || (!field.rank.empty() && field.rank == key))) return &field;
  }
  return nullptr;
}

bool has_field(const SectionSpec& section, std::string_view key) {
  return std::any_of(section.fields.begin(), section.fields.end(),
                     [&](const FieldSpec& field) { return field.key == key; });
}

std::string_view head_of(std::string_view key) {
  return key.substr(0, key.find('.'));
}
std::string_view tail_of(std::string_view key) {
  const std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view{} : key.substr(dot + 1);
}

/// The entry of a list that `word` names: by its `name`, or by its position from 0.
std::optional<std::size_t> find_item(const YamlNode& list, std::string_view word) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const YamlNode* name = find_value(list.items[i], "name");
    if (name != nullptr && name->text == word) return i;
  }
  std::size_t position = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), position);
  const bool whole = error == std::errc{} && end == word.data() + word.size() && !word.empty();
  return whole && position < list.items.size() ? std::optional{position} : std::nullopt;
}

bool resolve_in(const SectionSpec& section, const YamlNode* node, std::string_view key, Steps& steps);

/// Resolves `rest`, what follows a field's own key, in the field's value.
bool resolve_below(const TypeSpec& type, const YamlNode* node, std::string_view rest, Steps& steps) {
  using Form = TypeSpec::Form;
  switch (type.form) {
    case Form::kSection:
      return !rest.empty() && resolve_in(*type.section, node, rest, steps);
    case Form::kMap:
      if (!rest.empty()) steps.push_back({std::string{rest}, std::nullopt});
      return !rest.empty();
    case Form::kList: {
      if (rest.empty() || node == nullptr) return rest.empty();
      const auto position = find_item(*node, head_of(rest));
      if (!position) return false;
      steps.push_back({"", position});
      return resolve_below(*type.item, &node->items[*position], tail_of(rest), steps);
    }
    case Form::kAny:
      return false;
    default:
      return rest.empty();
  }
}

/// True if `key` is, without the name of the mapping it stands in, a key inside `value`.
bool reaches(const FieldSpec& field, const YamlNode& value, std::string_view key) {
  if (!field.reach_through) return false;
  if (field.type->form != TypeSpec::Form::kSection) return find_value(value, key) != nullptr;
  const FieldSpec* inside = field_of(*field.type->section, head_of(key));
  return inside != nullptr && !inside->full_path;
}

bool resolve_in(const SectionSpec& section, const YamlNode* node, std::string_view key, Steps& steps) {
  if (const FieldSpec* field = field_of(section, head_of(key))) {
    steps.push_back({std::string{field->key}, std::nullopt});
    const YamlNode* value = node == nullptr ? nullptr : find_value(*node, field->key);
    return resolve_below(*field->type, value, tail_of(key), steps);
  }
  for (const FieldSpec& field : section.fields) {
    const YamlNode* value = node == nullptr ? nullptr : find_value(*node, field.key);
    if (value == nullptr || !reaches(field, *value, key)) continue;
    steps.push_back({std::string{field.key}, std::nullopt});
    return resolve_below(*field.type, value, key, steps);
  }
  if (!section.open || has_field(section, key)) return false;
  if (node != nullptr && find_value(*node, "family") != nullptr) {  // A mapping among its family's keys?
    const FieldSpec* inside = field_of(table_of(FileKind::kModel, *node), head_of(key));
    if (inside != nullptr && inside->type->form == TypeSpec::Form::kSection) {
      steps.push_back({std::string{inside->key}, std::nullopt});
      return resolve_below(*inside->type, find_value(*node, inside->key), tail_of(key), steps);
    }
  }
  steps.push_back({std::string{key}, std::nullopt});
  return true;
}

std::optional<Steps> resolve(const SectionSpec& table, const YamlNode& root, std::string_view key) {
  Steps steps;
  return resolve_in(table, &root, key, steps) ? std::optional{std::move(steps)} : std::nullopt;
}

void mark(YamlNode& node, std::size_t setting) {
  node.set_by = setting;
  for (YamlNode& item : node.items) mark(item, setting);
  for (YamlEntry& entry : node.entries) mark(entry.value, setting);
}

void put(YamlNode& root, const Steps& steps, YamlNode value) {
  YamlNode* node = &root;
  for (const Step& step : steps) {
    if (step.position) {
      node = &node->items[*step.position];
      continue;
    }
    if (node->kind == YamlKind::kEmpty) node->kind = YamlKind::kMap;
    YamlNode* below = find_value(*node, step.key);
    if (below == nullptr) below = &node->entries.emplace_back(YamlEntry{step.key, node->pos, {}}).value;
    node = below;
  }
  *node = std::move(value);
}

/// A list whose entries are named and have keys of the table that they name: a stack's layers.
bool is_open_list(const FieldSpec& field) {
  const TypeSpec* item = field.type->form == TypeSpec::Form::kList ? field.type->item : nullptr;
  return item != nullptr && item->form == TypeSpec::Form::kSection && item->section->open;
}

std::string name_in_list(const YamlNode& list, std::size_t position) {
  const YamlNode* name = find_value(list.items[position], "name");
  return name == nullptr ? fmt::to_string(position) : name->text;
}

/// The path of a key below `path`, or of the keys of its mapping.
void add_paths(const std::string& path, const FieldSpec& field, std::vector<std::string>& keys) {
  const std::string own = path + std::string{field.key};
  if (field.type->form != TypeSpec::Form::kSection) {
    keys.push_back(own);
    return;
  }
  for (const FieldSpec& inside : field.type->section->fields) {
    if (is_settable(inside)) add_paths(own + ".", inside, keys);
  }
}

/// Paths of keys of each entry that has a family: its own, and those of the family that are not `outer`'s.
void collect_entries(const SectionSpec& outer, const FieldSpec& field, const YamlNode& list,
                     std::vector<std::string>& keys) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (find_value(list.items[i], "family") == nullptr) continue;
    const std::string path = fmt::format("{}.{}.", field.key, name_in_list(list, i));
    const SectionSpec& own = *field.type->item->section;
    for (const YamlEntry& entry : list.items[i].entries) {
      const FieldSpec* of_entry = field_of(own, entry.key);
      if (of_entry != nullptr) keys.push_back(path + entry.key);
    }
    for (const FieldSpec& inner : table_of(FileKind::kModel, list.items[i]).fields) {
      const bool is_of_entry = is_settable(inner) && !has_field(outer, inner.key) &&
                               !has_field(own, inner.key) && inner.key != "n_layer";
      if (is_of_entry) add_paths(path, inner, keys);
    }
  }
}

/// `full_prefix` is the path of the section, `prefix` the part of it that a setting needs.
void collect(const SectionSpec& section, const YamlNode* node, const std::string& prefix,
             const std::string& full_prefix, std::vector<std::string>& keys) {
  for (const FieldSpec& field : section.fields) {
    if (!is_settable(field)) continue;
    const YamlNode* value = node == nullptr ? nullptr : find_value(*node, field.key);
    if (field.reach_through && value == nullptr) continue;  // Nothing to reach.
    const std::string path = (field.full_path ? full_prefix : prefix) + std::string{field.key};
    if (is_open_list(field)) {
      if (value != nullptr) collect_entries(section, field, *value, keys);
      continue;
    }
    const bool mapping = field.type->form == TypeSpec::Form::kMap;
    if (!field.rank.empty()) keys.push_back(prefix + std::string{field.rank});
    if (field.type->form == TypeSpec::Form::kSection) {
      const std::string below = path + ".";
      collect(*field.type->section, value, field.reach_through ? prefix : below, below, keys);
    } else if (mapping && value != nullptr) {
      for (const YamlEntry& entry : value->entries)
        keys.push_back(field.reach_through ? entry.key : path + "." + entry.key);
    } else if (!mapping) {
      keys.push_back(path);
    }
  }
}

/// Why `key` alone is refused, if it is a key that only its full path names: what that path means instead.
std::optional<std::string> why_full_path(const InputFile& input, std::string_view key) {
  for (const FieldSpec& field : table_of(input.kind, input.root).fields) {
    if (!field.reach_through || field.type->form != TypeSpec::Form::kSection) continue;
    if (find_value(input.root, field.key) == nullptr) continue;
    const FieldSpec* inside = field_of(*field.type->section, key);
    if (inside == nullptr || !inside->full_path) continue;
    return fmt::format("'{1}' is derived by {0}; set what it is derived from, or '{0}.{1}': {2}", field.key,
                       inside->key, inside->doc);
  }
  return std::nullopt;
}

/// Why `key` is refused, if it names no entry of a list whose entries have names.
std::optional<std::string> why_no_entry(const InputFile& input, std::string_view key) {
  for (const FieldSpec& field : table_of(input.kind, input.root).fields) {
    const YamlNode* list = find_value(input.root, field.key);
    if (!is_open_list(field) || list == nullptr || head_of(key) != field.key) continue;
    const std::string_view word = head_of(tail_of(key));
    if (word.empty() || find_item(*list, word)) continue;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < list->items.size(); ++i) names.push_back(name_in_list(*list, i));
    return fmt::format("no {} are named '{}'; there are {}", field.key, printable(word),
                       fmt::join(names, ", "));
  }
  return std::nullopt;
}

/// What is wrong with a key that none of `inputs` takes, and what may have been meant.
std::string unknown_key(std::string_view key, std::span<const InputFile* const> inputs) {
  if (std::find(kGenerationKeys.begin(), kGenerationKeys.end(), key) != kGenerationKeys.end()) {
    return fmt::format("only evaluate, compare and sweep take {}", key);
  }
  std::vector<std::string> known;
  for (const InputFile* input : inputs) {
    if (const auto why = why_full_path(*input, key)) return *why;
    if (const auto why = why_no_entry(*input, key)) return *why;
    for (std::string& name : settable_keys(*input)) known.push_back(std::move(name));
  }
  const std::string hint =
      did_you_mean_among(key, known, [](const std::string& name) { return std::string_view{name}; });
  return fmt::format("unknown key '{}'{}", printable(key),
                     hint.empty() ? "; 'fusescape list keys --arch A --workload W' lists them" : hint);
}

}  // namespace

void apply_settings(YamlNode& root, const SectionSpec& table, std::span<const Setting> settings,
                    InputErrors& errors) {
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto steps = resolve(table, root, settings[i].key);
    if (!steps) continue;
    Diagnostics diags{"--set", settings[i].value};
    std::optional<YamlNode> value = parse_yaml(diags);
    if (!value || !diags.ok()) {
      YamlNode nowhere;
      nowhere.set_by = i;
      errors.at(nowhere, settings[i].value.empty() ? settings[i].key + ": has no value"
                                                   : diags.errors().front().message);
      continue;
    }
    mark(*value, i);
    put(root, *steps, std::move(*value));
  }
}

std::vector<std::string> settable_keys(const InputFile& input) {
  std::vector<std::string> keys;
  collect(table_of(input.kind, input.root), &input.root, "", "", keys);
  return keys;
}

Loaded<Setting> parse_setting(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == assignment.size()) {
    return unexpected<InputError>{
        InputError{InputError::Cause::kUsage,
                   fmt::format("--set {}: expected KEY=VALUE, such as L=1024\n", printable(assignment)),
                   {}}};
  }
  return Setting{std::string{assignment.substr(0, equals)}, std::string{assignment.substr(equals + 1)}};
}

bool takes_setting(const InputFile& input, std::string_view key) {
  return resolve(table_of(input.kind, input.root), input.root, key).has_value();
}

std::optional<InputError> unknown_settings(std::span<const Setting> settings,
                                           std::span<const InputFile* const> inputs) {
  InputError error{InputError::Cause::kUsage, "", {}};
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const std::string& key = settings[i].key;
    const auto takes = [&](const InputFile* input) { return takes_setting(*input, key); };
    if (std::any_of(inputs.begin(), inputs.end(), takes)) continue;
    error.settings.push_back({i, unknown_key(key, inputs)});
    error.text += fmt::format("--set {}={}: {}\n", printable(key), printable(settings[i].value),
                              error.settings.back().message);
  }
  return error.settings.empty() ? std::nullopt : std::optional{std::move(error)};
}

}  // namespace fusescape
