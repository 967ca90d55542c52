// Which random numbers does a seed give? The same ones on every machine, compiler and C library.
//
// Integers are xoshiro256++ (Blackman and Vigna, doi 10.1145/3460772), seeded by SplitMix64. Every
// distribution is made of +, -, x, / and sqrt alone (numerics/portable_log.hpp), never of a libm function.
#pragma once

#include <array>
#include <cstdint>

namespace fusescape {

class RandomStream {
 public:
  /// Streams of one seed with different `stream` are independent for every practical purpose.
  explicit RandomStream(std::uint64_t seed, std::uint64_t stream = 0);

  [[nodiscard]] std::uint64_t bits();
  /// In (0, 1): an odd multiple of 2^-54.
  [[nodiscard]] double uniform();
  /// From 0 to n - 1, without bias. Expects n > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t n);
  /// N(0, 1), by the inverse of its distribution function (Wichura, AS 241: relative error about 1e-16).
  [[nodiscard]] double normal();
  /// Student's t with 3 degrees of freedom: a normal over the root mean square of three others.
  [[nodiscard]] double student_t3();

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace fusescape
