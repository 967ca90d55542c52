#include "fusescape/search/optimal.hpp"

#include <optional>

#include "alone.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "optimal_path.hpp"
#include "optimal_plan.hpp"

namespace fusescape {
namespace {

/// Closed-form latency of a plan that this machine runs.
std::optional<Ticks> latency_of(const Planner& planner, const Plan& plan, const Machine& machine) {
  if (!planner.runs_on_hardware(plan)) return std::nullopt;
  const auto layout = lay_out(planner.cascade(), plan);
  if (!layout) return std::nullopt;
  const auto cost = evaluate(profile(planner.cascade(), plan, *layout, planner.options()), machine);
  return cost ? std::optional{cost->total.latency} : std::nullopt;
}

/// Why no group runs some operator: the first that does not fit alone.
Refusal refusal_of(const Planner& planner, const Machine& machine) {
  Plan plan;
  for (std::size_t i = 0; i < planner.cascade().operators.size(); ++i) {
    auto added = add_alone(plan, planner, machine, OpId{static_cast<std::uint16_t>(i)});
    if (!added) return std::move(added.error());
  }
  return {Refusal::Reason::kOverflow, "its counts do not fit 64 bits; smaller ranks would do", {}, {}};
}

}  // namespace

expected<OptimalAnswer, Refusal> optimal_answer(const Planner& planner, const Machine& machine,
                                                const StrategyInputs& inputs) {
  const OptimalSpace& space = planner.optimal_space();
  std::optional<OptimalAnswer> best;
  if (auto path = optimal_path(planner, space, machine)) {
    best = OptimalAnswer{.plan = std::move(path->plan),
                         .latency = path->latency,
                         .bound = path->bound,
                         .laid_out = space.tried(),
                         .winner = kOptimalName};
  }
  std::size_t compared = 0;
  for (const Strategy& strategy : strategies()) {
    if (strategy.name == kOptimalName) continue;
    auto plan = strategy.build(planner, machine, inputs);
    const auto latency = plan ? latency_of(planner, *plan, machine) : std::nullopt;
    if (!latency) continue;
    ++compared;
    if (best && best->latency <= *latency) continue;
    if (!best) best = OptimalAnswer{.plan = {}, .latency = {}, .bound = *latency, .laid_out = space.tried()};
    best->plan = std::move(*plan);
    best->latency = *latency;
    best->bound = std::min(best->bound, *latency);
    best->winner = strategy.name;
  }
  if (!best) return unexpected{refusal_of(planner, machine)};
  best->plan.name.clear();
  best->compared = compared;
  return std::move(*best);
}

expected<Plan, Refusal> optimal_plan(const Planner& planner, const Machine& machine,
                                     const StrategyInputs& inputs) {
  auto answer = optimal_answer(planner, machine, inputs);
  if (!answer) return unexpected{std::move(answer.error())};
  return std::move(answer->plan);
}

}  // namespace fusescape
