// Into which bodies does a run of operators fall, if they share one loop over the tokens?
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Operators one after another under one loop over `rank`, or whole.
struct Body {
  std::vector<OpId> operators;
  std::optional<RankId> rank{};
  friend bool operator==(const Body&, const Body&) = default;
};

/// The bodies of one group, one after another under the group's token loops.
using Structure = std::vector<Body>;

[[nodiscard]] inline bool holds(const std::vector<OpId>& operators, OpId op) {
  return std::find(operators.begin(), operators.end(), op) != operators.end();
}

/// The operators of all state updates.
[[nodiscard]] std::vector<OpId> operators_around_states(const Cascade& cascade);

/// Whether the unit is a contraction on its own, not one around a recurrence.
[[nodiscard]] bool contracts(const Cascade& cascade, const std::vector<OpId>& around_states,
                             const std::vector<OpId>& unit);

/// Ways to cut `units` (in execution order; a recurrence is one unit) into bodies, whatever the tiles.
/// Element-wise operators, and those around a recurrence, join the body before them where it loops over a
/// rank of theirs and what they read of it is complete; a contraction may join, or begin a body over an
/// output rank, or over a sum. The first are those that join most; at most `most`.
[[nodiscard]] std::vector<Structure> structures_of(const Cascade& cascade,
                                                   const std::vector<std::vector<OpId>>& units,
                                                   const std::vector<RankId>& tokens, std::size_t most);

}  // namespace fusescape
