#include "fusescape/numerics/random.hpp"

#include <cmath>

#include "fusescape/numerics/portable_log.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::uint64_t rotated_left(std::uint64_t x, unsigned by) {
  return (x << by) | (x >> (64U - by));
}

/// Coefficients of a polynomial, highest power first.
using Polynomial = std::array<double, 8>;

double value_of(const Polynomial& coefficients, double x) {
  double sum = 0;
  for (const double coefficient : coefficients) sum = sum * x + coefficient;
  return sum;
}

struct RationalFit {
  Polynomial numerator;
  Polynomial denominator;
};

double value_of(const RationalFit& fit, double x) {
  return value_of(fit.numerator, x) / value_of(fit.denominator, x);
}

// Wichura, "The percentage points of the normal distribution", Applied Statistics 37 (1988), PPND16.
constexpr RationalFit kCentre{
    {2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0},
    {5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0}};
constexpr RationalFit kShoulder{
    {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0,
     1.42343711074968357734e0},
    {1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0,
     1.0}};
constexpr RationalFit kTail{{2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                             2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
                             5.46378491116411436990e0, 6.65790464350110377720e0},
                            {2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
                             7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
                             5.99832206555887937690e-1, 1.0}};

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::uint64_t stream) {
  std::uint64_t mixed = stream;
  mixed = split_mix(mixed) ^ seed;
  for (std::uint64_t& word : state_) word = split_mix(mixed);
}

std::uint64_t RandomStream::bits() {
  const std::uint64_t result = rotated_left(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotated_left(state_[3], 45);
  return result;
}

double RandomStream::uniform() {
  return (static_cast<double>(bits() >> 11U) + 0.5) * 0x1p-53;
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  FUSESCAPE_EXPECTS(n > 0);
  const std::uint64_t whole =
      ~std::uint64_t{0} - (~std::uint64_t{0} % n + 1) % n;  // A multiple of n, less 1.
  for (;;) {
    if (const std::uint64_t drawn = bits(); drawn <= whole) return drawn % n;
  }
}

double RandomStream::normal() {
  const double p = uniform();
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) return q * value_of(kCentre, 0.180625 - q * q);
  const double r = std::sqrt(-portable_log(q < 0 ? p : 1 - p));
  const double z = r <= 5 ? value_of(kShoulder, r - 1.6) : value_of(kTail, r - 5);
  return q < 0 ? -z : z;
}

double RandomStream::student_t3() {
  const double z = normal();
  double squares = 0;
  for (int i = 0; i < 3; ++i) {
    const double x = normal();
    squares += x * x;
  }
  return z / std::sqrt(squares / 3);
}

}  // namespace fusescape
