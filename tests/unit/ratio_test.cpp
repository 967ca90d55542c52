// Are fractions exact, and is what does not fit a refusal?
#include "fusescape/support/ratio.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

namespace fusescape::ratio_test {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

Ratio decimal(const char* text) {
  return parse_decimal(text).value();
}

TEST_CASE("A decimal is parsed to lowest terms") {
  CHECK(decimal("0.125") == Ratio::of(1, 8));
  CHECK(decimal("1.25") == Ratio::of(5, 4));
  CHECK(decimal("0.70") == Ratio::of(7, 10));
  CHECK(decimal("12") == Ratio{12});
  CHECK(decimal("0") == Ratio{0});
}

TEST_CASE("A text that is not a plain decimal is no ratio") {
  for (const char* text : {"", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1 ", "0x1", "1.2.3", "nan",
                           "9999999999999999999", "0.0000000000000000001"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_decimal(text));
  }
}

TEST_CASE("A negative denominator moves its sign up, and zero is refused") {
  CHECK(Ratio::of(1, -2) == Ratio::of(-1, 2));
  CHECK(Ratio::of(-6, -4) == Ratio::of(3, 2));
  CHECK_FALSE(Ratio::of(1, 0));
  CHECK_FALSE(quotient(Ratio{1}, Ratio{0}));
}

TEST_CASE("Comparison is exact where doubles are equal") {
  const Ratio below = Ratio::of(kMax - 1, kMax).value();
  CHECK(below < Ratio{1});
  CHECK(below.nearest_double() == 1.0);
}

TEST_CASE("One minus 0.7 is exactly 0.3, and 40960 times it exactly 12288") {
  const Ratio rest = difference(Ratio{1}, decimal("0.7")).value();
  CHECK(rest == decimal("0.3"));
  CHECK(ceil_times(rest, 40960) == 12288);
  CHECK(floor_times(rest, 40960) == 12288);
}

TEST_CASE("Floor and ceiling bracket a ratio, also below zero") {
  const Ratio minus_half = Ratio::of(-1, 2).value();
  CHECK(floor_times(minus_half, 3) == -2);
  CHECK(ceil_times(minus_half, 3) == -1);
  CHECK(floor_times(Ratio::of(1, 3).value(), 10) == 3);
  CHECK(ceil_times(Ratio::of(1, 3).value(), 10) == 4);
}

TEST_CASE("A result that does not fit is null and not wrapped") {
  CHECK_FALSE(product(Ratio{kMax}, Ratio{2}));
  CHECK_FALSE(sum(Ratio{kMax}, Ratio{1}));
  CHECK_FALSE(floor_times(Ratio{kMax}, 2));
  CHECK_FALSE(floor_sqrt_times(Ratio{kMax}, kMax));
}

TEST_CASE("An integer square root is the largest whose square fits, from both sides") {
  for (const std::int64_t root : {1L, 2L, 3L, 110L, 2048L, 3037000499L}) {
    CHECK(integer_sqrt(root * root) == root);
    CHECK(integer_sqrt(root * root - 1) == root - 1);
  }
  CHECK(integer_sqrt(kMax) == 3037000499L);
}

TEST_CASE("The root of a fraction is rounded down exactly") {
  // 2048 sqrt(0.125) = 724.077...; 1448^2 = 2,096,704 <= 2048^2 / 2 = 2,097,152 < 1449^2.
  CHECK(floor_sqrt_times(decimal("0.125"), 2048) == 724);
  CHECK(floor_sqrt_times(decimal("0.5"), 2048) == 1448);
  CHECK(floor_sqrt_times(decimal("0.25"), 2048) == 1024);
  CHECK(floor_sqrt_times(decimal("1.25"), 2048) == 2289);
}

}  // namespace
}  // namespace fusescape::ratio_test
