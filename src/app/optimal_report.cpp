#include "optimal_report.hpp"

#include "fusescape/cost/busy_time.hpp"
#include "fusescape/cost/physical_limit.hpp"
#include "fusescape/search/optimal_explain.hpp"

namespace fusescape {
namespace {

constexpr double kPicojoule = 1e-12;

/// A figure of what is minimised, in the unit of its metric.
Value shown(const PlanFigures& figures, Objective objective, const Design& design) {
  const TickScale& scale = design.machine.scale;
  switch (objective) {
    case Objective::kLatency:
      break;
    case Objective::kEnergy:
      return figures.energy_pj;
    case Objective::kDramBytes:
      return figures.moved.value();
    case Objective::kEnergyDelay:
      return figures.energy_delay(scale) * kPicojoule / design.accelerator.clock.value();
  }
  return scale.whole_cycles(figures.latency).value();
}

Value physical(const Inputs& inputs, Objective objective) {
  const auto limit = physical_limit(inputs.workload.block, inputs.design.accelerator);
  if (!limit || reads_energy(objective)) return {};
  if (objective == Objective::kDramBytes) return (limit->dram_read + limit->dram_write).value();
  return limit->latency.value();
}

/// How long the plan's groups are busy, one after another.
std::optional<Ticks> busy(const Inputs& inputs, const Plan& plan) {
  const auto assessed = assess(inputs.workload.block, inputs.design, plan);
  if (!assessed) return std::nullopt;
  Ticks sum;
  for (const GroupProfile& group : assessed->profile.groups) {
    sum += busy_time(group, inputs.design.machine).least();
  }
  return sum;
}

std::optional<GapReport> gap_parts(const Inputs& inputs, const ChosenPlan& chosen,
                                   const OptimalBound& bound) {
  if (inputs.strategy.minimize != Objective::kLatency) return std::nullopt;
  const std::optional<Ticks> at_least = busy(inputs, *chosen.plan);
  if (!at_least) return std::nullopt;
  const TickScale& scale = inputs.design.machine.scale;
  return GapReport{.waits = scale.whole_cycles(chosen.optimal->figures.latency - *at_least),
                   .busier = scale.whole_cycles(*at_least - std::min(*at_least, bound.figures.latency)),
                   .partition = bound.partition};
}

std::string metric_shown(Objective objective) {
  return std::string{objective == Objective::kLatency ? "latency_cycles" : metric_of(objective)};
}

std::optional<OptimalExplanation::Split> split_of(const Inputs& inputs, const ChosenPlan& chosen) {
  const auto gain = gain_over_unfused(*chosen.planner, inputs.design, *chosen.plan);
  if (!gain) return std::nullopt;
  const TickScale& scale = inputs.design.machine.scale;
  const Int128 per_cycle = scale.ticks_per_cycle();
  const auto cycles = [&](Ticks ticks) { return static_cast<std::int64_t>(ticks.value() / per_cycle); };
  const std::int64_t before = scale.whole_cycles(gain->before).value();
  const std::int64_t all = before - scale.whole_cycles(chosen.optimal->figures.latency).value();
  const std::int64_t traffic = cycles(gain->traffic);
  const std::int64_t work = cycles(gain->work);
  return OptimalExplanation::Split{before, traffic, work, all - traffic - work};
}

}  // namespace

std::optional<OptimalExplanation> optimal_explanation(const Inputs& inputs, const ChosenPlan& chosen) {
  if (!chosen.optimal || !chosen.plan) return std::nullopt;
  const Objective objective = inputs.strategy.minimize;
  const Machine& machine = inputs.design.machine;
  const StrategyInputs asked = priced(inputs.strategy, inputs.design);
  const PlanFigures& figures = chosen.optimal->figures;
  OptimalExplanation found{.minimize = metric_shown(objective),
                           .value = shown(figures, objective, inputs.design),
                           .marginal = {},
                           .latency = machine.scale.whole_cycles(figures.latency),
                           .moved = figures.moved,
                           .split = split_of(inputs, chosen)};
  for (const MarginalGain& gain : marginal_gains(*chosen.planner, inputs.design, asked)) {
    Design design = inputs.design;
    design.machine.scale = gain.scale;
    found.marginal.push_back({gain.change, gain.figures ? shown(*gain.figures, objective, design) : Value{}});
  }
  if (chosen.optimal->winner != kOptimalName) return found;
  const auto next = next_best(*chosen.planner, machine, asked);
  if (!next) return found;
  found.next = OptimalExplanation::Next{shown(next->figures, objective, inputs.design),
                                        machine.scale.whole_cycles(next->figures.latency),
                                        next->figures.moved, next->groups, next->instead_of};
  return found;
}

std::optional<OptimalReport> optimal_report(const Inputs& inputs, const ChosenPlan& chosen, bool pareto) {
  if (!chosen.optimal || !chosen.plan) return std::nullopt;
  const OptimalAnswer& answer = *chosen.optimal;
  const Objective objective = inputs.strategy.minimize;
  const Machine& machine = inputs.design.machine;
  StrategyInputs asked = priced(inputs.strategy, inputs.design);
  const OptimalBound bound = optimal_bound(*chosen.planner, machine, asked, answer);
  OptimalReport report{.over = optimal_class(asked.with, answer.whole),
                       .whole = answer.whole,
                       .winner = std::string{answer.winner},
                       .minimize = metric_shown(objective),
                       .value = shown(answer.figures, objective, inputs.design),
                       .bound = shown(bound.figures, objective, inputs.design),
                       .physical = physical(inputs, objective),
                       .simulated = {},
                       .laid_out = static_cast<std::int64_t>(answer.laid_out),
                       .compared = static_cast<std::int64_t>(answer.compared),
                       .parts = gap_parts(inputs, chosen, bound)};
  report.gap = number_of(report.bound) > 0 ? number_of(report.value) / number_of(report.bound) - 1.0 : 0.0;
  const auto simulated = simulate_plan(inputs.workload.block, inputs.design, *chosen.plan);
  if (simulated) report.simulated = simulated->result.cycles;
  if (!pareto) return report;
  asked.prices = prices_of(inputs.design.accelerator, inputs.design.technology.get());
  for (const TradeOff& one : latency_energy_front(*chosen.planner, machine, asked)) {
    report.trades.push_back({machine.scale.whole_cycles(one.figures.latency), one.figures.energy_pj,
                             one.figures.moved, std::string{one.winner}});
  }
  return report;
}

}  // namespace fusescape
