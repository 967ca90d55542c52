// Which plan do `--strategy S` or `--plan FILE` mean for these inputs?
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/optimal.hpp"
#include "fusescape/support/expected.hpp"
#include "inputs.hpp"

namespace fusescape {

/// A plan, or why its strategy has none, and the name that reports show for it.
struct ChosenPlan {
  std::string name;
  expected<Plan, WhyNot> plan;
  const Strategy* strategy = nullptr;        ///< None: the plan is a file's.
  std::optional<OptimalAnswer> optimal{};    ///< Of `optimal`: how it was found. Its plan is moved out.
  std::shared_ptr<const Planner> planner{};  ///< Likewise, what found it. Refers to the inputs.
};

/// For reports: of `optimal`, the strategy whose plan it took.
[[nodiscard]] PlanMaker maker_of(const ChosenPlan& chosen);

/// Expects one of the two names to be empty. A file that maps nothing to hardware leaves that to the
/// accelerator's own rules.
[[nodiscard]] expected<ChosenPlan, Failure> chosen_plan(const std::string& strategy,
                                                        const std::string& plan_file, const Inputs& inputs);

/// What the chosen plan costs; or why it, or its strategy in any more room than it asks for, has no cost.
[[nodiscard]] expected<Assessment, WhyNot> assess(const Inputs& inputs, const ChosenPlan& chosen);
[[nodiscard]] expected<SimulatedPlan, WhyNot> simulate_plan(const Inputs& inputs, const ChosenPlan& chosen,
                                                            const SimOptions& options = {});

/// "\nTried in the closed form, and it runs: --set sram.capacity=\"16384 B\": 9000 cycles; ..." if `chosen`
/// lacks room on chip; else nothing.
[[nodiscard]] std::string ways_to_fit(const Inputs& inputs, const ChosenPlan& chosen);

}  // namespace fusescape
