#include "fusescape/support/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "fusescape/support/contract.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

constexpr bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// What YAML reads as no value at all.
constexpr std::array<std::string_view, 3> kNothing{"null", "Null", "NULL"};

bool is_plain(std::string_view text) {
  if (text.empty() || std::find(kNothing.begin(), kNothing.end(), text) != kNothing.end()) return false;
  const auto begins = [](char c) { return is_letter_or_digit(c) || c == '_' || c == '/'; };
  const auto goes_on = [&](char c) {
    return begins(c) || std::string_view{".+- "}.find(c) != std::string_view::npos;
  };
  return begins(text.front()) && text.back() != ' ' && std::all_of(text.begin(), text.end(), goes_on);
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  if (is_plain(text)) return std::string{text};
  std::string marked;
  for (const char c : text) {
    if (c == '"' || c == '\\') marked += '\\';
    marked += c;
  }
  std::string quoted(1, '"');
  quoted += printable(marked);
  quoted += '"';
  return quoted;
}

std::string yaml_number(double value) {
  FUSESCAPE_EXPECTS(std::isfinite(value));
  constexpr std::size_t kLongest = 1100;  // Of the least double there are 1074 places.
  std::array<char, kLongest> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  return {digits.data(), end.ptr};
}

}  // namespace fusescape
