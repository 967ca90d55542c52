#include "fusescape/search/sweep_sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/sobol.hpp>

#include "fusescape/numerics/random.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

using Ids = std::vector<std::uint64_t>;

/// The first `wanted` distinct ones that `draw` gives, ascending; fewer, if it gives no more new ones for
/// long.
template <class Draw>
Ids distinct(std::size_t wanted, Draw draw) {
  constexpr std::size_t kDrawsPerPoint = 16;
  constexpr std::size_t kMoreDraws = 4096;
  Ids found;
  found.reserve(wanted);
  std::size_t left = kDrawsPerPoint * wanted + kMoreDraws;
  while (found.size() < wanted && left > 0) {
    const std::size_t draws = std::min(wanted - found.size(), left);
    std::generate_n(std::back_inserter(found), draws, draw);
    left -= draws;
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  return found;
}

/// All of the grid but these.
Ids others(std::uint64_t size, const Ids& ids) {
  Ids left;
  left.reserve(size - ids.size());
  auto next = ids.begin();
  for (std::uint64_t id = 0; id < size; ++id) {
    if (next != ids.end() && *next == id) {
      ++next;
    } else {
      left.push_back(id);
    }
  }
  return left;
}

Ids random_points(const SweepSample& sample, std::uint64_t size) {
  RandomStream random{static_cast<std::uint64_t>(sample.seed)};
  const auto draw = [&] { return random.below(size); };
  const auto wanted = static_cast<std::uint64_t>(sample.count);
  // What is left of a random set is one, too: no draw is in vain more often than every other time.
  return wanted <= size / 2 ? distinct(wanted, draw) : others(size, distinct(size - wanted, draw));
}

/// Axis position that a 64-bit fraction of the axis falls on.
std::uint64_t position_on(std::size_t extent, std::uint64_t fraction) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(fraction) * extent) >> 64U);
}

/// Points of a Sobol sequence with one dimension per axis (direction numbers of Joe and Kuo, 2008), each
/// coordinate shifted digitally by a random word of the seed, which keeps what is even about them; points of
/// the grid that come again are passed over.
Ids sobol_points(const SweepSample& sample, std::span<const std::size_t> extents) {
  if (extents.empty()) return {0};
  boost::random::sobol sequence{extents.size()};
  std::vector<std::uint64_t> shifts;
  shifts.reserve(extents.size());
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    shifts.push_back(RandomStream{static_cast<std::uint64_t>(sample.seed), axis + 1}.bits());
  }
  return distinct(static_cast<std::size_t>(sample.count), [&] {
    std::uint64_t id = 0;
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      id = id * extents[axis] + position_on(extents[axis], sequence() ^ shifts[axis]);
    }
    return id;
  });
}

}  // namespace

expected<std::vector<std::uint64_t>, std::string> sampled_points(const SweepSample& sample,
                                                                 std::span<const std::size_t> extents) {
  FUSESCAPE_EXPECTS(sample.count >= 1 && sample.seed >= 0);
  std::uint64_t size = 1;
  for (const std::size_t extent : extents) {
    FUSESCAPE_EXPECTS(extent >= 1);
    if (size > kMostSampledFrom / extent) {
      return unexpected{fmt::format("the grid has more than {} points", kMostSampledFrom)};
    }
    size *= extent;
  }
  if (static_cast<std::uint64_t>(sample.count) > size) {
    return unexpected{fmt::format("the grid has only {} points", size)};
  }
  Ids points =
      sample.method == SampleMethod::kRandom ? random_points(sample, size) : sobol_points(sample, extents);
  if (points.size() == static_cast<std::size_t>(sample.count)) return points;
  return unexpected{
      fmt::format("sobol reaches only {} distinct points here; use random, or no sample", points.size())};
}

}  // namespace fusescape
