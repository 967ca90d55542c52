// How do strategies fuse consecutive operators, whatever the cascade? Runs of operators under one tile of the
// tokens.
#pragma once

#include <vector>

#include "fusescape/search/planner.hpp"
#include "fusescape/search/strategy.hpp"

namespace fusescape {

/// A run of units, fused or not, that becomes one group or, if it cannot, one group per unit.
using Run = std::vector<OpId>;

/// The first operator of each unit, in cascade order.
[[nodiscard]] std::vector<OpId> leaders(const Planner& planner);

/// The plan that runs each of `runs` as a group. A run of one unit runs as its best candidate; a longer one
/// that has no fused nest falls back to one group per unit.
[[nodiscard]] expected<Plan, Refusal> plan_of_runs(const Planner& planner, const Machine& machine,
                                                   const std::vector<Run>& runs);

/// Runs of `depth` operators, in cascade order; a recurrence is never split.
[[nodiscard]] std::vector<Run> runs_of_depth(const Planner& planner, std::size_t depth);

/// Appends the next unit to a run, or up to `lookahead` of them at once, while that takes less time than
/// running them apart.
[[nodiscard]] std::vector<Run> greedy_runs(const Planner& planner, const Machine& machine,
                                           std::size_t lookahead);

/// The longest runs of element-wise units; contractions and reductions stay alone.
[[nodiscard]] std::vector<Run> elementwise_runs(const Planner& planner);

}  // namespace fusescape
