#include "tiling_work.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "fusescape/plan/array_time.hpp"
#include "fusescape/search/array_work.hpp"

namespace fusescape {
namespace {

/// Whether an operand changes along it.
bool moves(const WorkProducts::Stationary& rank, std::size_t operand) {
  return ((static_cast<unsigned>(rank.moving) >> operand) & 1U) != 0;
}

/// On which it lies; kDimensionCount: in time.
std::size_t dimension_of(const SpatialMapping& mapping, RankId rank) {
  const std::array dimensions{&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat};
  const auto has = [&](const std::vector<RankId>* ranks) { return has_rank(*ranks, rank); };
  return static_cast<std::size_t>(std::find_if(dimensions.begin(), dimensions.end(), has) -
                                  dimensions.begin());
}

}  // namespace

TilingWork::TilingWork(const Planner& planner, OpId op, const NestSpace& space)
    : array_{planner.array()},
      engine_{array_.engines[static_cast<std::size_t>(planner.cascade().op(op).kind)]},
      space_{space},
      sizes_{sizes_of(engine_)},
      shape_{planner.cascade(), planner.spatial()[index_of(op)], op} {
  for (const Rank& rank : planner.cascade().ranks) extent_.push_back(rank.extent.value());
  const WorkProducts whole = shape_.products(extent_, planner.cascade().op(op).ranks);
  for (std::size_t d = 0; d < kDimensionCount; ++d) {
    if (whole.on_hardware[d] > Elements{1}) dimensions_.push_back(d);
  }
  separable_ =
      work_fits(planner, op) && engine_.efficiency == Ratio{1} && !space.cuts.empty() && is_separable(space);
  if (separable_) {
    sum_cuts(planner.spatial()[index_of(op)]);
    return;
  }
  for (std::size_t c = 0; c < space.cuts.size(); ++c) {
    auto& tiles = tiles_.emplace_back(space.cuts[c].size());
    auto& pe_tiles = pe_tiles_.emplace_back(space.cuts[c].size());
    for (std::size_t cut = 0; cut < tiles.size(); ++cut) {
      tiles[cut] = tiles_of(c, cut);
      std::transform(tiles[cut].begin(), tiles[cut].end(), std::back_inserter(pe_tiles[cut]), on_pes);
    }
  }
}

/// Whether no dimension has ranks of two classes.
bool TilingWork::is_separable(const NestSpace& space) const {
  std::array<int, kDimensionCount> classes{};
  for (const std::vector<RankId>& ranks : space.ranks) {
    const WorkProducts whole = shape_.products(extent_, ranks);
    for (const std::size_t d : dimensions_) classes[d] += whole.on_hardware[d] > Elements{1} ? 1 : 0;
  }
  return std::all_of(classes.begin(), classes.end(), [](int count) { return count <= 1; });
}

template <class Visit>
void TilingWork::take_apart(const Loops& loops, std::size_t loop, std::int64_t count, const Visit& visit) {
  if (loop == loops.size()) return visit(count);
  for_each_tile(extent_, loops[loop],
                [&](std::int64_t times) { take_apart(loops, loop + 1, count * times, visit); });
}

std::vector<TilingWork::Tiles> TilingWork::tiles_of(std::size_t rank_class, std::size_t cut) {
  std::vector<Tiles> tiles;
  take_apart(space_.cuts[rank_class][cut], 0, 1, [&](std::int64_t count) {
    tiles.push_back({count, shape_.products(extent_, space_.ranks[rank_class])});
  });
  return tiles;
}

TilingWork::CutSums TilingWork::sum_of(std::size_t rank_class, const Loops& loops) {
  CutSums sum;
  take_apart(loops, 0, 1, [&](std::int64_t count) {
    std::array<std::int64_t, kDimensionCount + 1> extent{1, 1, 1, 1, 1};
    for (const auto& [rank, dimension] : laid_[rank_class]) extent[dimension] *= extent_[index_of(rank)];
    std::int64_t steps = extent[kDimensionCount];
    for (const std::size_t d : dimensions_) steps *= steps_over(extent[d], sizes_[d]);
    sum.steps += count * steps;
    sum.count += count;
  });
  return sum;
}

void TilingWork::sum_cuts(const SpatialMapping& mapping) {
  for (std::size_t c = 0; c < space_.cuts.size(); ++c) {
    std::vector<std::pair<RankId, std::size_t>>& laid = laid_.emplace_back();
    for (const RankId rank : space_.ranks[c]) laid.emplace_back(rank, dimension_of(mapping, rank));
    array_tiles_.emplace_back(space_.cuts[c].size());
    std::vector<CutSums>& sums = sums_.emplace_back();
    for (const Loops& loops : space_.cuts[c]) sums.push_back(sum_of(c, loops));
  }
}

void TilingWork::price(std::size_t rank_class, std::size_t cut) {
  std::vector<ArrayTiles>& priced = array_tiles_[rank_class][cut];
  for (const Tiles& tiles : tiles_of(rank_class, cut)) priced.push_back(on_array(tiles));
}

/// Of one class.
TilingWork::ArrayTiles TilingWork::on_array(const Tiles& tiles) {
  table_.operators.clear();
  table_.accesses.clear();
  shape_.append(tiles.products, table_);
  const WorkEvaluation evaluation{table_, table_.operators.front(), engine_};
  ArrayTiles made{.count = tiles.count,
                  .in_time = tiles.products.in_time.value(),
                  .steps = evaluation.spatial_steps(),
                  .made = tiles.products.made.value(),
                  .stationary = tiles.products.stationary,
                  .stationary_count = tiles.products.stationary_count};
  bits_.resize(table_.accesses.size());
  for (std::uint32_t i = 0; i < bits_.size(); ++i) {
    bits_[i] = table_.accesses[i].bits;
    made.covered[i] = evaluation.covered_bits(i) / bits_[i];
  }
  return made;
}

TilingWork::PeTiles TilingWork::on_pes(const Tiles& tiles) {
  PeTiles some{.count = tiles.count, .in_time = tiles.products.in_time.value()};
  std::transform(tiles.products.on_hardware.begin(), tiles.products.on_hardware.end(),
                 some.on_hardware.begin(), [](Elements elements) { return elements.value(); });
  return some;
}

TilingWork::Tiles TilingWork::product(const Tiles& a, const Tiles& b) const {
  return {a.count * b.count, shape_.product(a.products, b.products)};
}

/// Of both lists of ranks that may stay the first ones.
TilingWork::ArrayTiles TilingWork::product(const ArrayTiles& a, const ArrayTiles& b) const {
  ArrayTiles tiles{.count = a.count * b.count,
                   .in_time = a.in_time * b.in_time,
                   .steps = a.steps * b.steps,
                   .made = a.made * b.made};
  for (std::size_t i = 0; i < kMostAccesses; ++i) tiles.covered[i] = a.covered[i] * b.covered[i];
  const auto* next_a = a.stationary.begin();
  const auto* next_b = b.stationary.begin();
  const auto* const end_a = next_a + a.stationary_count;
  const auto* const end_b = next_b + b.stationary_count;
  while (tiles.stationary_count < kMostCandidates && (next_a != end_a || next_b != end_b)) {
    const bool takes_a = next_b == end_b || (next_a != end_a && next_a->position < next_b->position);
    tiles.stationary[tiles.stationary_count++] = takes_a ? *next_a++ : *next_b++;
  }
  return tiles;
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

void TilingWork::add(const ArrayTiles& tiles, ArrayWork& sum) {
  const auto operands = static_cast<std::uint32_t>(bits_.size());
  SpatialWork work{.operands = operands,
                   .steps = tiles.steps,
                   .temporal = tiles.in_time,
                   .output_bits = tiles.made * bits_.back()};
  for (std::uint32_t i = 0; i < operands; ++i) work.covered[i] = tiles.covered[i] * bits_[i];
  const WorkCost cost = cost_in_time(
      work, tiles.stationary_count,
      [&](std::uint32_t c) { return tiles.in_time - tiles.in_time / tiles.stationary[c].extent; },
      [&](std::uint32_t c, std::uint32_t i) { return !moves(tiles.stationary[c], i); }, engine_,
      array_.fill.value());
  sum.compute += Cycles{cost.compute} * tiles.count;
  sum.onchip += (cost.read() + cost.written()) * tiles.count;
}

template <class Some>
void TilingWork::add_all(const Cuts& cuts, const std::vector<std::vector<std::vector<Some>>>& all,
                         Combined<Some>& others, ArrayWork& sum) {
  combine(cuts, all, others);
  for (const Some& own : all.front()[cuts.front()]) {
    if (cuts.size() == 1) add(own, sum);
    for (const Some& other : others.tiles) add(product(own, other), sum);
  }
}

ArrayWork TilingWork::of(const Cuts& cuts) {
  ArrayWork sum;
  if (separable_) {
    for (std::size_t c = 0; c < cuts.size(); ++c) {
      if (array_tiles_[c][cuts[c]].empty()) price(c, cuts[c]);
    }
    add_all(cuts, array_tiles_, array_others_, sum);
  } else if (cuts.empty()) {
    add(Tiles{1, shape_.products(extent_, {})}, sum);
  } else {
    add_all(cuts, tiles_, others_, sum);
  }
  return sum;
}

/// Of all combinations of both.
std::int64_t TilingWork::cycles(const PeTiles& a, const PeTiles& b) const {
  std::int64_t steps = a.in_time * b.in_time;
  for (const std::size_t d : dimensions_) steps *= steps_over(a.on_hardware[d] * b.on_hardware[d], sizes_[d]);
  return a.count * b.count * (engine_.cycles(steps) + array_.fill.value());
}

void TilingWork::go_to_row(const Cuts& cuts) {
  if (!separable_) return combine(cuts, pe_tiles_, pe_others_);
  other_sums_ = {1, 1};
  for (std::size_t c = 1; c < cuts.size(); ++c) {
    other_sums_.steps *= sums_[c][cuts[c]].steps;
    other_sums_.count *= sums_[c][cuts[c]].count;
  }
}

Cycles TilingWork::compute(std::size_t first_cut) const {
  if (separable_) {
    const CutSums& own = sums_.front()[first_cut];
    return Cycles{own.steps * other_sums_.steps * engine_.cycles_per_op +
                  own.count * other_sums_.count * array_.fill.value()};
  }
  std::int64_t sum = 0;
  for (const PeTiles& own : pe_tiles_.front()[first_cut]) {
    if (pe_tiles_.size() == 1) sum += cycles(own, PeTiles{});
    for (const PeTiles& other : pe_others_.tiles) sum += cycles(own, other);
  }
  return Cycles{sum};
}

bool work_fits(const Planner& planner, OpId id) {
  const Operator& op = planner.cascade().op(id);
  Ops most{planner.array().fill.value()};
  most += Ops{2 * kMostCyclesPerOp * static_cast<std::int64_t>(kMostAccesses)};
  for (const RankId rank : op.ranks) most = most * planner.cascade().extent(rank);
  const Engine& engine = planner.array().engines[static_cast<std::size_t>(op.kind)];
  return engine.cycles_per_op > 0 && !most.overflow();
}

}  // namespace fusescape
