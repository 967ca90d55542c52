#include "fusescape/config/scalars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "fusescape/support/time.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kMaxDigits = 18;
constexpr std::size_t kQuotedBytes = 60;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string quoted(std::string_view text) {
  const bool cut = text.size() > kQuotedBytes;
  return fmt::format("'{}{}'", text.substr(0, kQuotedBytes), cut ? "..." : "");
}

unexpected<std::string> refused(std::string why) {
  return unexpected<std::string>{std::move(why)};
}

/// A text split into "12.5" and "GB/s".
struct Split {
  std::string_view number;
  std::string_view unit;
};

Split split(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of("+-.0123456789"), text.size());
  Split parts{text.substr(0, end), text.substr(end)};
  parts.unit.remove_prefix(std::min(parts.unit.find_first_not_of(' '), parts.unit.size()));
  return parts;
}

struct Amount {
  Decimal number;
  Unit unit;
};

/// " (did you mean 'MiB'?)" for a unit of another case.
std::string unit_hint(std::string_view unit, std::span<const Unit> units) {
  const std::string folded = lower(unit);
  const auto same =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return lower(u.name) == folded; });
  return same == units.end() ? "" : fmt::format(" (did you mean '{}'?)", same->name);
}

Parsed<Amount> parse_amount(std::string_view text, std::span<const Unit> units) {
  const auto [number, unit] = split(text);
  const auto known =
      std::find_if(units.begin(), units.end(), [wanted = unit](const Unit& u) { return u.name == wanted; });
  if (number.find_first_of("0123456789") == std::string_view::npos) {
    return refused(fmt::format("{} is not a quantity", quoted(text)));
  }
  if (known == units.end()) {
    if (unit.empty()) return refused(fmt::format("{} has no unit", quoted(text)));
    return refused(
        fmt::format("{} has an unknown unit {}{}", quoted(text), quoted(unit), unit_hint(unit, units)));
  }
  const Parsed<Decimal> decimal = parse_exact(number);
  if (!decimal) return refused(decimal.error());
  return Amount{*decimal, *known};
}

Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

Parsed<std::int64_t> parse_integer(std::string_view text, std::int64_t min, std::int64_t max) {
  const std::string_view digits = text.substr(text.substr(0, 1) == "-" ? 1 : 0);
  const bool whole = !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit);
  if (!whole) return refused(fmt::format("{} is not a whole number", quoted(text)));
  if (digits.size() > 1 && digits.front() == '0') {
    return refused(fmt::format("{} has a leading zero", quoted(text)));
  }
  std::int64_t value = 0;
  const bool fits = std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
  const bool negative = text.front() == '-';
  if ((!fits && negative) || (fits && value < min)) {
    return refused(fmt::format("{} is less than {}", quoted(text), min));
  }
  if (!fits || value > max) return refused(fmt::format("{} is more than {}", quoted(text), max));
  return value;
}

Parsed<Decimal> parse_exact(std::string_view text) {
  if (text.substr(0, 1) == "-") return refused(fmt::format("{} is negative", quoted(text)));
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point < text.size() ? text.substr(point + 1) : std::string_view{};
  const bool well_formed = !whole.empty() && std::all_of(whole.begin(), whole.end(), is_digit) &&
                           std::all_of(fraction.begin(), fraction.end(), is_digit) &&
                           (point == text.size() || !fraction.empty());
  if (!well_formed) return refused(fmt::format("{} is not a number", quoted(text)));
  if (whole.size() > 1 && whole.front() == '0') {
    return refused(fmt::format("{} has a leading zero", quoted(text)));
  }
  if (whole.size() + fraction.size() > kMaxDigits) {
    return refused(fmt::format("{} has more than {} digits", quoted(text), kMaxDigits));
  }
  Decimal decimal{0, static_cast<int>(fraction.size())};
  for (const char c : whole) decimal.digits = decimal.digits * 10 + (c - '0');
  for (const char c : fraction) decimal.digits = decimal.digits * 10 + (c - '0');
  return decimal;
}

Parsed<std::int64_t> parse_whole(std::string_view text, std::span<const Unit> units) {
  const Parsed<Amount> amount = parse_amount(text, units);
  if (!amount) return refused(amount.error());
  const Int128 scaled = static_cast<Int128>(amount->number.digits) * amount->unit.numerator;
  const Int128 divisor = power_of_ten(amount->number.places) * amount->unit.denominator;
  if (scaled % divisor != 0) {
    return refused(fmt::format("{} is not a whole number of {}", quoted(text), units.front().name));
  }
  constexpr std::int64_t kLimit = std::int64_t{1} << 62;
  if (scaled / divisor >= kLimit) return refused(fmt::format("{} is too large", quoted(text)));
  return static_cast<std::int64_t>(scaled / divisor);
}

Parsed<double> parse_measure(std::string_view text, std::span<const Unit> units) {
  const Parsed<Amount> amount = parse_amount(text, units);
  if (!amount) return refused(amount.error());
  double value = 0.0;
  const std::string_view number = split(text).number;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value * static_cast<double>(amount->unit.numerator) / static_cast<double>(amount->unit.denominator);
}

std::string such_as(std::string_view example, std::span<const Unit> units) {
  std::string names;
  for (const Unit& unit : units) names += (names.empty() ? "" : ", ") + std::string{unit.name};
  return fmt::format("such as '{}' ({})", example, names);
}

}  // namespace fusescape
