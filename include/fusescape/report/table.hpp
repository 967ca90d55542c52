// What is a table of named values, and how does it look to people and as CSV?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// Empty where no table or formula gives the number: null in JSON, nothing in CSV, `n/a` in text.
struct Value : std::variant<std::monostate, std::int64_t, double, bool, std::string> {
  using variant::variant;
  Value() = default;
  Value(std::string_view text) : variant{std::string{text}} {}
  template <class Tag>
  Value(Count<Tag> count) : variant{count.value()} {}
  template <class Tag>
  Value(Quantity<Tag> quantity) : variant{quantity.value()} {}
  template <class Known>
  Value(const std::optional<Known>& known) : variant{known ? Value{*known} : Value{}} {}
};

/// A word or a sentence, or yes and no; what is none is a number or nothing.
[[nodiscard]] bool is_text(const Value& value);

/// Expects a number.
[[nodiscard]] double number_of(const Value& value);

/// A value with the name that all formats share.
struct Field {
  std::string name;
  Value value;
};

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;  ///< Each as long as `columns`.
};

/// How text for people is laid out. Escape sequences are written only if `colour` is set.
struct TextStyle {
  bool colour = false;
  std::size_t width = 0;  ///< Columns of the terminal; 0: as many as it takes.
};

/// One row per element of `rows`, the columns being the names of the first. Expects equal names in all.
[[nodiscard]] Table table_of(const std::vector<std::vector<Field>>& rows);

/// RFC 4180 with \n line ends: a header line, then one line per row. Doubles are printed with the fewest
/// digits that read back to the same value.
[[nodiscard]] std::string csv(const Table& table);

/// Aligned columns: numbers to the right, with thousands separated; doubles to four digits.
[[nodiscard]] std::string text(const Table& table, TextStyle style);

/// One value as the text table shows it.
[[nodiscard]] std::string text(const Value& value);

/// 6574336 -> "6,574,336".
[[nodiscard]] std::string with_thousands(std::int64_t value);

/// `text` in lines of at most `width` characters, broken at blanks; a longer word has a line of its own.
[[nodiscard]] std::vector<std::string> folded_lines(std::string_view text, std::size_t width);

/// `lines` as one line, as a row of a table needs it: after a full stop a blank, else "; ".
[[nodiscard]] std::string one_line(std::string_view lines);

/// The number of bits per cycle, or "unlimited": in every format, since 0 would be the narrowest port.
[[nodiscard]] Value width_value(BitsPerCycle width);

/// "6.27 MiB"; below 10 KiB plain bytes.
[[nodiscard]] std::string short_bytes(std::int64_t bytes);

inline constexpr std::string_view kBold = "\x1b[1m";
inline constexpr std::string_view kPlain = "\x1b[0m";

/// `content` in bold, if `style` allows it.
[[nodiscard]] std::string bold(std::string_view content, TextStyle style);

}  // namespace fusescape
