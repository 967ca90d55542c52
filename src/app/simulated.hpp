// What does simulating a plan give, and why may it give nothing? The simulator and the closed form, run on
// one plan.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "chosen_plan.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/report/simulation.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/sim/simulate.hpp"
#include "fusescape/support/expected.hpp"
#include "inputs.hpp"

namespace fusescape {

/// No plan, an illegal one, one that does not fit; or what stopped the simulation.
using SimulationError = std::variant<AssessmentError, SimFailure>;
using Simulated = expected<SimulatedPlan, SimulationError>;

/// Without eviction a plan that does not fit is refused.
[[nodiscard]] Simulated simulated_plan(const Inputs& inputs, ChosenPlan chosen, const SimOptions& options);

/// What to say of it, and the lever, without a trailing newline.
[[nodiscard]] std::string describe(const Inputs& inputs, const SimulationError& error,
                                   const SimOptions& options);

[[nodiscard]] Failure failure_of(const Inputs& inputs, const SimulationError& error,
                                 const SimOptions& options);

/// The report of `evaluate --model sim`, whether it runs or not.
[[nodiscard]] EvaluationReport simulated_report(const Inputs& inputs, std::string_view strategy,
                                                const Simulated& simulated, const SimOptions& options,
                                                const std::optional<HeadOutcome>& head);

}  // namespace fusescape
