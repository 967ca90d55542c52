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
    return ChosenPlan{std::move(name), unexpected{WhyNot{std::move(*refusal)}}};
  }
  return ChosenPlan{std::move(name), std::move(*plan)};
}

/// The plan of `optimal`, and how it was found.
ChosenPlan optimal_of(const Strategy& strategy, const Inputs& inputs) {
  auto made = std::make_shared<const Planner>(inputs.workload.block, inputs.design.accelerator,
                                              std::stop_token{}, inputs.known);
  const Planner& planner = *made;
  std::string name{strategy.name};
  const auto refused = [&](Refusal refusal) {
    return ChosenPlan{name, unexpected{WhyNot{std::move(refusal)}}, &strategy};
  };
  const Machine& machine = inputs.design.machine;
  if (auto wide = wider_data(planner.cascade(), inputs.design.accelerator)) return refused(std::move(*wide));
  if (auto refusal = unsupported(planner.cascade(), machine)) return refused(std::move(*refusal));
  auto answer = optimal_answer(planner, machine, priced(inputs.strategy, inputs.design));
  if (!answer) return refused(std::move(answer.error()));
  Plan plan = std::move(answer->plan);
  plan.name = name;
  return {std::move(name), std::move(plan), &strategy, std::move(*answer), std::move(made)};
}

/// `found`, or if it lacks room, what its strategy lacks.
template <class Found>
expected<Found, WhyNot> or_whole_shortage(const Inputs& inputs, const ChosenPlan& chosen,
                                          expected<Found, WhyNot> found) {
  if (found || chosen.strategy == nullptr || !capacity_needed(found.error())) return found;
  const Planner planner{inputs.workload.block, inputs.design.accelerator};
  return unexpected{
      whole_shortage(planner, inputs.design, *chosen.strategy, std::move(found.error()), inputs.strategy)};
}

}  // namespace

PlanMaker maker_of(const ChosenPlan& chosen) {
  const Strategy* winner = chosen.optimal ? find_strategy(chosen.optimal->winner) : nullptr;
  return {chosen.name, winner != nullptr ? winner : chosen.strategy};
}

expected<ChosenPlan, Failure> chosen_plan(const std::string& strategy, const std::string& plan_file,
                                          const Inputs& inputs) {
  if (!plan_file.empty()) return plan_from_file(plan_file, inputs);
  const expected<const Strategy*, Failure> named = strategy_named(strategy);
  if (!named) return unexpected{named.error()};
  if ((*named)->name == kOptimalName) return optimal_of(**named, inputs);
  const Planner planner{inputs.workload.block, inputs.design.accelerator};
  return ChosenPlan{std::string{(*named)->name}, plan_of(planner, inputs.design, **named, inputs.strategy),
                    *named};
}

expected<Assessment, WhyNot> assess(const Inputs& inputs, const ChosenPlan& chosen) {
  if (!chosen.plan) return unexpected{chosen.plan.error()};
  return or_whole_shortage(inputs, chosen, assess(inputs.workload.block, inputs.design, *chosen.plan));
}

expected<SimulatedPlan, WhyNot> simulate_plan(const Inputs& inputs, const ChosenPlan& chosen,
                                              const SimOptions& options) {
  if (!chosen.plan) return unexpected{chosen.plan.error()};
  return or_whole_shortage(inputs, chosen,
                           simulate_plan(inputs.workload.block, inputs.design, *chosen.plan, options));
}

std::string ways_to_fit(const Inputs& inputs, const ChosenPlan& chosen) {
  const Cascade& cascade = inputs.workload.block;
  if (!chosen.plan && !capacity_needed(chosen.plan.error())) return "";
  if (chosen.plan) {
    const auto assessed = assess(cascade, inputs.design, *chosen.plan);
    if (assessed || !capacity_needed(assessed.error())) return "";
  }
  const std::vector<Lever> ways =
      chosen.strategy != nullptr
          ? ways_to_fit(cascade, inputs.design, PlanSource{chosen.strategy, inputs.strategy})
          : ways_to_fit(cascade, inputs.design, *chosen.plan);
  return ways.empty() ? "" : fmt::format("\nTried in the closed form, and it runs: {}.", describe(ways));
}

}  // namespace fusescape
