#include "fusescape/search/optimal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "alone.hpp"
#include "fusescape/cost/energy.hpp"
#include "fusescape/plan/layout.hpp"
#include "optimal_choice.hpp"
#include "optimal_plan.hpp"

namespace fusescape {
namespace {

/// Of a plan that this machine runs; its energy, if it is asked for and known.
std::optional<PlanFigures> figures_of(const Planner& planner, const Plan& plan, const Machine& machine,
                                      const EnergyPrices* prices) {
  if (!planner.runs_on_hardware(plan)) return std::nullopt;
  const auto layout = lay_out(planner.cascade(), plan);
  if (!layout) return std::nullopt;
  const PlanProfile profiled = profile(planner.cascade(), plan, *layout, planner.options());
  std::vector<GroupCost> groups(profiled.groups.size());
  const auto cost = evaluate(profiled, machine, groups);
  if (!cost) return std::nullopt;
  PlanFigures figures{cost->total.latency, cost->total.dram_read + cost->total.dram_write};
  if (prices == nullptr) return figures;
  const Energy energy =
      energy_of(energy_counts(planner.cascade(), plan, *layout, profiled, planner.options()),
                activities_of(groups, machine, prices->clock), *prices)
          .plan.total;
  if (!energy) return std::nullopt;
  figures.energy_pj = energy->value();
  return figures;
}

/// Whether `plan` has what was left out. Loops and tiles of groups are not told apart: any may have them.
bool uses(const Planner& planner, const Plan& plan, Ingredient ingredient) {
  switch (ingredient) {
    case Ingredient::kRetention:
      return !plan.retentions.empty();
    case Ingredient::kChains:
      return std::any_of(plan.nodes.begin(), plan.nodes.end(),
                         [](const Node& node) { return node.kind == NodeKind::kChain; });
    case Ingredient::kFusion:
    case Ingredient::kSubLoops:
    case Ingredient::kFineTiles:
      break;
  }
  const std::vector<NodeId>& groups = plan.node(kRoot).children;
  return std::any_of(groups.begin(), groups.end(), [&](NodeId group) {
    const std::vector<OpId> operators = operators_below(plan, group);
    return operators.size() > planner.unit(operators.front()).size();
  });
}

bool is_of_class(const Planner& planner, const Plan& plan, const Ingredients& with) {
  return std::none_of(kIngredients.begin(), kIngredients.end(), [&](const IngredientFacts& facts) {
    return !with.has(facts.ingredient) && uses(planner, plan, facts.ingredient);
  });
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

/// Strategies whose plans run every operator alone, whatever they keep between groups.
constexpr std::array<std::string_view, 3> kAloneStrategies{"unfused", "retained", "marca-upper"};

/// Of a tensor's traffic in a group, what keeping as much of it as memory holds can save: its share, and as
/// much again, since parts are counted in whole granules.
Bytes most_saved(const Cascade& cascade, const TensorTraffic& one, const Machine& machine) {
  const Bytes all = bytes_of(elements_of(cascade, one.tensor), bits_of(cascade.tensor(one.tensor).type));
  const Bytes moved = one.read + one.written;
  if (!cascade.producer[index_of(one.tensor)] || moved.overflow()) return Bytes{};
  if (all.overflow() || all <= machine.capacity * 2) return moved;
  const Int128 share = static_cast<Int128>(moved.value()) * (machine.capacity * 2).value() / all.value() + 1;
  return Bytes{static_cast<std::int64_t>(share)};
}

/// What no such plan is faster than: if of all that the cascade makes as much stayed on chip as memory holds,
/// and nothing waited.
Ticks least_alone(const Planner& planner, const OptimalSpace& space, const Machine& machine) {
  Ticks sum;
  const auto time_of = [&](const Way& way) {
    const GroupProfile& group = way.profile();
    Bytes kept;
    for (const TensorTraffic& one : group.tensors) kept += most_saved(planner.cascade(), one, machine);
    const Ticks dram =
        Ticks{(group.transfers[machine.dram_ports] - kept).value()} * machine.dram_ticks_per_byte;
    const bool known = group.countable && !way.work().compute.overflow();
    return known ? longest(machine.scale.ticks(way.work().compute), dram) : Ticks{};
  };
  for (const SpaceEdge& edge : space.edges()) {
    std::optional<Ticks> least;
    for (const Way& way : edge.ways) {
      if (way.alone == nullptr || way.profile().peak > machine.capacity) continue;
      const Ticks time = time_of(way);
      if (!least || time < *least) least = time;
    }
    sum += least.value_or(Ticks{});
  }
  return sum;
}

/// `take(plan, figures, name)` for what each other strategy makes, if the class holds it, and unless `skip`
/// says that it is no use. How many there were.
template <class Skip, class Take>
std::size_t for_competitors(const Planner& planner, const Machine& machine, const StrategyInputs& inputs,
                            const EnergyPrices* prices, const Skip& skip, const Take& take) {
  std::size_t compared = 0;
  for (const Strategy& strategy : strategies()) {
    if (strategy.name == kOptimalName) continue;
    if (skip(strategy.name)) {
      ++compared;
      continue;
    }
    auto plan = strategy.build(planner, machine, inputs);
    if (!plan || !is_of_class(planner, *plan, inputs.with)) continue;
    const auto figures = figures_of(planner, *plan, machine, prices);
    if (!figures) continue;
    ++compared;
    take(std::move(*plan), *figures, strategy.name);
  }
  return compared;
}

const EnergyPrices* prices_for(const StrategyInputs& inputs) {
  return reads_energy(inputs.minimize) && inputs.prices ? &*inputs.prices : nullptr;
}

bool lacks_prices(const StrategyInputs& inputs) {
  return reads_energy(inputs.minimize) && !inputs.prices;
}

}  // namespace

std::string optimal_class(const Ingredients& with) {
  std::string text{
      "runs of consecutive operators, cut beside contractions, each a group of loops over batch and tokens "
      "around bodies: one loop over a shared rank around operators in order; recurrences step by step; "
      "element-wise runs in registers where they fit; whole tensors kept on chip between groups; operators "
      "alone in any tiling of the mapper; every other strategy's plan"};
  if (with.all()) return text;
  std::vector<std::string_view> limits;
  for (const IngredientFacts& facts : kIngredients) {
    if (!with.has(facts.ingredient)) limits.push_back(facts.without);
  }
  return fmt::format("{}; of these those with {}", text, fmt::join(limits, ", "));
}

expected<OptimalAnswer, Refusal> optimal_answer(const Planner& planner, const Machine& machine,
                                                const StrategyInputs& inputs) {
  const Refusal no_energy{
      Refusal::Reason::kNoEnergy, "no plan has an energy that is known, which is to be minimised", {}, {}};
  if (lacks_prices(inputs)) return unexpected{no_energy};
  const OptimalSpace& space = space_of(planner, inputs.with);
  const auto paths =
      optimal_paths({.planner = planner, .space = space, .machine = machine, .inputs = inputs});
  std::optional<OptimalAnswer> best;
  if (const OptimalPath* path = best_of(paths, inputs, machine.scale)) {
    best = OptimalAnswer{
        .plan = plan_of(*path, planner, space), .figures = path->figures, .winner = kOptimalName};
  }
  const auto take = [&](Plan&& plan, const PlanFigures& figures, std::string_view name) {
    if (best && !less(figures, best->figures, inputs.minimize, machine.scale)) return;
    best = OptimalAnswer{.plan = std::move(plan), .figures = figures, .winner = name};
  };
  const bool beaten_alone = best && inputs.minimize == Objective::kLatency && inputs.with.all() &&
                            best->figures.latency <= least_alone(planner, space, machine);
  const auto skip = [&](std::string_view name) {
    return beaten_alone &&
           std::find(kAloneStrategies.begin(), kAloneStrategies.end(), name) != kAloneStrategies.end();
  };
  const std::size_t compared = for_competitors(planner, machine, inputs, prices_for(inputs), skip, take);
  if (!best) {
    Refusal refusal = refusal_of(planner, machine);
    const bool fits = refusal.reason == Refusal::Reason::kOverflow;
    if (fits && reads_energy(inputs.minimize)) return unexpected{no_energy};
    return unexpected{std::move(refusal)};
  }
  best->plan.name.clear();
  best->laid_out = space.tried();
  best->compared = compared;
  return std::move(*best);
}

OptimalBound optimal_bound(const Planner& planner, const Machine& machine, const StrategyInputs& inputs,
                           const OptimalAnswer& answer) {
  const auto paths = optimal_paths({.planner = planner,
                                    .space = space_of(planner, inputs.with),
                                    .machine = machine,
                                    .inputs = inputs,
                                    .of = PathOf::kBounds});
  const OptimalPath* path = best_of(paths, inputs, machine.scale);
  const bool lower = path != nullptr && less(path->figures, answer.figures, inputs.minimize, machine.scale);
  if (!lower) return {answer.figures, {}};
  return {path->figures, partition_of(*path, planner)};
}

std::vector<TradeOff> latency_energy_front(const Planner& planner, const Machine& machine,
                                           const StrategyInputs& inputs) {
  std::vector<TradeOff> all;
  if (!inputs.prices) return all;
  const OptimalSpace& space = space_of(planner, inputs.with);
  const auto paths = optimal_paths(
      {.planner = planner, .space = space, .machine = machine, .inputs = inputs, .trades = true});
  for (const OptimalPath& path : paths) all.push_back({path.figures, kOptimalName});
  const auto take = [&](Plan&& /*plan*/, const PlanFigures& figures, std::string_view name) {
    all.push_back({figures, name});
  };
  const auto none = [](std::string_view) { return false; };
  for_competitors(planner, machine, inputs, &*inputs.prices, none, take);
  const auto cycles = [&](const TradeOff& one) { return machine.scale.whole_cycles(one.figures.latency); };
  std::stable_sort(all.begin(), all.end(), [&](const TradeOff& a, const TradeOff& b) {
    return std::pair{cycles(a), a.figures.energy_pj} < std::pair{cycles(b), b.figures.energy_pj};
  });
  std::vector<TradeOff> front;
  for (const TradeOff& one : all) {
    if (front.empty() || one.figures.energy_pj < front.back().figures.energy_pj) front.push_back(one);
  }
  return front;
}

expected<Plan, Refusal> optimal_plan(const Planner& planner, const Machine& machine,
                                     const StrategyInputs& inputs) {
  auto answer = optimal_answer(planner, machine, inputs);
  if (!answer) return unexpected{std::move(answer.error())};
  return std::move(answer->plan);
}

}  // namespace fusescape
