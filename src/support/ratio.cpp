#include "fusescape/support/ratio.hpp"

#include <limits>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

std::optional<std::int64_t> narrowed(Int128 value) {
  if (value > std::numeric_limits<std::int64_t>::max() || value < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(value);
}

Int128 magnitude(Int128 value) {
  return value < 0 ? -value : value;
}

Int128 wide(std::int64_t value) {
  return value;
}

/// Largest integer <= numerator / denominator, for denominator > 0.
Int128 floor_quotient(Int128 numerator, Int128 denominator) {
  const Int128 toward_zero = numerator / denominator;
  return numerator % denominator < 0 ? toward_zero - 1 : toward_zero;
}

/// Bit by bit: no rounding of a floating-point root to mend. Expects 0 <= value < 2^126.
Int128 floor_sqrt(Int128 value) {
  Int128 root = 0;
  for (Int128 bit = Int128{1} << 62; bit != 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

}  // namespace

std::optional<Ratio> Ratio::of(Int128 numerator, Int128 denominator) {
  if (denominator == 0) return std::nullopt;
  Int128 divisor = magnitude(denominator);
  for (Int128 rest = magnitude(numerator); rest != 0;) {
    const Int128 next = divisor % rest;
    divisor = rest;
    rest = next;
  }
  if (denominator < 0) divisor = -divisor;
  const auto n = narrowed(numerator / divisor);
  const auto d = narrowed(denominator / divisor);
  if (!n || !d) return std::nullopt;
  Ratio result;
  result.numerator_ = *n;
  result.denominator_ = *d;
  return result;
}

double Ratio::nearest_double() const {
  return static_cast<double>(numerator_) / static_cast<double>(denominator_);
}

std::strong_ordering operator<=>(const Ratio& a, const Ratio& b) {
  const Int128 left = wide(a.numerator_) * b.denominator_;
  const Int128 right = wide(b.numerator_) * a.denominator_;
  if (left == right) return std::strong_ordering::equal;
  return left < right ? std::strong_ordering::less : std::strong_ordering::greater;
}

std::optional<Ratio> parse_decimal(std::string_view text) {
  std::int64_t digits = 0;
  std::int64_t scale = 1;
  bool after_point = false;
  bool digit_before = false;
  for (const char c : text) {
    if (c == '.') {
      if (after_point || !digit_before) return std::nullopt;
      after_point = true;
      digit_before = false;
      continue;
    }
    if (c < '0' || c > '9' || digits >= 100'000'000'000'000'000 || scale >= 1'000'000'000'000'000'000) {
      return std::nullopt;
    }
    digits = digits * 10 + (c - '0');
    if (after_point) scale *= 10;
    digit_before = true;
  }
  return digit_before ? Ratio::of(digits, scale) : std::nullopt;
}

std::optional<Ratio> sum(const Ratio& a, const Ratio& b) {
  return Ratio::of(wide(a.numerator()) * b.denominator() + wide(b.numerator()) * a.denominator(),
                   wide(a.denominator()) * b.denominator());
}

std::optional<Ratio> difference(const Ratio& a, const Ratio& b) {
  return Ratio::of(wide(a.numerator()) * b.denominator() - wide(b.numerator()) * a.denominator(),
                   wide(a.denominator()) * b.denominator());
}

std::optional<Ratio> product(const Ratio& a, const Ratio& b) {
  return Ratio::of(wide(a.numerator()) * b.numerator(), wide(a.denominator()) * b.denominator());
}

std::optional<Ratio> quotient(const Ratio& a, const Ratio& b) {
  return Ratio::of(wide(a.numerator()) * b.denominator(), wide(a.denominator()) * b.numerator());
}

std::optional<std::int64_t> floor_times(const Ratio& ratio, std::int64_t factor) {
  return narrowed(floor_quotient(wide(ratio.numerator()) * factor, ratio.denominator()));
}

std::optional<std::int64_t> ceil_times(const Ratio& ratio, std::int64_t factor) {
  return narrowed(-floor_quotient(-(wide(ratio.numerator()) * factor), ratio.denominator()));
}

std::optional<std::int64_t> floor_sqrt_times(const Ratio& ratio, std::int64_t factor) {
  FUSESCAPE_EXPECTS(ratio >= Ratio{0} && factor >= 0);
  // floor(sqrt(x)) = floor(sqrt(floor(x))), so the root of an integer is enough.
  Int128 square = 0;
  if (__builtin_mul_overflow(wide(factor) * factor, wide(ratio.numerator()), &square)) return std::nullopt;
  square /= ratio.denominator();
  if (square >> 126 != 0) return std::nullopt;
  return narrowed(floor_sqrt(square));
}

std::int64_t integer_sqrt(std::int64_t value) {
  FUSESCAPE_EXPECTS(value >= 0);
  return static_cast<std::int64_t>(floor_sqrt(value));
}

}  // namespace fusescape
