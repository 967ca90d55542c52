// Which path of the space is the best one, and what is it called?
#pragma once

#include <string>
#include <vector>

#include "optimal_path.hpp"

namespace fusescape {

/// The groups that these ingredients leave.
[[nodiscard]] const OptimalSpace& space_of(const Planner& planner, const Ingredients& with);

[[nodiscard]] bool less(const PlanFigures& a, const PlanFigures& b, Objective objective,
                        const TickScale& scale);

/// Of paths that no other one beats the one that has least of what is minimised; null if there is none.
[[nodiscard]] const OptimalPath* best_of(const std::vector<OptimalPath>& paths, const StrategyInputs& inputs,
                                         const TickScale& scale);

/// "{norm_square..norm_mul}".
[[nodiscard]] std::string group_name(const Planner& planner, const SpaceEdge& edge);

/// "{norm_square..norm_mul}, {in_proj}".
[[nodiscard]] std::string partition_of(const OptimalPath& path, const Planner& planner);

}  // namespace fusescape
