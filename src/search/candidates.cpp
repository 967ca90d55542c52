#include "candidates.hpp"

#include <algorithm>

namespace fusescape {
namespace {

/// Which tiles of a rank are tried: 1, `first` and its multiples by powers of `growth`, and the whole extent.
struct TileGrid {
  std::int64_t first = 4;
  std::int64_t growth = 4;
};
constexpr TileGrid kCoarse{};
/// Of a contraction's columns and sums, which usually lie on the array: a tile that does not fill it idles
/// PEs.
constexpr TileGrid kForArrays{.first = 16, .growth = 2};

std::vector<std::int64_t> tiles_of(std::int64_t extent, TileGrid grid) {
  std::vector<std::int64_t> tiles;
  if (extent > 1) tiles.push_back(1);
  for (std::int64_t tile = grid.first; tile < extent; tile *= grid.growth) tiles.push_back(tile);
  tiles.push_back(extent);
  return tiles;
}

/// Loops that cut the row-major sequence of `ranks` at one rank: those before go one by one, those after stay
/// whole.
struct Cut {
  std::vector<LoopSpec> loops;
};

std::vector<Cut> cuts_of(const Cascade& cascade, const std::vector<RankId>& ranks, TileGrid grid = kCoarse) {
  std::vector<Cut> cuts{Cut{}};  // No loop at all: everything at once.
  std::vector<LoopSpec> before;
  for (const RankId rank : ranks) {
    const std::int64_t extent = cascade.extent(rank).value();
    if (extent == 1) continue;
    for (const std::int64_t tile : tiles_of(extent, grid)) {
      if (tile == extent) continue;
      Cut cut{before};
      cut.loops.push_back({rank, tile});
      cuts.push_back(std::move(cut));
    }
    before.push_back({rank, 1});
  }
  return cuts;
}

std::vector<LoopSpec> joined(std::vector<LoopSpec> outer, const std::vector<LoopSpec>& inner) {
  outer.insert(outer.end(), inner.begin(), inner.end());
  return outer;
}

/// The ranks of a contraction by who has them.
struct Roles {
  std::vector<RankId> rows;     ///< First input and output: tokens.
  std::vector<RankId> columns;  ///< Second input and output: output channels.
  std::vector<RankId> sums;     ///< Reduction.
  std::vector<RankId> shared;   ///< Both inputs and the output.
};

bool reads_rank(const Access& access, RankId rank) {
  return std::any_of(access.indices.begin(), access.indices.end(),
                     [&](const Index& index) { return index.rank == rank || index.tap == rank; });
}

Roles roles_of(const Operator& op) {
  Roles roles;
  for (const RankId rank : op.ranks) {
    const bool first = reads_rank(op.inputs[0], rank);
    const bool second = reads_rank(op.inputs[1], rank);
    if (has_rank(op.reduction_ranks, rank)) {
      roles.sums.push_back(rank);
    } else if (first && second) {
      roles.shared.push_back(rank);
    } else {
      (first ? roles.rows : roles.columns).push_back(rank);
    }
  }
  return roles;
}

/// Rows and columns in tiles, in either order, with the sums whole or tiled innermost.
void add_contraction(const Cascade& cascade, OpId op, std::vector<Candidate>& found) {
  const Roles roles = roles_of(cascade.op(op));
  std::vector<LoopSpec> outer;
  for (const RankId rank : roles.shared) {
    if (cascade.extent(rank).value() > 1) outer.push_back({rank, 1});
  }
  std::vector<std::vector<LoopSpec>> orders;  // Of rows and columns.
  for (const Cut& rows : cuts_of(cascade, roles.rows)) {
    for (const Cut& columns : cuts_of(cascade, roles.columns, kForArrays)) {
      orders.push_back(joined(rows.loops, columns.loops));
      if (!rows.loops.empty() && !columns.loops.empty()) orders.push_back(joined(columns.loops, rows.loops));
    }
  }
  const std::vector<Cut> all_sums = cuts_of(cascade, roles.sums, kForArrays);
  for (const std::vector<LoopSpec>& order : orders) {
    for (const Cut& sums : all_sums) {
      if (sums.loops.size() > 1) continue;
      found.push_back({.loops = joined(joined(outer, order), sums.loops), .operators = {op}});
    }
  }
}

/// Whether the loops step along a window that `op` reads: only then is there a halo to hold.
bool step_along_window(const Cascade& cascade, OpId op, const std::vector<LoopSpec>& loops) {
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
std::vector<std::vector<LoopSpec>> slices_of(const Cascade& cascade, const std::vector<RankId>& ranks) {
  if (ranks.size() < 2) return {};
  const RankId sliced = ranks[ranks.size() == 2 ? 1 : ranks.size() - 2];
  std::vector<RankId> rest;
  std::copy_if(ranks.begin(), ranks.end(), std::back_inserter(rest),
               [&](RankId rank) { return rank != sliced; });
  const std::int64_t extent = cascade.extent(sliced).value();
  std::vector<std::vector<LoopSpec>> nests;
  for (const std::int64_t tile : tiles_of(extent, kCoarse)) {
    std::vector<LoopSpec> outer;
    if (tile < extent) outer.push_back({sliced, tile});
    for (const Cut& cut : cuts_of(cascade, rest)) nests.push_back(joined(outer, cut.loops));
  }
  return nests;
}

/// The output's ranks cut in row-major order, also with tiles of one later rank outermost, which keeps
/// operands that lack the earlier ranks on chip. Each nest once.
void add_streaming(const Cascade& cascade, OpId op, std::vector<Candidate>& found) {
  const std::vector<RankId>& ranks = cascade.tensor(cascade.op(op).output).ranks;
  for (const Cut& cut : cuts_of(cascade, ranks)) {
    found.push_back({.loops = cut.loops, .operators = {op}});
    if (!step_along_window(cascade, op, cut.loops)) continue;
    found.push_back({.loops = cut.loops, .operators = {op}, .holds_windows = true});
  }
  for (std::vector<LoopSpec>& nest : slices_of(cascade, ranks)) {
    const bool known = std::any_of(found.begin(), found.end(),
                                   [&](const Candidate& candidate) { return candidate.loops == nest; });
    if (!known) found.push_back({.loops = std::move(nest), .operators = {op}});
  }
}

/// Step by step along the recurrence, every value through DRAM; the other ranks whole or in slices.
void add_recurrence(const Cascade& cascade, const std::vector<OpId>& unit, std::vector<Candidate>& found) {
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
  std::vector<LoopSpec> outer;
  for (auto rank = ranks.begin(); rank != at; ++rank) {
    if (cascade.extent(*rank).value() > 1) outer.push_back({*rank, 1});
  }
  if (cascade.extent(carried).value() > 1) outer.push_back({carried, 1});
  for (const Cut& cut : cuts_of(cascade, {at + 1, ranks.end()})) {
    found.push_back({.loops = joined(outer, cut.loops), .operators = unit, .spilled = spilled});
  }
}

}  // namespace

std::vector<Candidate> candidate_nests(const Cascade& cascade, const std::vector<OpId>& unit) {
  std::vector<Candidate> found;
  if (unit.size() > 1) {
    add_recurrence(cascade, unit, found);
  } else if (cascade.op(unit.front()).kind == OpKind::kMatmul) {
    add_contraction(cascade, unit.front(), found);
  } else {
    add_streaming(cascade, unit.front(), found);
  }
  return found;
}

}  // namespace fusescape
