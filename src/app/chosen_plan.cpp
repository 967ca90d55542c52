#include "chosen_plan.hpp"

#include <utility>

namespace fusescape {
namespace {

expected<ChosenPlan, Failure> plan_from_file(const std::string& file, const Inputs& inputs) {
  const Cascade& cascade = inputs.workload.block;
  const Loaded<InputFile> input = find_input(Shelf::kPlans, file);
  if (!input) return unexpected{failure_of(input.error())};
  Loaded<Plan> plan = bind_legal_plan(*input, cascade, inputs.accelerator);
  if (!plan) return unexpected{failure_of(plan.error())};
  std::string name = plan->name.empty() ? file : plan->name;
  const auto machine = make_machine(inputs.accelerator);
  if (!machine) return ChosenPlan{std::move(name), unexpected{AssessmentError{machine.error()}}};
  if (auto refusal = unsupported(cascade, *machine)) {
    return ChosenPlan{std::move(name), unexpected{AssessmentError{std::move(*refusal)}}};
  }
  return ChosenPlan{std::move(name), std::move(*plan)};
}

}  // namespace

ChosenPlan plan_of(const Strategy& strategy, const Inputs& inputs) {
  const std::string name{strategy.name};
  const auto machine = make_machine(inputs.accelerator);
  if (!machine) return {name, unexpected{AssessmentError{machine.error()}}};
  const Planner planner{inputs.workload.block, inputs.accelerator};
  expected<Plan, Refusal> plan = plan_by(strategy, planner, *machine, inputs.strategy);
  if (!plan) return {name, unexpected{AssessmentError{plan.error()}}};
  plan->name = name;
  return {name, std::move(*plan)};
}

expected<ChosenPlan, Failure> chosen_plan(const std::string& strategy, const std::string& plan_file,
                                          const Inputs& inputs) {
  if (!plan_file.empty()) return plan_from_file(plan_file, inputs);
  const expected<const Strategy*, Failure> named = strategy_named(strategy);
  if (!named) return unexpected{named.error()};
  return plan_of(**named, inputs);
}

}  // namespace fusescape
