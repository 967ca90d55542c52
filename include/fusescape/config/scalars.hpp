// How does a word of a file become a number? Exact integers and quantities with units, never YAML's own
// rules.
//
// A result without a value carries the reason, made to follow "key: ".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fusescape/support/expected.hpp"
#include "fusescape/support/suggestion.hpp"

namespace fusescape {

template <class T>
using Parsed = expected<T, std::string>;

/// One `name` is numerator / denominator of the base unit.
struct Unit {
  std::string_view name;
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;
};

/// A number in a file, exact: digits / 10^places. At most 18 digits.
struct Decimal {
  std::int64_t digits = 0;
  int places = 0;
};

/// "12", "-3": no leading zero, no exponent, no sign '+'; within [min, max].
[[nodiscard]] Parsed<std::int64_t> parse_integer(std::string_view text, std::int64_t min, std::int64_t max);

/// "12", "0.125": not negative, no exponent.
[[nodiscard]] Parsed<Decimal> parse_exact(std::string_view text);

/// "24 MiB" -> 25165824. The value must be a whole number of base units below 2^62.
[[nodiscard]] Parsed<std::int64_t> parse_whole(std::string_view text, std::span<const Unit> units);

/// "0.127 um2" -> 1.27e-7 for base unit mm2. Finite and not negative.
[[nodiscard]] Parsed<double> parse_measure(std::string_view text, std::span<const Unit> units);

/// What a quantity looks like: "such as '24 MiB' (B, KiB, MiB)".
[[nodiscard]] std::string such_as(std::string_view example, std::span<const Unit> units);

}  // namespace fusescape
