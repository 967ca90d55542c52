// Which loop nests are worth trying for a group of operators that runs alone?
#pragma once

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
  std::vector<std::vector<Loops>> cuts;  ///< Per class; the empty one leaves the class whole.
  bool first_outermost = false;  ///< All operands have the first class: nothing is gained inside others.
};

/// Of an operator that reads nothing shifted. Tiles: search/tile_grid.hpp, coarser where there are too many.
[[nodiscard]] NestSpace nest_space(const Cascade& cascade, const SpatialMapping& mapping,
                                   const Engine& engine, OpId op);

/// Whether `op` has a nest_space: not if it reads along windows or its own output, or if all its operands
/// have the same ranks.
[[nodiscard]] bool has_nest_space(const Cascade& cascade, OpId op);

/// One choice of cuts: those that have loops.
using Tiling = std::vector<const Loops*>;

/// `visit(tiling, fixed)` for each; the first `fixed` cuts of the tiling stay outermost.
template <class Visit>
void for_each_tiling(const NestSpace& space, const Visit& visit) {
  std::vector<std::size_t> at(space.cuts.size(), 0);
  Tiling tiling;
  for (bool more = true; more;) {
    tiling.clear();
    for (std::size_t c = 0; c < at.size(); ++c) {
      if (!space.cuts[c][at[c]].empty()) tiling.push_back(&space.cuts[c][at[c]]);
    }
    const bool fixed = space.first_outermost && !space.cuts.front()[at.front()].empty();
    visit(tiling, fixed ? std::size_t{1} : std::size_t{0});
    std::size_t wrapped = 0;
    for (; wrapped < at.size() && ++at[wrapped] == space.cuts[wrapped].size(); ++wrapped) {
      at[wrapped] = 0;
    }
    more = wrapped < at.size();
  }
}

/// `visit(loops)` for each order of the tiling's cuts, the first `fixed` of them outermost.
template <class Visit>
void for_each_order(const Tiling& tiling, std::size_t fixed, const Visit& visit) {
  std::vector<std::size_t> order(tiling.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Loops loops;
  do {
    loops.clear();
    for (const std::size_t i : order) loops.insert(loops.end(), tiling[i]->begin(), tiling[i]->end());
    visit(loops);
  } while (std::next_permutation(order.begin() + static_cast<std::ptrdiff_t>(fixed), order.end()));
}

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
