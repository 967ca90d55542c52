#include "fusescape/plan/tile_classes.hpp"

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

/// Trips of the loops over `rank` from position `at` on, nested tiles within `extent` of it.
Elements trips(const std::vector<PathLoop>& loops, std::size_t at, RankId rank, std::int64_t extent) {
  if (extent == 0) return Elements{0};
  while (at < loops.size() && loops[at].rank != rank) ++at;
  if (at == loops.size()) return Elements{1};
  const std::int64_t tile = std::min(loops[at].tile, extent);
  return trips(loops, at + 1, rank, tile) * (extent / tile) + trips(loops, at + 1, rank, extent % tile);
}

}  // namespace

Elements iteration_count(const TileBounds& bounds, const std::vector<PathLoop>& loops) {
  Elements count{1};
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const auto same_rank = [&](const PathLoop& other) { return other.rank == loops[i].rank; };
    const auto here = loops.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(loops.begin(), here, same_rank)) continue;  // Counted with the outer one.
    count = count * trips(loops, i, loops[i].rank, bounds[index_of(loops[i].rank)].extent);
  }
  return count;
}

Elements iteration_count(const Cascade& cascade, const std::vector<PathLoop>& loops) {
  return iteration_count(whole_bounds(cascade), loops);
}

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
