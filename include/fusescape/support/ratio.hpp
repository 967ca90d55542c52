// How are fractions such as 0.7 kept exact? As a quotient of two 64-bit integers.
//
// 0.7 has no binary64: 40960 * (1 - 0.7) is 12288.000000000002 there, and its ceiling one too many. Fields
// that are derived from fractions of an area are computed with these instead (docs/model/area.md).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fusescape/support/time.hpp"

namespace fusescape {

/// numerator / denominator, in lowest terms, denominator > 0.
class Ratio {
 public:
  constexpr Ratio() = default;
  constexpr explicit Ratio(std::int64_t whole) : numerator_{whole} {}

  /// Null if the denominator is 0 or a part does not fit after reduction.
  [[nodiscard]] static std::optional<Ratio> of(Int128 numerator, Int128 denominator);

  [[nodiscard]] constexpr std::int64_t numerator() const { return numerator_; }
  [[nodiscard]] constexpr std::int64_t denominator() const { return denominator_; }

  /// The nearest binary64 where both parts are below 2^53.
  [[nodiscard]] double nearest_double() const;

  friend constexpr bool operator==(const Ratio&, const Ratio&) = default;
  friend std::strong_ordering operator<=>(const Ratio& a, const Ratio& b);

 private:
  std::int64_t numerator_ = 0;
  std::int64_t denominator_ = 1;
};

/// "0.125" -> 1/8. Digits with at most one point between digits, at most 18 significant places; no sign, no
/// exponent, no blanks. Null for any other text.
[[nodiscard]] std::optional<Ratio> parse_decimal(std::string_view text);

/// Exact results, or null where they do not fit.
[[nodiscard]] std::optional<Ratio> sum(const Ratio& a, const Ratio& b);
[[nodiscard]] std::optional<Ratio> difference(const Ratio& a, const Ratio& b);
[[nodiscard]] std::optional<Ratio> product(const Ratio& a, const Ratio& b);
[[nodiscard]] std::optional<Ratio> quotient(const Ratio& a, const Ratio& b);

/// Largest integer <= ratio * factor, and smallest integer >= it. Null where they do not fit.
[[nodiscard]] std::optional<std::int64_t> floor_times(const Ratio& ratio, std::int64_t factor);
[[nodiscard]] std::optional<std::int64_t> ceil_times(const Ratio& ratio, std::int64_t factor);

/// Largest integer <= sqrt(ratio) * factor. Expects both >= 0. Null where factor^2 * ratio does not fit in
/// 126 bits.
[[nodiscard]] std::optional<std::int64_t> floor_sqrt_times(const Ratio& ratio, std::int64_t factor);

/// Largest integer <= sqrt(value). Expects value >= 0.
[[nodiscard]] std::int64_t integer_sqrt(std::int64_t value);

}  // namespace fusescape
