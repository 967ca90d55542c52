#include "candidates.hpp"

#include <algorithm>
#include <map>

#include "fusescape/search/tile_grid.hpp"

namespace fusescape {
namespace {

/// Tilings of one operator that are tried, at most; with more the grids get coarser.
constexpr std::size_t kMostTilings = 40'000;

/// The tiles of one operator's ranks on one array.
struct Grid {
  const Cascade& cascade;
  const SpatialMapping& mapping;
  const Engine& engine;
  OpId op{};
  Density density = Density::kFine;

  [[nodiscard]] std::vector<std::int64_t> tiles(RankId rank) const {
    return tile_grid(cascade.extent(rank).value(), size_along(cascade, mapping, engine, rank), density);
  }

  /// Whether a loop over `rank` inside `before` would cut several chunks at once (Rule::kChunks).
  [[nodiscard]] bool cuts_chunks(RankId rank, const Loops& before) const {
    const auto one_by_one = [&](RankId chunk) {
      return cascade.extent(chunk) == Elements{1} ||
             std::find(before.begin(), before.end(), LoopSpec{chunk, 1}) != before.end();
    };
    const auto cuts = [&](const Index& index) {
      return index.chunk && index.rank == rank && !one_by_one(*index.chunk);
    };
    const std::vector<Access>& inputs = cascade.op(op).inputs;
    return std::any_of(inputs.begin(), inputs.end(), [&](const Access& input) {
      return std::any_of(input.indices.begin(), input.indices.end(), cuts);
    });
  }
};

/// Loops that cut the row-major sequence of `ranks` at one rank: those before go one by one, those after stay
/// whole. Also none at all.
std::vector<Loops> cuts_of(const Grid& grid, const std::vector<RankId>& ranks) {
  std::vector<Loops> cuts{Loops{}};
  Loops before;
  for (const RankId rank : ranks) {
    const std::int64_t extent = grid.cascade.extent(rank).value();
    if (extent == 1) continue;
    if (grid.cuts_chunks(rank, before)) break;
    for (const std::int64_t tile : grid.tiles(rank)) {
      if (tile == extent) continue;
      cuts.push_back(before);
      cuts.back().push_back({rank, tile});
    }
    before.push_back({rank, 1});
  }
  return cuts;
}

Loops joined(Loops outer, const Loops& inner) {
  outer.insert(outer.end(), inner.begin(), inner.end());
  return outer;
}

/// A bit per operand that has `rank`: of the inputs from bit 0 on, then the output.
unsigned operands_with(const Cascade& cascade, const Operator& op, RankId rank) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (names(op.inputs[i], rank)) bits |= 1U << i;
  }
  if (has_rank(cascade.tensor(op.output).ranks, rank)) bits |= 1U << op.inputs.size();
  return bits;
}

/// Ranks by the operands that have them, those that all have first.
struct Classes {
  std::vector<std::vector<RankId>> ranks;
  bool first_everywhere = false;
};

Classes classes_of(const Cascade& cascade, OpId id) {
  const Operator& op = cascade.op(id);
  const unsigned all = (2U << op.inputs.size()) - 1U;
  std::map<unsigned, std::vector<RankId>, std::greater<>> by_operands;
  for (const RankId rank : op.ranks) {
    if (cascade.extent(rank) > Elements{1}) by_operands[operands_with(cascade, op, rank)].push_back(rank);
  }
  Classes classes;
  for (auto& [operands, ranks] : by_operands) {
    classes.first_everywhere = classes.first_everywhere || operands == all;
    classes.ranks.push_back(std::move(ranks));
  }
  return classes;
}

/// Whether the loops step along a window that `op` reads: only then is there a halo to hold.
bool step_along_window(const Cascade& cascade, OpId op, const Loops& loops) {
  const auto steps = [&](const Index& index) {
    return index.tap && cascade.extent(*index.tap) > Elements{1} &&
           std::any_of(loops.begin(), loops.end(),
                       [&](const LoopSpec& loop) { return loop.rank == index.rank; });
  };
  const std::vector<Access>& inputs = cascade.op(op).inputs;
  return std::any_of(inputs.begin(), inputs.end(), [&](const Access& input) {
    return std::any_of(input.indices.begin(), input.indices.end(), steps);
  });
}

/// Tiles of one of the later ranks outermost, around cuts of the others.
std::vector<Loops> slices_of(const Grid& grid, const std::vector<RankId>& ranks) {
  if (ranks.size() < 2) return {};
  const RankId sliced = ranks[ranks.size() == 2 ? 1 : ranks.size() - 2];
  std::vector<RankId> rest;
  std::copy_if(ranks.begin(), ranks.end(), std::back_inserter(rest),
               [&](RankId rank) { return rank != sliced; });
  const std::int64_t extent = grid.cascade.extent(sliced).value();
  if (grid.cuts_chunks(sliced, {})) return {};
  const std::vector<Loops> cuts = cuts_of(grid, rest);
  std::vector<Loops> nests;
  for (const std::int64_t tile : grid.tiles(sliced)) {
    Loops outer;
    if (tile < extent) outer.push_back({sliced, tile});
    for (const Loops& cut : cuts) nests.push_back(joined(outer, cut));
  }
  return nests;
}

