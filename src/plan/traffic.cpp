#include "fusescape/plan/traffic.hpp"

#include <algorithm>
#include <utility>

#include "fusescape/plan/dram_bursts.hpp"

namespace fusescape {
namespace {

std::int64_t tap_extent(const TileBounds& tile, const Index& index) {
  return index.tap ? tile[index_of(*index.tap)].extent : 1;
}

/// Which of a slab's elements count.
struct Counted {
  bool before_start = false;  ///< Those before the first.
  bool halo = true;           ///< Those that a held window finds there from the tile before.
};

/// Elements along one dimension: the tile, of each of its chunks, or the window that it reads, clipped to
/// what exists.
std::int64_t span_of(const Cascade& cascade, const Slab& slab, std::size_t dimension, const TileBounds& tile,
                     Counted counted) {
  const Index& index = slab.access.indices[dimension];
  const std::size_t rank = index_of(index.rank);
  if (!is_shifted(index)) return tile[rank].extent * (index.chunk ? tile[index_of(*index.chunk)].extent : 1);
  const std::int64_t available = cascade.extent(cascade.tensor(slab.access.tensor).ranks[dimension]).value();
  const std::int64_t halo = tap_extent(tile, index) - 1;
  const std::int64_t distance = index.distance + (index.tap ? tile[index_of(*index.tap)].start : 0);
  const std::int64_t last = tile[rank].start + tile[rank].extent - distance;  // One past it.
  const bool first_tile = tile[rank].start == 0;
  std::int64_t first = tile[rank].start - distance - (counted.halo || first_tile ? halo : 0);
  if (!counted.before_start) first = std::max<std::int64_t>(first, 0);
  return std::max<std::int64_t>(std::min(last, available) - first, 0);
}

Elements elements_in(const Cascade& cascade, const Slab& slab, const TileBounds& tile, bool halo) {
  const auto counted = [&](bool before_start) {
    Elements elements{slab.fixed_elements};
    for (std::size_t i = 0; i < slab.access.indices.size(); ++i) {
      elements = elements * span_of(cascade, slab, i, tile, {before_start, halo});
    }
    return elements;
  };
  const Elements all = counted(slab.before_start);
  return slab.history_only ? all - counted(false) : all;
}

class Walk {
 public:
  Walk(const Cascade& cascade, const std::vector<PathLoop>& loops, const Slab& slab, Bytes granule,
       Refetch refetch)
      : cascade_{cascade},
        loops_{loops},
        slab_{slab},
        granule_{granule},
        refetch_{refetch},
        tile_{whole_bounds(cascade)} {}

  Movement run(std::size_t depth);

 private:
  [[nodiscard]] const Index* index_over(RankId rank) const {
    for (const Index& index : slab_.access.indices) {
      if (names(index, rank)) return &index;
    }
    return nullptr;
  }
  /// What iterations of a loop need: each a slab of its own, or all the same ones.
  enum class Needs : unsigned char { kOwn, kSame };
  /// One tile of loop `depth`, `times` over.
  void add(Movement& sum, std::size_t depth, const RankSpan& tile, std::int64_t times, Needs needs);
  Movement indexing_loop(std::size_t depth, const Index& index);
  Movement other_loop(std::size_t depth);

