// What does a report say of how `optimal` found its plan?
#pragma once

#include <optional>

#include "chosen_plan.hpp"
#include "fusescape/report/optimal_report.hpp"

namespace fusescape {

/// None: another strategy, or no plan. `pareto`: with the plans that none beats in latency and energy.
[[nodiscard]] std::optional<OptimalReport> optimal_report(const Inputs& inputs, const ChosenPlan& chosen,
                                                          bool pareto);

/// Likewise, why it is the best one.
[[nodiscard]] std::optional<OptimalExplanation> optimal_explanation(const Inputs& inputs,
                                                                    const ChosenPlan& chosen);

}  // namespace fusescape