/// The output's ranks cut in row-major order, also with tiles of one later rank outermost, which keeps
/// operands that lack the earlier ranks on chip. Each nest once.
std::vector<Loops> streaming_loops(const Grid& grid) {
  const Cascade& cascade = grid.cascade;
  const std::vector<RankId>& ranks = cascade.tensor(cascade.op(grid.op).output).ranks;
  std::vector<Loops> nests = cuts_of(grid, ranks);
  const std::size_t cuts = nests.size();
  for (Loops& nest : slices_of(grid, ranks)) {  // No two of which are equal.
    // All cuts but the first, which is none, have the same outermost rank.
    const bool may_be_there = nest.empty() || cuts == 1 || nest.front().rank == nests[1].front().rank;
    const auto end = nests.begin() + static_cast<std::ptrdiff_t>(may_be_there ? cuts : 0);
    if (std::find(nests.begin(), end, nest) == end) nests.push_back(std::move(nest));
  }
  return nests;
}

/// Where windows are stepped along, also with their halo held.
void add_streaming(const Grid& grid, std::vector<Candidate>& found) {
  for (Loops& nest : streaming_loops(grid)) {
    if (step_along_window(grid.cascade, grid.op, nest)) {
      found.push_back({.loops = nest, .operators = {grid.op}, .holds_windows = true});
    }
    found.push_back({.loops = std::move(nest), .operators = {grid.op}});
  }
}

/// Step by step along the recurrence, every value through DRAM; the other ranks whole or in slices.
void add_recurrence(const Grid& grid, const std::vector<OpId>& unit, std::vector<Candidate>& found) {
  const Cascade& cascade = grid.cascade;
  const Operator& last = cascade.op(unit.back());
  RankId carried{};
  std::vector<TensorId> spilled;
  for (const OpId op : unit) {
    spilled.push_back(cascade.op(op).output);
    for (const Access& input : cascade.op(op).inputs) {
      for (const Index& index : input.indices) carried = index.distance > 0 ? index.rank : carried;
    }
  }
  const std::vector<RankId>& ranks = cascade.tensor(last.output).ranks;
  const auto at = std::find(ranks.begin(), ranks.end(), carried);
  Loops outer;
  for (auto rank = ranks.begin(); rank != at; ++rank) {
    if (cascade.extent(*rank).value() > 1) outer.push_back({*rank, 1});
  }
  if (cascade.extent(carried).value() > 1) outer.push_back({carried, 1});
  for (const Loops& cut : cuts_of(grid, {at + 1, ranks.end()})) {
    found.push_back({.loops = joined(outer, cut), .operators = unit, .spilled = spilled});
  }
}

}  // namespace

std::int64_t size_along(const Cascade& cascade, const SpatialMapping& mapping, const Engine& engine,
                        RankId rank) {
  const auto along = [&](const std::vector<RankId>& ranks, std::int64_t size) -> std::int64_t {
    const auto at = std::find(ranks.begin(), ranks.end(), rank);
    if (at == ranks.end()) return 1;
    for (auto inner = at + 1; inner != ranks.end() && size > 1; ++inner) {
      size = std::max<std::int64_t>(size / std::min(size, cascade.extent(*inner).value()), 1);
    }
    return size;
  };
  return std::max({along(mapping.rows, engine.rows), along(mapping.cols, engine.cols),
                   along(mapping.flat, engine.rows * engine.cols), along(mapping.cores, engine.count)});
}

bool has_nest_space(const Cascade& cascade, OpId op) {
  const std::vector<Access>& inputs = cascade.op(op).inputs;
  return std::none_of(inputs.begin(), inputs.end(), [&](const Access& input) {
    return is_shifted(input) || input.tensor == cascade.op(op).output;
  });
}

NestSpace nest_space(const Cascade& cascade, const SpatialMapping& mapping, const Engine& engine, OpId op) {
  const Classes classes = classes_of(cascade, op);
  NestSpace space{.ranks = classes.ranks, .cuts = {}, .first_outermost = classes.first_everywhere};
  if (classes.ranks.size() == 1 && classes.first_everywhere) {
    space.cuts.push_back(streaming_loops({cascade, mapping, engine, op}));
    return space;
  }
  for (const Density density : {Density::kFine, Density::kMedium, Density::kCoarse}) {
    const Grid grid{cascade, mapping, engine, op, density};
    space.cuts.clear();
    for (const std::vector<RankId>& ranks : classes.ranks) space.cuts.push_back(cuts_of(grid, ranks));
    if (tilings(space) <= kMostTilings) break;
  }
  return space;
}

std::size_t tilings(const NestSpace& space) {
  std::size_t count = 1;
  for (const std::vector<Loops>& cuts : space.cuts) count *= cuts.size();
  return count;
}

void set_tiling(const NestSpace& space, std::size_t number, Tiling& tiling) {
  tiling.clear();
  for (std::size_t c = 0; c < space.cuts.size(); ++c) {
    const std::size_t cut = number % space.cuts[c].size();
    number /= space.cuts[c].size();
    if (!space.cuts[c][cut].empty()) tiling.push_back({c, cut});
  }
}

void append_loops(const NestSpace& space, const Tiling& tiling, Loops& loops) {
  for (const ChosenCut& chosen : tiling) {
    const Loops& cut = space.cuts[chosen.rank_class][chosen.cut];
    loops.insert(loops.end(), cut.begin(), cut.end());
  }
}

std::vector<Candidate> streaming_nests(const Cascade& cascade, const SpatialMapping& mapping,
                                       const Engine& engine, const std::vector<OpId>& unit) {
  const Grid grid{cascade, mapping, engine, unit.back()};
  std::vector<Candidate> found;
  if (unit.size() > 1) {
    add_recurrence(grid, unit, found);
  } else {
    add_streaming(grid, found);
  }
  return found;
}

}  // namespace fusescape