  const Cascade& cascade_;
  const std::vector<PathLoop>& loops_;
  const Slab& slab_;
  Bytes granule_;
  Refetch refetch_;
  TileBounds tile_;
};

/// Of iterations that need the same, passes add up; of others they have to be equal.
Visits passes_with(const Movement& sum, const Movement& one, std::int64_t times, bool same) {
  const Visits more = same ? one.passes * times : one.passes;
  if (sum.visits == Visits{}) return more;
  const bool even = same ? sum.passes > Visits{} && more > Visits{} : sum.passes == more;
  if (!even) return {};
  return same ? sum.passes + more : more;
}

void Walk::add(Movement& sum, std::size_t depth, const RankSpan& tile, std::int64_t times, Needs needs) {
  if (times <= 0 || tile.extent <= 0) return;
  RankSpan& current = tile_[index_of(loops_[depth].rank)];
  const RankSpan outer = std::exchange(current, tile);
  const Movement one = run(depth + 1);
  current = outer;
  sum.passes = passes_with(sum, one, times, needs == Needs::kSame);
  sum.bytes += one.bytes * times;
  sum.visits += one.visits * times;
  sum.moves = sum.moves || one.moves;
  sum.kept |= one.kept;
  sum.largest = std::max(sum.largest, one.largest);
}

/// Every iteration needs another slab. Tiles whose windows are clipped differ from the rest and go one by
/// one.
Movement Walk::indexing_loop(std::size_t depth, const Index& index) {
  const PathLoop& loop = loops_[depth];
  const std::int64_t begin = tile_[index_of(loop.rank)].start;
  const std::int64_t extent = tile_[index_of(loop.rank)].extent;
  const std::int64_t full = extent / loop.tile;
  const std::int64_t rest = extent % loop.tile;
  Movement sum;
  std::int64_t leading = 0;
  std::int64_t trailing = 0;
  if (index.tap == loop.rank) {
    leading = full;
  } else if (is_shifted(index)) {
    const std::int64_t back =
        reach(cascade_, index) + 1;  // The first tile of all may differ even without a halo.
    if (begin < back) leading = std::min(full, ceil_div(back - begin, loop.tile));
    trailing = std::min(full - leading, ceil_div(reach(cascade_, index), loop.tile) + 1);
  }
  const auto add_tiles = [&](std::int64_t first, std::int64_t size, std::int64_t count) {
    add(sum, depth, {size, begin + first * loop.tile}, count, Needs::kOwn);
  };
  for (std::int64_t i = 0; i < leading; ++i) add_tiles(i, loop.tile, 1);
  add_tiles(leading, loop.tile, full - leading - trailing);
  for (std::int64_t i = full - trailing; i < full; ++i) add_tiles(i, loop.tile, 1);
  add_tiles(full, rest, 1);
  sum.moves = sum.moves || full + (rest > 0 ? 1 : 0) > 1;
  return sum;
}

/// The slab is needed again at every iteration; it is still there unless others took turns inside.
Movement Walk::other_loop(std::size_t depth) {
  const PathLoop& loop = loops_[depth];
  const std::int64_t begin = tile_[index_of(loop.rank)].start;
  const std::int64_t extent = tile_[index_of(loop.rank)].extent;
  const std::int64_t full = extent / loop.tile;
  Movement sum;
  add(sum, depth, {std::min(extent, loop.tile), begin}, 1, Needs::kSame);
  if (!sum.moves && refetch_ == Refetch::kWhenChanged) {
    if (extent > loop.tile && depth < 64) sum.kept |= std::uint64_t{1} << depth;
    return sum;
  }
  add(sum, depth, {loop.tile, begin}, full - 1, Needs::kSame);
  if (full > 0) add(sum, depth, {extent % loop.tile, begin + full * loop.tile}, 1, Needs::kSame);
  return sum;
}

Movement Walk::run(std::size_t depth) {
  if (depth == loops_.size()) {
    const Bytes bytes = slab_bytes(cascade_, slab_, tile_);
    return {.bytes = in_bursts(bytes, granule_),
            .visits = Visits{1},
            .passes = Visits{1},
            .moves = false,
            .largest = elements_in(cascade_, slab_, tile_, /*halo=*/true),  // As the buffer holds it.
            .kept = 0};
  }
  const Index* index = index_over(loops_[depth].rank);
  return index != nullptr ? indexing_loop(depth, *index) : other_loop(depth);
}

}  // namespace

TileBounds whole_bounds(const Cascade& cascade) {
  TileBounds bounds;
  bounds.reserve(cascade.ranks.size());
  for (const Rank& rank : cascade.ranks) bounds.push_back({.extent = rank.extent.value(), .start = 0});
  return bounds;
}

TileBounds first_tile(const Cascade& cascade, const std::vector<PathLoop>& loops) {
  TileBounds tile = whole_bounds(cascade);
  for (const PathLoop& loop : loops) {
    std::int64_t& extent = tile[index_of(loop.rank)].extent;
    extent = std::min(extent, loop.tile);
  }
  return tile;
}

TileBounds last_tile(const Cascade& cascade, const std::vector<PathLoop>& loops) {
  TileBounds tile = whole_bounds(cascade);
  for (const PathLoop& loop : loops) {
    std::int64_t& extent = tile[index_of(loop.rank)].extent;
    const std::int64_t before = (extent - 1) / loop.tile * loop.tile;
    tile[index_of(loop.rank)].start += before;
    extent -= before;
  }
  return tile;
}

Elements slab_elements(const Cascade& cascade, const Slab& slab, const TileBounds& tile) {
  return elements_in(cascade, slab, tile, !slab.held);
}

Bytes slab_bytes(const Cascade& cascade, const Slab& slab, const TileBounds& tile) {
  return bytes_of(slab_elements(cascade, slab, tile), slab.bits);
}

Movement movement(const Cascade& cascade, const std::vector<PathLoop>& loops, const Slab& slab, Bytes granule,
                  Refetch refetch) {
  return Walk{cascade, loops, slab, granule, refetch}.run(0);
}

}  // namespace fusescape
