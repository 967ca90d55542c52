#include "optimal_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runs.hpp"

namespace fusescape {

const OptimalSpace& space_of(const Planner& planner, const Ingredients& with) {
  Ingredients of_space;  // Retention is no part of it, and none of its groups makes an operator again.
  for (const IngredientFacts& facts : kIngredients) {
    const bool is_part =
        facts.ingredient != Ingredient::kRetention && facts.ingredient != Ingredient::kRecompute;
    const bool left_out = is_part && !with.has(facts.ingredient);
    if (left_out) of_space = of_space.without(facts.ingredient);
  }
  return planner.optimal_space(of_space);
}

bool less(const PlanFigures& a, const PlanFigures& b, Objective objective, const TickScale& scale) {
  switch (objective) {
    case Objective::kLatency:
      break;
    case Objective::kEnergy:
      return a.energy_pj < b.energy_pj;
    case Objective::kDramBytes:
      return a.moved < b.moved;
    case Objective::kEnergyDelay:
      return a.energy_delay(scale) < b.energy_delay(scale);
  }
  return a.latency < b.latency;
}

const OptimalPath* best_of(const std::vector<OptimalPath>& paths, const StrategyInputs& inputs,
                           const TickScale& scale) {
  const auto best = std::min_element(paths.begin(), paths.end(), [&](const auto& a, const auto& b) {
    return less(a.figures, b.figures, inputs.minimize, scale);
  });
  return best == paths.end() ? nullptr : &*best;
}

std::string group_name(const Planner& planner, const SpaceEdge& edge) {
  const Cascade& cascade = planner.cascade();
  const std::vector<OpId> first = leaders(planner);
  const std::string& begin = cascade.op(first[edge.first]).name;
  const std::string& end = cascade.op(planner.unit(first[edge.last - 1]).back()).name;
  return begin == end ? fmt::format("{{{}}}", begin) : fmt::format("{{{}..{}}}", begin, end);
}

std::string partition_of(const OptimalPath& path, const Planner& planner) {
  std::vector<std::string> groups;
  for (const PathStep& step : path.steps) groups.push_back(group_name(planner, *step.edge));
  return fmt::format("{}", fmt::join(groups, ", "));
}

}  // namespace fusescape
