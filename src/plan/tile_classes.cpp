#include "fusescape/plan/tile_classes.hpp"

#include <algorithm>

#include "fusescape/support/units.hpp"

namespace fusescape {
namespace {

/// Iterations of equal extents, per rank, and how many they are.
struct CountedTiles {
  std::vector<std::int64_t> extent;
  Elements count;
};

/// Each distinct extent once, largest first.
void merge_equal(std::vector<CountedTiles>& classes) {
  std::sort(classes.begin(), classes.end(),
            [](const CountedTiles& a, const CountedTiles& b) { return a.extent > b.extent; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < classes.size(); ++i) {
    if (classes[i].extent == classes[last].extent) {
      classes[last].count += classes[i].count;
    } else if (++last != i) {
      classes[last] = std::move(classes[i]);
    }
  }
  classes.erase(classes.begin() + static_cast<std::ptrdiff_t>(last) + 1, classes.end());
}

/// The iterations of a loop over `rank` within each of `classes`: full tiles, and what is left over.
void split(std::vector<CountedTiles>& classes, std::size_t rank, std::int64_t tile) {
  for (std::size_t i = 0, outer = classes.size(); i < outer; ++i) {
    const std::int64_t extent = classes[i].extent[rank];
    if (tile >= extent) continue;
    if (const std::int64_t rest = extent % tile; rest > 0) {
      classes.push_back(classes[i]);
      classes.back().extent[rank] = rest;
    }
    classes[i].extent[rank] = tile;
    classes[i].count = classes[i].count * (extent / tile);
  }
  merge_equal(classes);
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
  std::vector<CountedTiles> classes(1);
  classes.front().count = Elements{1};
  classes.front().extent.reserve(cascade.ranks.size());
  for (const Rank& rank : cascade.ranks) classes.front().extent.push_back(rank.extent.value());
  for (const PathLoop& loop : loops) split(classes, index_of(loop.rank), loop.tile);
  std::vector<Iterations> found;
  found.reserve(classes.size());
  for (CountedTiles& one : classes) {
    found.push_back({std::move(one.extent), one.count.overflow() ? -1 : one.count.value()});
  }
  return found;
}

}  // namespace fusescape
