#include "chosen_plan.hpp"

#include <fmt/format.h>

#include <utility>

#include "fusescape/search/levers.hpp"

namespace fusescape {
namespace {

expected<ChosenPlan, Failure> plan_from_file(const std::string& file, const Inputs& inputs) {
  const Cascade& cascade = inputs.workload.block;
  const Loaded<InputFile> input = find_input(Shelf::kPlans, file);
  if (!input) return unexpected{failure_of(input.error())};
  Loaded<Plan> plan = bind_legal_plan(*input, cascade, inputs.design.accelerator);
  if (!plan) return unexpected{failure_of(plan.error())};
  std::string name = plan->name.empty() ? file : plan->name;
  if (auto refusal = unsupported(cascade, inputs.design.machine)) {
    return ChosenPlan{std::move(name), unexpected{AssessmentError{std::move(*refusal)}}};
  }
  return ChosenPlan{std::move(name), std::move(*plan)};
}

/// Its plan, and how `optimal` found it if that is the strategy.
struct Found {
  expected<Plan, Refusal> plan;
  std::optional<OptimalAnswer> optimal;
};

Found found_by(const Strategy& strategy, const Planner& planner, const Inputs& inputs) {
  const Machine& machine = inputs.design.machine;
  if (strategy.name != kOptimalName) return {plan_by(strategy, planner, machine, inputs.strategy), {}};
  if (auto refusal = unsupported(planner.cascade(), machine)) return {unexpected{std::move(*refusal)}, {}};
  auto answer = optimal_answer(planner, machine, inputs.strategy);
  if (!answer) return {unexpected{std::move(answer.error())}, {}};
  Plan plan = std::move(answer->plan);
  return {std::move(plan), std::move(*answer)};
}

}  // namespace

ChosenPlan plan_of(const Strategy& strategy, const Inputs& inputs) {
  const std::string name{strategy.name};
  if (auto wide = wider_data(inputs.workload.block, inputs.design.accelerator)) {
    return {name, unexpected{AssessmentError{std::move(*wide)}}, &strategy};
  }
  const Planner planner{inputs.workload.block, inputs.design.accelerator};
  Found found = found_by(strategy, planner, inputs);
  expected<Plan, Refusal>& plan = found.plan;
  if (!plan) {
    return {name,
            unexpected{
                whole_shortage(planner, inputs.design, strategy, std::move(plan.error()), inputs.strategy)},
            &strategy};
  }
  plan->name = name;
  return {name, std::move(*plan), &strategy, std::move(found.optimal)};
}

expected<ChosenPlan, Failure> chosen_plan(const std::string& strategy, const std::string& plan_file,
                                          const Inputs& inputs) {
  if (!plan_file.empty()) return plan_from_file(plan_file, inputs);
  const expected<const Strategy*, Failure> named = strategy_named(strategy);
  if (!named) return unexpected{named.error()};
  return plan_of(**named, inputs);
}

std::string ways_to_fit(const Inputs& inputs, const ChosenPlan& chosen) {
  const Cascade& cascade = inputs.workload.block;
  const auto lacks_room = [](const AssessmentError& error) {
    const auto* run = std::get_if<DoesNotRun>(&error);
    const auto* refusal = std::get_if<Refusal>(&error);
    return (run != nullptr && run->why.reason == Infeasible::Reason::kCapacity) ||
           (refusal != nullptr && refusal->reason == Refusal::Reason::kDoesNotFit);
  };
  if (!chosen.plan && !lacks_room(chosen.plan.error())) return "";
  if (chosen.plan) {
    const auto assessed = assess(cascade, inputs.design, *chosen.plan);
    if (assessed || !lacks_room(assessed.error())) return "";
  }
  const std::vector<Lever> ways = chosen.strategy != nullptr
                                      ? ways_to_fit(cascade, inputs.design, *chosen.strategy)
                                      : ways_to_fit(cascade, inputs.design, *chosen.plan);
  return ways.empty() ? "" : fmt::format("\nTried in the closed form, and it runs: {}.", describe(ways));
}

}  // namespace fusescape
