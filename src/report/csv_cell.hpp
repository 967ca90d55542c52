// How is one value written in a CSV file?
#pragma once

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "fusescape/report/table.hpp"
#include "fusescape/support/csv_formula.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {

/// Digits that read back to the same number, the fewest if it is no whole one.
template <class Number>
void append_number(std::string& out, Number number) {
  constexpr std::size_t kLongest = 32;
  std::array<char, kLongest> digits;
  const auto end = fmt::format_to(digits.data(), FMT_COMPILE("{}"), number);
  out.append(digits.data(), end);
}

/// Never what a spreadsheet would run; in quotes if it has to be.
inline void append_text(std::string& out, std::string_view text) {
  constexpr std::string_view kQuoted = ",\"\n\r";
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || (is_letter(text.front()) && text.find_first_of(kQuoted) == std::string_view::npos)) {
    out += text;  // As most are.
    return;
  }
  const std::string safe = without_formula(std::string{text});
  if (safe.find_first_of(kQuoted) == std::string::npos) {
    out += safe;
    return;
  }
  out += '"';
  for (const char c : safe) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
}

inline void append_cell(std::string& out, const Value& value) {
  std::visit(
      overloaded{[](std::monostate) {}, [&](std::int64_t v) { append_number(out, v); },
                 [&](double v) { append_number(out, v); }, [&](bool v) { out += v ? "true" : "false"; },
                 [&](const std::string& v) { append_text(out, v); }},
      value);
}

}  // namespace fusescape
