// What do `--arch`, `--workload`, `--strategy` and `--set` mean? From the user's words to values, or to the
// reason.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fusescape/app/arguments.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/arch/design.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/simulation.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/known_candidates.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

struct Inputs {
  Workload workload;  ///< Of a stack: Model::whole.
  Design design;
  StrategyInputs strategy{};      ///< What `--entropy` says.
  std::vector<Workload> kinds{};  ///< Of a stack: its kinds of layers.
  std::shared_ptr<KnownCandidates> known =
      std::make_shared<KnownCandidates>();  ///< Of all plans of a command.

  [[nodiscard]] bool has_one_block() const { return kinds.size() <= 1; }
};

/// Errors of both files are reported together.
[[nodiscard]] expected<Inputs, Failure> load_inputs(const InputArguments& arguments);

[[nodiscard]] expected<std::vector<Setting>, Failure> parse_settings(const std::vector<std::string>& texts);

/// A usage error with the nearest name if there is none of this name.
[[nodiscard]] expected<const Strategy*, Failure> strategy_named(const std::string& name);

[[nodiscard]] Failure failure_of(const InputError& error);
/// Why there is no evaluation: infeasible, or a strategy that does not go with this workload. `ways` is what
/// would help (chosen_plan.hpp), a line of its own.
[[nodiscard]] Failure failure_of(const WhyNot& error, const std::string& ways = {});

/// Of final norm and head, if the workload models them.
[[nodiscard]] std::optional<HeadOutcome> head_of(const Inputs& inputs);

/// What a run on the inputs' design took. Null: it does not run there; and no head is modelled.
struct Ran {
  const Cost* cost = nullptr;
  const EnergyBreakdown* energy = nullptr;
  const HeadOutcome* head = nullptr;
};

/// Whose plan a report is of.
struct PlanMaker {
  std::string_view name;               ///< In reports.
  const Strategy* strategy = nullptr;  ///< None: a file.
};

/// Where the entropies that the plan came from come from; "" if its strategy reads none.
[[nodiscard]] std::string entropies_of(const Inputs& inputs, const PlanMaker& maker);

/// Subject, entropies that the strategy reads among its assumptions, and figures.
[[nodiscard]] EvaluationReport report_of(const Inputs& inputs, const PlanMaker& maker, const Ran& ran);

/// The report of what `assess` found, whether it runs or not, and of the whole model with its head.
[[nodiscard]] EvaluationReport report_of(const Inputs& inputs, const PlanMaker& maker,
                                         const expected<Assessment, WhyNot>& found,
                                         const std::optional<HeadOutcome>& head);

/// Likewise of what `simulate_plan` found: the report of `evaluate --model sim`.
[[nodiscard]] EvaluationReport report_of(const Inputs& inputs, const PlanMaker& maker,
                                         const expected<SimulatedPlan, WhyNot>& found,
                                         const std::optional<HeadOutcome>& head);

}  // namespace fusescape
