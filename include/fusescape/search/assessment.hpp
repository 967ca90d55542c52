// What does one workload cost on one accelerator under one strategy or plan, with everything a report shows?
// In the closed form (assess) and tile by tile (simulate_plan).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "fusescape/arch/design.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/search/strategy.hpp"
#include "fusescape/sim/simulate.hpp"
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
  bool may_evict = false;            ///< A simulation was asked for, and one that evicts might run it.
};

/// A plan that runs in the closed form, or evicts what does not fit, and whose simulation has no result.
struct DoesNotSimulate {
  SimFailure why;
  std::string text;     ///< `why` in words.
  bool evicts = false;  ///< The simulation was told to.
};

/// Why there are no figures.
using WhyNot = std::variant<IllegalPlan, Refusal, DoesNotRun, DoesNotSimulate>;

/// The strategy's plan, under its name. Expects planner.serves(design.accelerator).
[[nodiscard]] expected<Plan, WhyNot> plan_of(const Planner& planner, const Design& design,
                                             const Strategy& strategy, const StrategyInputs& inputs = {});

[[nodiscard]] expected<Assessment, WhyNot> assess(const Cascade& cascade, const Design& design, Plan plan);
/// Expects planner.serves(design.accelerator).
[[nodiscard]] expected<Assessment, WhyNot> assess(const Planner& planner, const Design& design,
                                                  const Strategy& strategy,
                                                  const StrategyInputs& inputs = {});
[[nodiscard]] expected<Assessment, WhyNot> assess(const Cascade& cascade, const Design& design,
                                                  const Strategy& strategy,
                                                  const StrategyInputs& inputs = {});

/// Why the strategy has no figures, from why its plan has none: where that is a shortage, the part that needs
/// the most of all plans that the strategy makes in more and more room. With the capacity that it names, the
/// strategy runs.
[[nodiscard]] WhyNot whole_shortage(const Planner& planner, const Design& design, const Strategy& strategy,
                                    WhyNot found, const StrategyInputs& inputs = {});

/// A plan that was simulated, and what the closed form says of it.
struct SimulatedPlan {
  Assessment
      closed;  ///< If the plan does not fit: as if the memory were as large as it takes, banks as they are.
  bool fits = true;
  SimResult result;
};

/// Without eviction a plan that does not fit is refused.
[[nodiscard]] expected<SimulatedPlan, WhyNot> simulate_plan(const Cascade& cascade, const Design& design,
                                                            Plan plan, const SimOptions& options = {});
/// Expects planner.serves(design.accelerator).
[[nodiscard]] expected<SimulatedPlan, WhyNot> simulate_plan(const Planner& planner, const Design& design,
                                                            const Strategy& strategy,
                                                            const SimOptions& options = {},
                                                            const StrategyInputs& inputs = {});

/// On-chip bytes with which it would get further; none if room is not what it lacks in the closed form.
[[nodiscard]] std::optional<Bytes> capacity_needed(const WhyNot& why);

/// One paragraph per kind of failure, without a trailing newline: what does not fit, and by how much.
/// What would help is tried by search/levers.hpp.
[[nodiscard]] std::string describe(const WhyNot& why);

}  // namespace fusescape
