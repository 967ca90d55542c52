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

/// "; did you mean 'capacity'?" if one of `known` is near `word`, else nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

/// Same, for the names of a list of things.
template <class Things, class NameOf>
[[nodiscard]] std::string did_you_mean_among(std::string_view word, const Things& things, NameOf name_of) {
  std::string best;
  for (const auto& thing : things) {
    const std::string_view name = name_of(thing);
    const std::string hint = did_you_mean(word, std::span{&name, 1});
    if (!hint.empty() && (best.empty() || hint.size() < best.size())) best = hint;
  }
  return best;
}

}  // namespace fusescape
