// What is log(x), to the same last bit on every machine?
//
// A C library's log differs in its last bit between versions and processors. Entropies, thresholds and random
// numbers that must be the same bytes everywhere are made with this one: +, -, x and / alone, which IEEE 754
// rounds one way.
#pragma once

#include <cmath>

namespace fusescape {

/// Natural logarithm of a finite x > 0, to within 2 units in the last place.
[[nodiscard]] inline double portable_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // Exact; in [0.5, 1).
  constexpr double kSqrtHalf = 0.70710678118654752440;
  if (mantissa < kSqrtHalf) {
    mantissa *= 2;
    --exponent;
  }
  // log m = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with |s| <= 0.1716: the term s^23/23 is below 2^-60.
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double sum = 0;
  for (int odd = 23; odd >= 3; odd -= 2) sum = (sum + 1.0 / odd) * square;
  constexpr double kLn2High = 0x1.62e42fefa3800p-1;  // 42 bits: its product with an exponent is exact.
  constexpr double kLn2Low = 0x1.ef35793c76730p-45;
  return exponent * kLn2High + (2 * s + (2 * s * sum + exponent * kLn2Low));
}

}  // namespace fusescape
