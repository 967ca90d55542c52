// The strategy table's entry of `optimal`.
#pragma once

#include "fusescape/search/optimal.hpp"

namespace fusescape {

/// The plan of optimal_answer.
[[nodiscard]] expected<Plan, Refusal> optimal_plan(const Planner& planner, const Machine& machine,
                                                   const StrategyInputs& inputs);

}  // namespace fusescape
