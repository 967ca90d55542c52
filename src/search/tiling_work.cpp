#include "tiling_work.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "fusescape/plan/array_time.hpp"
#include "fusescape/search/array_work.hpp"

namespace fusescape {

TilingWork::TilingWork(const Planner& planner, OpId op, const NestSpace& space)
    : array_{planner.array()},
      engine_{array_.engines[static_cast<std::size_t>(planner.cascade().op(op).kind)]},
      sizes_{sizes_of(engine_)},
      shape_{planner.cascade(), planner.spatial()[index_of(op)], op} {
  for (const Rank& rank : planner.cascade().ranks) extent_.push_back(rank.extent.value());
  const WorkProducts whole = shape_.products(extent_, planner.cascade().op(op).ranks);
  for (std::size_t d = 0; d < kDimensionCount; ++d) {
    if (whole.on_hardware[d] > Elements{1}) dimensions_.push_back(d);
  }
  for (std::size_t c = 0; c < space.cuts.size(); ++c) {
    auto& tiles = tiles_.emplace_back(space.cuts[c].size());
    auto& pe_tiles = pe_tiles_.emplace_back(space.cuts[c].size());
    for (std::size_t cut = 0; cut < tiles.size(); ++cut) {
      take_apart(space.cuts[c][cut], 0, 1, space.ranks[c], tiles[cut]);
      std::transform(tiles[cut].begin(), tiles[cut].end(), std::back_inserter(pe_tiles[cut]), on_pes);
    }
  }
}

TilingWork::PeTiles TilingWork::on_pes(const Tiles& tiles) {
  PeTiles some{.count = tiles.count, .in_time = tiles.products.in_time.value()};
  std::transform(tiles.products.on_hardware.begin(), tiles.products.on_hardware.end(),
                 some.on_hardware.begin(), [](Elements elements) { return elements.value(); });
  return some;
}

/// The tiles of the loops from `loop` on, all of them `count` times: full ones, and the shorter last one.
void TilingWork::take_apart(const Loops& loops, std::size_t loop, std::int64_t count,
                            std::span<const RankId> ranks, std::vector<Tiles>& tiles) {
  if (loop == loops.size()) {
    tiles.push_back({count, shape_.products(extent_, ranks)});
    return;
  }
  for_each_tile(extent_, loops[loop],
                [&](std::int64_t times) { take_apart(loops, loop + 1, count * times, ranks, tiles); });
}

TilingWork::Tiles TilingWork::product(const Tiles& a, const Tiles& b) const {
  return {a.count * b.count, shape_.product(a.products, b.products)};
}

TilingWork::PeTiles TilingWork::product(const PeTiles& a, const PeTiles& b) const {
  PeTiles tiles{.count = a.count * b.count, .in_time = a.in_time * b.in_time};
  for (const std::size_t d : dimensions_) tiles.on_hardware[d] = a.on_hardware[d] * b.on_hardware[d];
  return tiles;
}

/// The tiles of the cuts of all classes but the first.
template <class Some>
void TilingWork::combine(const Cuts& cuts, const std::vector<std::vector<std::vector<Some>>>& all,
                         Combined<Some>& others) const {
  if (!others.tiles.empty() && std::equal(cuts.begin() + 1, cuts.end(), others.cuts.begin())) return;
  others.cuts.assign(cuts.begin() + 1, cuts.end());
  others.tiles.clear();
  for (std::size_t c = 1; c < cuts.size(); ++c) {
    const std::vector<Some>& own = all[c][cuts[c]];
    if (c == 1) {
      others.tiles = own;
      continue;
    }
    std::vector<Some> before = std::exchange(others.tiles, {});
    for (const Some& a : before) {
      for (const Some& b : own) others.tiles.push_back(product(a, b));
    }
  }
}

void TilingWork::add(const Tiles& tiles, ArrayWork& sum) {
  table_.operators.clear();
  table_.accesses.clear();
  shape_.append(tiles.products, table_);
  add_tiles(table_, array_, tiles.count, sum);
}

ArrayWork TilingWork::of(const Cuts& cuts) {
  ArrayWork sum;
  if (cuts.empty()) {
    add({1, shape_.products(extent_, {})}, sum);
    return sum;
  }
  combine(cuts, tiles_, others_);
  for (const Tiles& own : tiles_.front()[cuts.front()]) {
    if (cuts.size() == 1) add(own, sum);
    for (const Tiles& other : others_.tiles) add(product(own, other), sum);
  }
  return sum;
}

/// Of all combinations of both.
std::int64_t TilingWork::cycles(const PeTiles& a, const PeTiles& b) const {
  std::int64_t cycles = a.in_time * b.in_time * engine_.cycles_per_op;
  for (const std::size_t d : dimensions_)
    cycles *= steps_over(a.on_hardware[d] * b.on_hardware[d], sizes_[d]);
  return a.count * b.count * (cycles + array_.fill.value());
}

void TilingWork::go_to_row(const Cuts& cuts) {
  combine(cuts, pe_tiles_, pe_others_);
}

Cycles TilingWork::compute(std::size_t first_cut) const {
  std::int64_t sum = 0;
  for (const PeTiles& own : pe_tiles_.front()[first_cut]) {
    if (pe_tiles_.size() == 1) sum += cycles(own, PeTiles{});
    for (const PeTiles& other : pe_others_.tiles) sum += cycles(own, other);
  }
  return Cycles{sum};
}

}  // namespace fusescape
