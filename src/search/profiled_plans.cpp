#include "profiled_plans.hpp"

#include <utility>

#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"

namespace fusescape {

std::optional<Plan> draft(const Planner& planner, const Design& design, const Strategy& strategy,
                          const StrategyInputs& inputs) {
  const Cascade& cascade = planner.cascade();
  if (wider_data(cascade, design.accelerator)) return std::nullopt;
  expected<Plan, Refusal> plan = plan_by(strategy, planner, design, inputs);
  if (!plan || !hardware_violations(cascade, *plan, design.accelerator).empty()) return std::nullopt;
  return std::move(*plan);
}

std::shared_ptr<const ProfiledPlan> profiled(const Planner& planner, const Plan& plan, WithEnergy energy) {
  const Cascade& cascade = planner.cascade();
  const auto layout = lay_out(cascade, plan);
  if (!layout) return nullptr;
  auto made = std::make_shared<ProfiledPlan>();
  made->profile = profile(cascade, plan, *layout, planner.options());
  if (energy == WithEnergy::kYes) {
    made->counts = energy_counts(cascade, plan, *layout, made->profile, planner.options());
  }
  return made;
}

std::optional<HeadRun> priced(const ProfiledPlan& plan, const Design& design, WithEnergy energy) {
  const bool with_energy = energy == WithEnergy::kYes;
  std::vector<GroupCost> groups(with_energy ? plan.profile.groups.size() : 0);
  const auto cost = evaluate(plan.profile, design.machine, groups);
  if (!cost) return std::nullopt;
  HeadRun run{.cost = *cost, .energy = {}};
  if (!with_energy) return run;
  const std::vector<Activity> activities = activities_of(groups, design.machine, design.accelerator.clock);
  const EnergyPrices prices = prices_of(design.accelerator, design.technology.get());
  run.energy = energy_of(plan.counts, activities, prices).plan;
  return run;
}

}  // namespace fusescape
