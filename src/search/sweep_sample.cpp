#include "fusescape/search/sweep_sample.hpp"

#include <fmt/format.h>

#include <boost/random/sobol.hpp>

#include "fusescape/numerics/random.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

using Taken = std::vector<bool>;  ///< Of each point of the grid.

/// Floyd's algorithm (Bentley and Floyd, CACM 30(9), 1987): as many draws as points.
std::size_t take_randomly(const SweepSample& sample, std::size_t wanted, Taken& taken) {
  RandomStream random{static_cast<std::uint64_t>(sample.seed)};
  for (std::size_t last = taken.size() - wanted; last < taken.size(); ++last) {
    const auto drawn = static_cast<std::size_t>(random.below(last + 1));
    taken[taken[drawn] ? last : drawn] = true;
  }
  return wanted;
}

/// Axis position that a 64-bit fraction of the axis falls on.
std::size_t position_on(std::size_t extent, std::uint64_t fraction) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((static_cast<Wide>(fraction) * extent) >> 64U);
}

/// Points of a Sobol sequence with one dimension per axis (direction numbers of Joe and Kuo, 2008), each
/// coordinate shifted digitally by a random word of the seed, which keeps what is even about them; points of
/// the grid that come again are passed over.
std::size_t take_evenly(const SweepSample& sample, std::span<const std::size_t> extents, std::size_t wanted,
                        Taken& taken) {
  if (extents.empty()) {
    taken[0] = true;
    return 1;
  }
  boost::random::sobol sequence{extents.size()};
  std::vector<std::uint64_t> shifts;
  shifts.reserve(extents.size());
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    shifts.push_back(RandomStream{static_cast<std::uint64_t>(sample.seed), axis + 1}.bits());
  }
  constexpr std::size_t kDrawsPerPoint = 16;
  constexpr std::size_t kMoreDraws = 4096;
  std::size_t found = 0;
  for (std::size_t draw = 0; draw < kDrawsPerPoint * wanted + kMoreDraws && found < wanted; ++draw) {
    std::size_t id = 0;
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      id = id * extents[axis] + position_on(extents[axis], sequence() ^ shifts[axis]);
    }
    if (taken[id]) continue;
    taken[id] = true;
    ++found;
  }
  return found;
}

}  // namespace

expected<std::vector<std::uint32_t>, std::string> sampled_points(const SweepSample& sample,
                                                                 std::span<const std::size_t> extents) {
  std::size_t size = 1;
  for (const std::size_t extent : extents) size *= extent;
  FUSESCAPE_EXPECTS(size >= 1 && size <= std::size_t{1} << 32U && sample.count >= 1 && sample.seed >= 0);
  const auto wanted = static_cast<std::size_t>(sample.count);
  if (wanted > size) return unexpected{fmt::format("the grid has only {} points", size)};
  Taken taken(size, false);
  const std::size_t found = sample.method == SampleMethod::kRandom
                                ? take_randomly(sample, wanted, taken)
                                : take_evenly(sample, extents, wanted, taken);
  if (found < wanted) {
    return unexpected{
        fmt::format("sobol reaches only {} distinct points here; use random, or no sample", found)};
  }
  std::vector<std::uint32_t> ids;
  ids.reserve(wanted);
  for (std::size_t id = 0; id < size; ++id) {
    if (taken[id]) ids.push_back(static_cast<std::uint32_t>(id));
  }
  return ids;
}

}  // namespace fusescape
