#include "fusescape/search/optimal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "alone.hpp"
#include "competitors.hpp"
#include "fusescape/cost/energy.hpp"
#include "fusescape/plan/layout.hpp"
#include "optimal_choice.hpp"
#include "optimal_plan.hpp"
#include "resident_states.hpp"

namespace fusescape {
namespace {

/// Of a plan that this machine runs; its energy, if it is asked for and known.
std::optional<PlanFigures> figures_of(const Planner& planner, const Plan& plan, const Machine& machine,
                                      const EnergyPrices* prices) {
  if (!planner.runs_on_hardware(plan)) return std::nullopt;
  const auto layout = lay_out(planner.cascade(), plan);
  if (!layout) return std::nullopt;
  const PlanProfile profiled = profile_beside_states(planner, plan, *layout);
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

/// Whether some loop makes an operator of the plan again, since it lacks the loop's rank.
bool recomputes(const Cascade& cascade, const Plan& plan) {
  return std::any_of(plan.nodes.begin(), plan.nodes.end(), [&](const Node& node) {
    if (node.kind != NodeKind::kOperator) return false;
    const std::vector<PathLoop> loops = loops_above(plan, node.parent);
    return std::any_of(loops.begin(), loops.end(), [&](const PathLoop& loop) {
      return Elements{loop.tile} < cascade.extent(loop.rank) &&
             !has_rank(cascade.op(node.op).ranks, loop.rank);
    });
  });
}

/// Whether `plan` has what was left out. Loops and tiles of groups are not told apart: any may have them.
bool uses(const Planner& planner, const Plan& plan, Ingredient ingredient) {
  switch (ingredient) {
    case Ingredient::kRetention:
      return !plan.retentions.empty();
    case Ingredient::kChains:
      return std::any_of(plan.nodes.begin(), plan.nodes.end(),
                         [](const Node& node) { return node.kind == NodeKind::kChain; });
    case Ingredient::kRecompute:
      return recomputes(planner.cascade(), plan);
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

/// `take(plan, figures, name)` for what each other strategy makes, if the class holds it, and unless `skip`
/// says that it is no use. How many there were.
template <class Skip, class Take>
std::size_t for_competitors(const Planner& planner, const Machine& machine, const StrategyInputs& inputs,
                            const EnergyPrices* prices, const Skip& skip, const Take& take) {
  const OptimalSpace& space = space_of(planner, inputs.with);
  std::size_t compared = 0;
  for (const Strategy& strategy : strategies()) {
    if (strategy.name == kOptimalName) continue;
    if (skip(strategy)) {
      ++compared;
      continue;
    }
    StrategyInputs its = inputs;
    if (strategy.reads_entropy) its.entropy = space.with_numbers(inputs.entropy, planner.cascade());
    auto plan = strategy.build(planner, machine, its);
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

std::string optimal_class(const Ingredients& with, bool whole) {
  std::string text{
      "runs of consecutive operators, cut beside contractions, each a group of loops over batch and tokens "
      "around bodies: one loop over a shared rank around operators in order; recurrences step by step, in "
      "registers also several steps at a time; "
      "element-wise runs in registers where they fit; whole tensors kept on chip between groups; operators "
      "alone in any tiling of the mapper; every other strategy's plan"};
  if (whole) text += "; every group of it was laid out";
  if (with.all()) return text;
  std::vector<std::string_view> limits;
  for (const IngredientFacts& facts : kIngredients) {
    if (!with.has(facts.ingredient)) limits.push_back(facts.without);
  }
  return fmt::format("{}; of these those with {}", text, fmt::join(limits, ", "));
}

namespace {

/// Whether plans that can be no better are made all the same, to say how many there are.
enum class Competitors : bool { kUseful, kCounted };

expected<OptimalAnswer, Refusal> answer_of(const Planner& planner, const Machine& machine,
                                           const StrategyInputs& inputs, Competitors competitors) {
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
  std::optional<LeastTimes> least;
  if (inputs.minimize == Objective::kLatency && inputs.with.all()) least.emplace(planner, space, machine);
  const auto skip = [&](const Strategy& strategy) {
    const bool known = strategy.groups == StrategyGroups::kAlone ||
                       (competitors == Competitors::kUseful && strategy.groups != StrategyGroups::kAny);
    return known && least && best && least->none_below(best->figures.latency, strategy);
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
  best->whole = space.whole();
  best->compared = compared;
  return std::move(*best);
}

}  // namespace

expected<OptimalAnswer, Refusal> optimal_answer(const Planner& planner, const Machine& machine,
                                                const StrategyInputs& inputs) {
  auto answer = answer_of(planner, beside_states(planner.cascade(), machine), inputs, Competitors::kCounted);
  if (answer) return answer;
  return unexpected{with_states(std::move(answer.error()), planner.cascade(), machine)};
}

OptimalBound optimal_bound(const Planner& planner, const Machine& machine, const StrategyInputs& inputs,
                           const OptimalAnswer& answer) {
  const Machine left = beside_states(planner.cascade(), machine);
  const auto paths = optimal_paths({.planner = planner,
                                    .space = space_of(planner, inputs.with),
                                    .machine = left,
                                    .inputs = inputs,
                                    .of = PathOf::kBounds});
  const OptimalPath* path = best_of(paths, inputs, machine.scale);
  const bool lower = path != nullptr && less(path->figures, answer.figures, inputs.minimize, machine.scale);
  if (!lower) return {answer.figures, {}};
  return {path->figures, partition_of(*path, planner)};
}

std::vector<TradeOff> latency_energy_front(const Planner& planner, const Machine& whole,
                                           const StrategyInputs& inputs) {
  std::vector<TradeOff> all;
  if (!inputs.prices) return all;
  const Machine machine = beside_states(planner.cascade(), whole);
  const OptimalSpace& space = space_of(planner, inputs.with);
  const auto paths = optimal_paths(
      {.planner = planner, .space = space, .machine = machine, .inputs = inputs, .trades = true});
  for (const OptimalPath& path : paths) all.push_back({path.figures, kOptimalName});
  const auto take = [&](Plan&& /*plan*/, const PlanFigures& figures, std::string_view name) {
    all.push_back({figures, name});
  };
  const auto none = [](const Strategy&) { return false; };
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
  auto answer = answer_of(planner, machine, inputs, Competitors::kUseful);
  if (!answer) return unexpected{std::move(answer.error())};
  return std::move(answer->plan);
}

}  // namespace fusescape
