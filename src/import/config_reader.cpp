#include "config_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kMost = 100'000'000;
constexpr std::int64_t kMostLayers = 1'000'000;

/// A value on one line, lists and maps as what they are.
std::string shown(const YamlNode& node) {
  if (node.kind == YamlKind::kScalar) return node.text;
  if (node.kind == YamlKind::kEmpty) return "null";
  return fmt::format("{} {}", node.kind == YamlKind::kList ? node.items.size() : node.entries.size(),
                     node.kind == YamlKind::kList ? "values" : "keys");
}

}  // namespace

const YamlEntry* ConfigReader::entry_of(Names names) const {
  for (const std::string_view name : names) {
    const auto entry = std::find_if(root_.entries.begin(), root_.entries.end(),
                                    [&](const YamlEntry& candidate) { return candidate.key == name; });
    if (entry != root_.entries.end() && entry->value.kind != YamlKind::kEmpty) return &*entry;
  }
  return nullptr;
}

const YamlNode* ConfigReader::find(Names names) {
  seen_.insert(names.begin(), names.end());
  const YamlEntry* entry = entry_of(names);
  if (entry == nullptr) return nullptr;
  const std::string note = fmt::format("{}{} = {}", prefix_, entry->key, shown(entry->value));
  if (std::find(read_.begin(), read_.end(), note) == read_.end()) read_.push_back(note);
  return &entry->value;
}

bool ConfigReader::has(Names names) const {
  return entry_of(names) != nullptr;
}

void ConfigReader::error(const YamlNode& node, std::string message) {
  message = printable(message);
  if (told_.emplace(&node, message).second) diags_.error(node.pos, std::move(message));
}

void ConfigReader::take_notes(const ConfigReader& section) {
  read_.insert(read_.end(), section.read_.begin(), section.read_.end());
  defaulted_.insert(defaulted_.end(), section.defaulted_.begin(), section.defaulted_.end());
  const std::vector<std::string> ignored = section.ignored();
  ignored_below_.insert(ignored_below_.end(), ignored.begin(), ignored.end());
}

std::string ConfigReader::shown_name(Names names) const {
  return fmt::format("{}{}", prefix_, *names.begin());
}

void ConfigReader::missing(Names names) {
  error(root_, fmt::format("missing key '{}'", shown_name(names)));
}

std::optional<std::int64_t> ConfigReader::whole(Names names, const YamlNode& node, std::int64_t min,
                                                std::int64_t max) {
  std::int64_t number = 0;
  const std::string& text = node.text;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = node.kind == YamlKind::kScalar && !node.quoted && fault == std::errc{} &&
                        end == text.data() + text.size();
  if (is_whole && number >= min && number <= max) return number;
  error(node, fmt::format("{}: expected a whole number from {} to {}, got {}", shown_name(names), min, max,
                          shown(node)));
  return std::nullopt;
}

std::int64_t ConfigReader::size(Names names) {
  const YamlNode* node = find(names);
  if (node == nullptr) missing(names);
  return node == nullptr ? 1 : whole(names, *node, 1, kMost).value_or(1);
}

std::int64_t ConfigReader::layers(Names names) {
  if (!has(names)) missing(names);
  return layers_if(names).value_or(kMostLayers);  // So that no position of a layer is a fault, too.
}

std::optional<std::int64_t> ConfigReader::layers_if(Names names) {
  const YamlNode* node = find(names);
  return node == nullptr ? std::nullopt : whole(names, *node, 1, kMostLayers);
}

std::int64_t ConfigReader::size_or(Names names, std::int64_t fallback, std::string_view why) {
  if (const YamlNode* node = find(names)) return whole(names, *node, 1, kMost).value_or(1);
  note_default(*names.begin(),
               why.empty() ? std::to_string(fallback) : fmt::format("{} ({})", fallback, why));
  return fallback;
}

