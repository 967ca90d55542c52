#include "tile_classes.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "fusescape/support/units.hpp"

namespace fusescape {
namespace {

using ByExtents = std::map<std::vector<std::int64_t>, Elements, std::greater<>>;

void add(ByExtents& classes, std::vector<std::int64_t> extent, std::size_t rank, std::int64_t tile,
         Elements count) {
  if (tile == 0 || count == Elements{0}) return;
  extent[rank] = tile;
  classes[std::move(extent)] += count;
}

}  // namespace

std::vector<Iterations> iteration_classes(const Cascade& cascade, const std::vector<PathLoop>& loops) {
  std::vector<std::int64_t> whole;
  for (const Rank& rank : cascade.ranks) whole.push_back(rank.extent.value());
  ByExtents classes{{std::move(whole), Elements{1}}};
  for (const PathLoop& loop : loops) {
    const std::size_t rank = index_of(loop.rank);
    ByExtents inner;
    for (const auto& [extent, count] : classes) {
      add(inner, extent, rank, std::min(loop.tile, extent[rank]),
          count * (extent[rank] / std::min(loop.tile, extent[rank])));
      add(inner, extent, rank, extent[rank] % std::min(loop.tile, extent[rank]), count);
    }
    classes = std::move(inner);
  }
  std::vector<Iterations> found;
  for (const auto& [extent, count] : classes)
    found.push_back({extent, count.overflow() ? -1 : count.value()});
  return found;
}

}  // namespace fusescape
