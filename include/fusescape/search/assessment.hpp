// What does one workload cost on one accelerator under one strategy or plan, with everything a report shows?
#pragma once

#include <string>
#include <variant>
#include <vector>

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
  Machine machine;
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

using AssessmentError = std::variant<IllegalPlan, Refusal, DoesNotRun, NoTimeBase>;

[[nodiscard]] expected<Assessment, AssessmentError> assess(const Cascade& cascade,
                                                           const Accelerator& accelerator, Plan plan);
/// Expects planner.serves(accelerator).
[[nodiscard]] expected<Assessment, AssessmentError> assess(const Planner& planner,
                                                           const Accelerator& accelerator,
                                                           const Strategy& strategy,
                                                           const StrategyInputs& inputs = {});
[[nodiscard]] expected<Assessment, AssessmentError> assess(const Cascade& cascade,
                                                           const Accelerator& accelerator,
                                                           const Strategy& strategy,
                                                           const StrategyInputs& inputs = {});

/// One paragraph per kind of failure, without a trailing newline: what does not fit, by how much, and the
/// lever.
[[nodiscard]] std::string describe(const AssessmentError& error);

}  // namespace fusescape
