// What does one workload cost on one accelerator under one strategy or plan, with everything a report shows?
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "fusescape/arch/design.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/search/strategy.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// A plan with its parts, checked and priced.
struct Assessment {
  Plan plan;
  Layout layout;
  PlanProfile profile;
  Cost cost;                      ///< Of one block.
  std::vector<GroupCost> groups;  ///< Parallel to profile.groups.
};

/// A plan that breaks rules, described, one line each.
struct IllegalPlan {
  std::vector<std::string> reasons;
};

/// A legal plan that this accelerator cannot hold or run.
struct DoesNotRun {
  Infeasible why;
  std::string group;                 ///< Operators of the group that does not fit.
  std::vector<std::string> tensors;  ///< Its largest buffers, "A 1,310,720 B", largest first.
};

using AssessmentError = std::variant<IllegalPlan, Refusal, DoesNotRun>;

[[nodiscard]] expected<Assessment, AssessmentError> assess(const Cascade& cascade, const Design& design,
                                                           Plan plan);
/// Expects planner.serves(design.accelerator).
[[nodiscard]] expected<Assessment, AssessmentError> assess(const Planner& planner, const Design& design,
                                                           const Strategy& strategy,
                                                           const StrategyInputs& inputs = {});
[[nodiscard]] expected<Assessment, AssessmentError> assess(const Cascade& cascade, const Design& design,
                                                           const Strategy& strategy,
                                                           const StrategyInputs& inputs = {});

/// If `found` is a shortage, that of the part of the strategy's plan that needs the most: what `found` names
/// may let the planner go on to another one. With the capacity that is named, the strategy runs. Expects
/// planner.serves(accelerator).
[[nodiscard]] AssessmentError whole_shortage(const Planner& planner, const Design& design,
                                             const Strategy& strategy, AssessmentError found,
                                             const StrategyInputs& inputs = {});

/// One paragraph per kind of failure, without a trailing newline: what does not fit, and by how much.
/// What would help is tried by search/levers.hpp.
[[nodiscard]] std::string describe(const AssessmentError& error);

}  // namespace fusescape
