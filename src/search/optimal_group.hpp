// What does a group of bodies under token loops look like as a plan, and what does it cost, machines apart?
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/search/array_work.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/workload/roles.hpp"
#include "optimal_structure.hpp"
#include "packed_work.hpp"

namespace fusescape {

/// A group of the class that `optimal` searches.
struct FusedGroup {
  std::vector<LoopSpec> tokens;  ///< Outermost first.
  Structure bodies;
  std::vector<std::int64_t> tiles;  ///< Per body; the extent of its rank if it does not loop.
  bool chained = true;              ///< Element-wise runs over the same ranks are chains.
  std::int64_t step = 1;            ///< Tokens of a state update at a time: more only if it is one chain.
  GroupProfile profile{};           ///< Without its work, if that is packed.
  ArrayWork work{};
  PackedWork packed{};
};

/// Of a profiled group.
[[nodiscard]] Weights weights_of(const FusedGroup& group);

/// Adds it to `plan` as a group. Per body its loop, or the node above it if it has none.
std::vector<NodeId> add_fused_group(Plan& plan, const Cascade& cascade,
                                    const std::vector<StateUpdate>& updates, const FusedGroup& group);

}  // namespace fusescape
