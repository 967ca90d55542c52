#include "stack_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fusescape {
namespace {

bool lacks_operators(const ChosenPlan& chosen) {
  if (chosen.plan) return false;
  const auto* refusal = std::get_if<Refusal>(&chosen.plan.error());
  return refusal != nullptr && refusal->reason == Refusal::Reason::kMissingOperators;
}

LayerCost layer_cost(const EvaluationReport& layer) {
  LayerCost cost{.kind = layer.subject.workload, .count = layer.subject.n_layer, .cost = {}};
  if (!layer.outcome) return cost;
  cost.cost = layer.outcome->cost;
  cost.energy = layer.outcome->energy;
  return cost;
}

/// One kind's report, and if it does not run, why.
template <class Found>
EvaluationReport kind_report(const KindPlan& plan, const expected<Found, WhyNot>& found,
                             std::optional<Failure>& refused) {
  if (!found && !refused) refused = failure_of_kind(plan, found.error());
  return report_of(plan.inputs, maker_of(plan.chosen), found, std::nullopt);
}

}  // namespace

expected<std::vector<KindPlan>, Failure> kind_plans(const std::string& strategy, const std::string& plan_file,
                                                    const Inputs& inputs) {
  if (!plan_file.empty()) {
    return unexpected{Failure{ExitCode::kUsage,
                              fmt::format("error: --plan is for one block, and {} has {} kinds of layers\n",
                                          inputs.workload.name, inputs.kinds.size())}};
  }
  std::vector<KindPlan> plans;
  std::optional<WhyNot> first_refusal;
  for (const Workload& kind : inputs.kinds) {
    KindPlan plan{.inputs = {kind, inputs.design, inputs.strategy, {}, inputs.known}, .chosen = {}};
    expected<ChosenPlan, Failure> chosen = chosen_plan(strategy, "", plan.inputs);
    if (chosen && lacks_operators(*chosen)) {
      if (!first_refusal) first_refusal = chosen->plan.error();
      plan.is_replaced = true;
      chosen = chosen_plan("unfused", "", plan.inputs);
    }
    if (!chosen) return unexpected{std::move(chosen.error())};
    plan.chosen = std::move(*chosen);
    plan.chosen.planner.reset();  // It refers to inputs that are about to move.
    plans.push_back(std::move(plan));
  }
  const bool none =
      std::all_of(plans.begin(), plans.end(), [](const auto& plan) { return plan.is_replaced; });
  if (none) return unexpected{failure_of(*first_refusal)};
  return plans;
}

Failure failure_of_kind(const KindPlan& plan, const WhyNot& why) {
  Failure failure = failure_of(why, ways_to_fit(plan.inputs, plan.chosen));
  const std::size_t colon = failure.text.find(": ");
  if (colon != std::string::npos) {
    failure.text.insert(colon + 2, fmt::format("layers {}: ", plan.inputs.workload.name));
  }
  return failure;
}

EvaluationReport stack_report(const Inputs& inputs, std::string_view strategy,
                              const std::vector<KindPlan>& plans, std::vector<EvaluationReport> layers,
                              const std::optional<HeadOutcome>& head) {
  std::vector<LayerCost> costs;
  costs.reserve(layers.size());
  for (const EvaluationReport& layer : layers) costs.push_back(layer_cost(layer));
  const auto runs = [](const LayerCost& layer) { return layer.cost.has_value(); };
  const bool all_run = std::all_of(costs.begin(), costs.end(), runs);
  EvaluationReport report = report_of(Evaluated{.workload = inputs.workload,
                                                .design = inputs.design,
                                                .head = head && all_run ? &*head : nullptr,
                                                .layers = costs},
                                      strategy);
  report.subject.model = layers.front().subject.model;
  for (const KindPlan& plan : plans) {
    if (!plan.is_replaced) continue;
    report.subject.assumptions.push_back(fmt::format(
        "{} runs unfused where a strategy fuses operators that it lacks", plan.inputs.workload.name));
  }
  for (const EvaluationReport& layer : layers) {
    if (!layer.outcome && report.reason.empty()) {
      report.reason = fmt::format("layers {}: {}", layer.subject.workload, layer.reason);
    }
    if (report.subject.entropy.empty()) report.subject.entropy = layer.subject.entropy;
  }
  report.layers = std::move(layers);
  return report;
}

StackAnswer evaluated_stack(const Inputs& inputs, std::string_view strategy,
                            const std::vector<KindPlan>& plans, bool simulated,
                            const std::optional<HeadOutcome>& head) {
  std::optional<Failure> refused;
  std::vector<EvaluationReport> layers;
  layers.reserve(plans.size());
  for (const KindPlan& plan : plans) {
    layers.push_back(simulated ? kind_report(plan, simulate_plan(plan.inputs, plan.chosen), refused)
                               : kind_report(plan, assess(plan.inputs, plan.chosen), refused));
  }
  return {stack_report(inputs, strategy, plans, std::move(layers), head), std::move(refused)};
}

}  // namespace fusescape
