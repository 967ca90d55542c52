// What does a YAML text say, and where? Parses the plain part of YAML that our files use into located nodes.
//
// Only the .cpp of this header knows yaml-cpp, which lets much through: see docs/formats.md for what is
// refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/support/diagnostics.hpp"

namespace fusescape {

enum class YamlKind : unsigned char { kEmpty, kScalar, kList, kMap };

struct YamlEntry;

struct YamlNode {
  YamlKind kind = YamlKind::kEmpty;
  SourcePos pos;
  std::string text;                   ///< Of a scalar.
  bool quoted = false;                ///< Of a scalar: written in quotes, so never a number or a word.
  std::vector<YamlNode> items;        ///< Of a list.
  std::vector<YamlEntry> entries;     ///< Of a map, in file order.
  std::optional<std::size_t> set_by;  ///< Position of the override (--set) that put it here.
};

struct YamlEntry {
  std::string key;
  SourcePos pos;
  YamlNode value;
};

/// The value of `key` in a map; null if it has none.
[[nodiscard]] const YamlNode* find_value(const YamlNode& map, std::string_view key);
[[nodiscard]] YamlNode* find_value(YamlNode& map, std::string_view key);

inline constexpr std::size_t kMaxYamlBytes = std::size_t{16} << 20U;
inline constexpr std::size_t kMaxYamlNodes = 300'000;  ///< Keys and values: what a text becomes is bounded.

/// Parses the text of `diags`. Nothing, and errors in `diags`, if the text is empty, too large, not UTF-8
/// text, not YAML, holds more than kMaxYamlNodes, or uses anchors, aliases, tags, merge keys or several
/// documents. A key given twice is an error in `diags` too, but the rest can still be checked.
[[nodiscard]] std::optional<YamlNode> parse_yaml(Diagnostics& diags);

}  // namespace fusescape
