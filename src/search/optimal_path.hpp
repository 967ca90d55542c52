// Which groups, one after another, take the least time?
#pragma once

#include <optional>

#include "fusescape/search/planner.hpp"
#include "optimal_space.hpp"

namespace fusescape {

/// The fastest partition of the cascade into groups of the space and operators that run alone.
struct OptimalPath {
  Plan plan;
  Ticks latency;
  Ticks bound;  ///< Of the fastest partition if each group took no longer than its busiest resource.
};

/// None if some operator fits in no group.
[[nodiscard]] std::optional<OptimalPath> optimal_path(const Planner& planner, const OptimalSpace& space,
                                                      const Machine& machine);

}  // namespace fusescape
