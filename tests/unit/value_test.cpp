// Do emulated number formats hold exactly the numbers that their definitions say, each rounding to the
// nearest?
#include "fusescape/exec/value.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace fusescape::value_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double in(DataType type, double value) {
  return rounded(value, {.type = type});
}

/// A value and whether its bit pattern is even.
struct Coded {
  double value;
  bool even;
};

/// Every non-negative finite number of a format with these field widths, by its bit patterns (IEEE 754).
std::vector<Coded> all_numbers(int exponent_bits, int fraction_bits, int patterns) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  std::vector<Coded> numbers;
  for (int code = 0; code < patterns; ++code) {
    const int exponent = code >> fraction_bits;
    const double fraction = std::ldexp(code & ((1 << fraction_bits) - 1), -fraction_bits);
    const double value =
        exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1.0 + fraction, exponent - bias);
    numbers.push_back({value, code % 2 == 0});
  }
  return numbers;
}

/// The nearest of `numbers`, by looking at the two neighbours; of equally near ones the even one.
double nearest(const std::vector<Coded>& numbers, double value) {
  const auto above = std::lower_bound(numbers.begin(), numbers.end(), value,
                                      [](const Coded& number, double v) { return number.value < v; });
  if (above == numbers.begin()) return above->value;
  const auto below = above - 1;
  if (above == numbers.end()) return below->value;
  const double up = above->value - value;
  const double down = value - below->value;
  if (up == down) return above->even ? above->value : below->value;
  return up < down ? above->value : below->value;
}

struct Enumerated {
  DataType type;
  int exponent_bits;
  int fraction_bits;
  int patterns;  ///< Finite ones.
};

TEST_CASE("Small floating formats round to the nearest of all the numbers that their bit patterns name") {
  // fp8 is OCP's E4M3: all patterns but the last are finite.
  const std::vector<Enumerated> formats{{DataType::kBf16, 8, 7, 255 << 7},
                                        {DataType::kFp16, 5, 10, 31 << 10},
                                        {DataType::kFp8, 4, 3, (16 << 3) - 1}};
  std::mt19937 random{7};
  for (const Enumerated& format : formats) {
    const std::vector<Coded> numbers =
        all_numbers(format.exponent_bits, format.fraction_bits, format.patterns);
    const auto check = [&](double value) {
      CAPTURE(name_of(format.type), value);
      CHECK(in(format.type, value) == nearest(numbers, value));
      CHECK(in(format.type, -value) == -nearest(numbers, value));
    };
    for (int i = 0; i < 4000; ++i) {
      const std::size_t at = random() % (numbers.size() - 1);
      const double low = numbers[at].value;
      const double high = numbers[at + 1].value;
      check(low);
      check((low + high) / 2);  // A tie.
      check(low + (high - low) * static_cast<double>(random() % 1000) / 1000.0);
    }
    check(numbers[1].value / 2);  // Half of the least subnormal: zero, which is even.
    check(numbers[1].value * 0.51);
  }
}

TEST_CASE("fp32 is the machine's float") {
  std::mt19937_64 random{3};
  for (int i = 0; i < 1000; ++i) {
    const double value = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 200);
    CHECK(in(DataType::kFp32, value) == static_cast<double>(static_cast<float>(value)));
  }
}

TEST_CASE("Overflow goes to infinity from half a step beyond the largest number on; fp8 saturates") {
  CHECK(in(DataType::kFp16, 65519.9) == 65504.0);
  CHECK(in(DataType::kFp16, 65520.0) == kInfinity);
  CHECK(in(DataType::kFp16, -1e300) == -kInfinity);
  CHECK(in(DataType::kBf16, 1e39) == kInfinity);
  CHECK(in(DataType::kFp8, 1e9) == 448.0);
  CHECK(in(DataType::kFp8, -kInfinity) == -448.0);
  CHECK(std::isnan(in(DataType::kBf16, std::nan(""))));
}

TEST_CASE("Integers are whole steps, nearest first, within a symmetric range") {
  const NumberFormat int8{.type = DataType::kInt8, .scale = 0.25};
  CHECK(rounded(1.1, int8) == 1.0);
  CHECK(rounded(1.125, int8) == 1.0);     // 4.5 steps: a tie goes to the even one.
  CHECK(rounded(1.375, int8) == 1.5);     // 5.5 steps.
  CHECK(rounded(1000.0, int8) == 31.75);  // 127 steps.
  CHECK(rounded(-1000.0, int8) == -31.75);
  const NumberFormat int4{.type = DataType::kInt4, .scale = 1.0};
  CHECK(rounded(9.0, int4) == 7.0);
}

TEST_CASE("A calibrated scale is the least power of two that holds the largest value") {
  CHECK(calibrated_scale(DataType::kInt8, 127.0) == 1.0);
  CHECK(calibrated_scale(DataType::kInt8, 128.0) == 2.0);
  CHECK(calibrated_scale(DataType::kInt8, 1.0) == 1.0 / 64);  // 1/127 rounded up.
  CHECK(calibrated_scale(DataType::kInt4, 7.0) == 1.0);
  CHECK(calibrated_scale(DataType::kInt8, 0.0) == 1.0);
}

TEST_CASE("Sums are kept in the accumulator's type; of integers exactly") {
  CHECK(accumulator({.type = DataType::kBf16}).type == DataType::kFp32);
  CHECK(accumulator({.type = DataType::kFp64}).type == DataType::kFp64);
  const NumberFormat sum = accumulator({.type = DataType::kInt8, .scale = 0.5});
  CHECK(rounded(1234.0625, sum) == 1234.0625);
  CHECK(spacing(1.0, sum) == 0.0);
}

TEST_CASE("Spacing is the distance to the next number up") {
  CHECK(spacing(1.0, {.type = DataType::kFp32}) == std::ldexp(1.0, -23));
  CHECK(spacing(1.0, {.type = DataType::kFp64}) == std::numeric_limits<double>::epsilon());
  CHECK(spacing(-3.0, {.type = DataType::kBf16}) == std::ldexp(1.0, -6));
  CHECK(spacing(0.0, {.type = DataType::kFp16}) == std::ldexp(1.0, -24));  // The least subnormal.
}

}  // namespace
}  // namespace fusescape::value_test
