// Which points of a grid are tried, if not all of them?
//
// docs/model/sweep.md says what a sample is and how its methods draw.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/support/expected.hpp"

namespace fusescape {

enum class SampleMethod : unsigned char {
  kRandom,  ///< Every set of `count` points is equally likely.
  kSobol,   ///< Spread evenly over all axes at once.
};

/// In the order of SampleMethod.
inline constexpr std::array<std::string_view, 2> kSampleMethods{"random", "sobol"};
[[nodiscard]] constexpr std::string_view name_of(SampleMethod method) {
  return kSampleMethods[static_cast<std::size_t>(method)];
}

struct SweepSample {
  SampleMethod method{};
  std::int64_t count = 1;  ///< Distinct points.
  std::int64_t seed = 1;   ///< >= 0.
};

/// The largest grid that a sample may be of.
inline constexpr std::uint64_t kMostSampledFrom = 1'000'000'000'000'000'000;

/// Positions of `sample.count` distinct points, ascending, in the grid with these extents (the last axis
/// fastest); or why there are not so many, a clause without a full stop. A function of its arguments alone,
/// whose memory goes with `count` and not with the grid. Expects extents of at least 1.
[[nodiscard]] expected<std::vector<std::uint64_t>, std::string> sampled_points(
    const SweepSample& sample, std::span<const std::size_t> extents);

}  // namespace fusescape