std::int64_t ConfigReader::count_or(Names names, std::int64_t fallback) {
  if (const YamlNode* node = find(names)) return whole(names, *node, 0, kMost).value_or(0);
  note_default(*names.begin(), std::to_string(fallback));
  return fallback;
}

std::optional<std::int64_t> ConfigReader::size_if(Names names) {
  const YamlNode* node = find(names);
  if (node == nullptr || (node->quoted && node->text == "auto")) return std::nullopt;
  return whole(names, *node, 1, kMost);
}

std::optional<double> ConfigReader::share_if(Names names) {
  const YamlNode* node = find(names);
  if (node == nullptr) return std::nullopt;
  double number = 0.0;
  const std::string& text = node->text;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = node->kind == YamlKind::kScalar && !node->quoted && fault == std::errc{} &&
                         end == text.data() + text.size();
  if (is_number && number > 0.0 && number <= 1.0) return number;
  error(*node,
        fmt::format("{}: expected a number above 0, at most 1, got {}", shown_name(names), shown(*node)));
  return std::nullopt;
}

bool ConfigReader::flag(Names names, bool fallback) {
  const YamlNode* node = find(names);
  if (node == nullptr) {
    note_default(*names.begin(), fallback ? "true" : "false");
    return fallback;
  }
  const bool is_flag =
      node->kind == YamlKind::kScalar && !node->quoted && (node->text == "true" || node->text == "false");
  if (!is_flag)
    error(*node, fmt::format("{}: expected true or false, got {}", shown_name(names), shown(*node)));
  return node->text == "true";
}

std::string ConfigReader::word(Names names, std::string_view fallback) {
  const YamlNode* node = find(names);
  if (node == nullptr) return std::string{fallback};
  if (!node->quoted)
    error(*node, fmt::format("{}: expected a string, got {}", shown_name(names), shown(*node)));
  return node->text;
}

std::vector<const YamlNode*> ConfigReader::list(Names names) {
  const YamlNode* node = find(names);
  if (node == nullptr) return {};
  if (node->kind != YamlKind::kList) {
    error(*node, fmt::format("{}: expected a list, got {}", shown_name(names), shown(*node)));
  }
  std::vector<const YamlNode*> items;
  for (const YamlNode& item : node->items) items.push_back(&item);
  return items;
}

std::vector<std::int64_t> ConfigReader::positions(Names names, std::int64_t n_layer) {
  std::vector<std::int64_t> numbers;
  for (const YamlNode* item : list(names)) {
    const std::optional<std::int64_t> number = whole(names, *item, 0, kMost);
    if (number && *number >= n_layer) {
      error(*item, fmt::format("{}: there is no layer {}, the last of {} is {}", shown_name(names), *number,
                               n_layer, n_layer - 1));
    } else {
      numbers.push_back(number.value_or(0));
    }
  }
  return numbers;
}

const YamlNode* ConfigReader::map(Names names) {
  const YamlNode* node = find(names);
  if (node == nullptr || node->kind == YamlKind::kMap) return node;
  error(*node, fmt::format("{}: expected an object, got {}", shown_name(names), shown(*node)));
  return nullptr;
}

void ConfigReader::expect_flag(Names names, bool expected, std::string_view why) {
  if (!has(names) || flag(names, expected) == expected) return;
  error(*find(names), fmt::format("{}: only {} is modelled: {}", shown_name(names), expected, why));
}

void ConfigReader::note_default(std::string_view name, std::string value) {
  std::string note = fmt::format("{}{} = {}", prefix_, name, value);
  if (std::find(defaulted_.begin(), defaulted_.end(), note) == defaulted_.end()) {
    defaulted_.push_back(std::move(note));
  }
}

std::vector<std::string> ConfigReader::ignored() const {
  std::vector<std::string> keys;
  for (const YamlEntry& entry : root_.entries) {
    if (!seen_.contains(entry.key)) keys.push_back(fmt::format("{}{}", prefix_, entry.key));
  }
  keys.insert(keys.end(), ignored_below_.begin(), ignored_below_.end());
  return keys;
}

}  // namespace fusescape
