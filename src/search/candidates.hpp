// Which loop nests are worth trying for a group of operators that runs alone?
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "fusescape/arch/machine.hpp"
#include "fusescape/search/planner.hpp"

namespace fusescape {

/// How many elements along `rank` fill the rows, columns, PEs or cores that it lies on, with all of the ranks
/// that lie there inside it; 1 if it lies nowhere.
[[nodiscard]] std::int64_t size_along(const Cascade& cascade, const SpatialMapping& mapping,
                                      const Engine& engine, RankId rank);

/// Loops over some ranks, outermost first.
using Loops = std::vector<LoopSpec>;

/// The nests of one operator: of each class of ranks one cut, and the cuts in any order. Ranks of a class are
/// had by the same operands, so that no order among them beats the row-major one.
struct NestSpace {
  std::vector<std::vector<RankId>> ranks;  ///< Per class.
  std::vector<std::vector<Loops>> cuts;    ///< Per class; the empty one leaves the class whole.
  bool first_outermost = false;  ///< All operands have the first class: nothing is gained inside others.
};

/// Of an operator that reads nothing shifted. Tiles: search/tile_grid.hpp, coarser where there are too many.
[[nodiscard]] NestSpace nest_space(const Cascade& cascade, const SpatialMapping& mapping,
                                   const Engine& engine, OpId op);

/// Whether `op` has a nest_space: not if it reads along windows or its own output.
[[nodiscard]] bool has_nest_space(const Cascade& cascade, OpId op);

/// A cut of one class of a space.
struct ChosenCut {
  std::size_t rank_class = 0;
  std::size_t cut = 0;
};

/// One choice of cuts, outermost first: those that have loops.
using Tiling = std::vector<ChosenCut>;

/// All tilings of a space are numbered from 0 on, the first class's cut fastest.
[[nodiscard]] std::size_t tilings(const NestSpace& space);

/// Its cuts in the order of the classes.
void set_tiling(const NestSpace& space, std::size_t number, Tiling& tiling);

/// `visit(tiling)` for each order of the cuts of `tiling`, from that of the classes on, to which they return.
template <class Visit>
void for_each_order(const NestSpace& space, Tiling& tiling, const Visit& visit) {
  const bool fixed = space.first_outermost && !tiling.empty() && tiling.front().rank_class == 0;
  const auto earlier = [](const ChosenCut& a, const ChosenCut& b) { return a.rank_class < b.rank_class; };
  do {
    visit(tiling);
  } while (std::next_permutation(tiling.begin() + (fixed ? 1 : 0), tiling.end(), earlier));
}

void append_loops(const NestSpace& space, const Tiling& tiling, Loops& loops);

/// Loop nests of a unit without a nest space, without profiles. docs/model/strategies.md describes them.
[[nodiscard]] std::vector<Candidate> streaming_nests(const Cascade& cascade, const SpatialMapping& mapping,
                                                     const Engine& engine, const std::vector<OpId>& unit);

/// Likewise for consecutive units that run as one group: loops over the outer ranks that all of them share.
[[nodiscard]] std::vector<Candidate> fused_nests(const Cascade& cascade, const std::vector<OpId>& operators);

/// Whether the operators hold a recurrence along `rank`.
[[nodiscard]] bool carries(const Cascade& cascade, const std::vector<OpId>& operators, RankId rank);

/// Leading ranks of the outputs that all of the operators have.
[[nodiscard]] std::vector<RankId> shared_ranks(const Cascade& cascade, const std::vector<OpId>& operators);

}  // namespace fusescape
