// Where in a plan does each operator run? Positions that legality, buffers and hardware checks share.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/plan/plan.hpp"

namespace fusescape {

/// Per operator of the cascade. Valid only for plans that place no operator twice.
struct Placement {
  std::vector<NodeId> leaf;         ///< The operator's node; the root if the plan does not run it.
  std::vector<std::int32_t> order;  ///< Its position among all leaves.
  std::vector<std::int32_t> group;  ///< The position of its group below the root.

  [[nodiscard]] bool placed(OpId op) const { return leaf[index_of(op)] != kRoot; }
};

[[nodiscard]] Placement place(const Cascade& cascade, const Plan& plan);

/// Innermost node above `leaf` that can store buffers: its parent, or the chain's parent.
[[nodiscard]] NodeId storing_parent(const Plan& plan, NodeId leaf);

/// Position among the children of `node` of the one that holds `below`. Expects `node` above `below`.
[[nodiscard]] std::int32_t child_position(const Plan& plan, NodeId node, NodeId below);

/// Extent of `rank` left by the loops down to and including `node`.
[[nodiscard]] std::int64_t tile_extent(const Cascade& cascade, const Plan& plan, NodeId node, RankId rank);

/// A loop with more than one trip.
struct LiveLoop {
  NodeId node = kRoot;
  RankId rank{};
};

/// The loops down to and including `node` that run more than once, outermost first.
[[nodiscard]] std::vector<LiveLoop> live_loops(const Cascade& cascade, const Plan& plan, NodeId node);

}  // namespace fusescape
