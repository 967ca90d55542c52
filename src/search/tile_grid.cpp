#include "fusescape/search/tile_grid.hpp"

#include <algorithm>

#include "fusescape/support/units.hpp"

namespace fusescape {
namespace {

/// The counts of `density` up to `last`; with `fives` also 5 * 2^k.
std::vector<std::int64_t> counts_to(std::int64_t last, Density density, bool fives) {
  std::vector<std::int64_t> counts;
  const std::int64_t growth = density == Density::kCoarse ? 4 : 2;
  for (std::int64_t power = 1; power <= last; power *= growth) {
    counts.push_back(power);
    const bool between = density == Density::kFine && power > 1 && power / 2 <= last / 3;
    if (between) counts.push_back(power / 2 * 3);
    if (fives && between && power > 2 && power / 4 <= last / 5) counts.push_back(power / 4 * 5);
    if (power > last / growth) break;
  }
  return counts;
}

}  // namespace

std::vector<std::int64_t> tile_grid(std::int64_t extent, std::int64_t size, Density density) {
  std::vector<std::int64_t> tiles{1};
  for (const std::int64_t parts : counts_to(extent, density, false)) tiles.push_back(ceil_div(extent, parts));
  if (size > 1) {
    for (const std::int64_t times : counts_to(extent / size, density, true)) tiles.push_back(times * size);
  }
  std::sort(tiles.begin(), tiles.end());
  tiles.erase(std::unique(tiles.begin(), tiles.end()), tiles.end());
  return tiles;
}

}  // namespace fusescape
