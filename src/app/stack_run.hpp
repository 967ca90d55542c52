// How does a strategy run a stack? Each kind of layers on its own, and `unfused` where it has nothing that
// the strategy fuses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chosen_plan.hpp"
#include "inputs.hpp"

namespace fusescape {

/// A kind of layers with its plan.
struct KindPlan {
  Inputs inputs;  ///< The kind's workload on the design.
  ChosenPlan chosen;
  bool is_replaced = false;  ///< It has none of the operators that the strategy fuses, and runs `unfused`.
};

/// Of a stack. A strategy that goes with no kind is refused, and so is a plan file where there are several.
[[nodiscard]] expected<std::vector<KindPlan>, Failure> kind_plans(const std::string& strategy,
                                                                  const std::string& plan_file,
                                                                  const Inputs& inputs);

/// A kind's failure, naming the kind.
[[nodiscard]] Failure failure_of_kind(const KindPlan& plan, const WhyNot& why);

/// The whole model's report, of the reports of its kinds: `plans` and `layers` are parallel, and not empty.
[[nodiscard]] EvaluationReport stack_report(const Inputs& inputs, std::string_view strategy,
                                            const std::vector<KindPlan>& plans,
                                            std::vector<EvaluationReport> layers,
                                            const std::optional<HeadOutcome>& head);

/// A stack under a strategy, and if some kind does not run, why.
struct StackAnswer {
  EvaluationReport report;
  std::optional<Failure> refused{};
};

/// In the closed form, or simulated.
[[nodiscard]] StackAnswer evaluated_stack(const Inputs& inputs, std::string_view strategy,
                                          const std::vector<KindPlan>& plans, bool simulated,
                                          const std::optional<HeadOutcome>& head);

}  // namespace fusescape
