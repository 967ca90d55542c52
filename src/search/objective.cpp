#include "fusescape/search/objective.hpp"

#include <algorithm>

namespace fusescape {

std::optional<Objective> objective_named(std::string_view metric) {
  if (metric == "latency_cycles") return Objective::kLatency;
  const auto found = std::find_if(kObjectives.begin(), kObjectives.end(),
                                  [&](const ObjectiveFacts& facts) { return facts.metric == metric; });
  return found == kObjectives.end() ? std::nullopt : std::optional{found->objective};
}

Objective objective_for(std::string_view metric) {
  if (metric == "energy_pj_per_token") return Objective::kEnergy;
  return objective_named(metric).value_or(Objective::kLatency);
}

std::optional<Ingredient> ingredient_named(std::string_view name) {
  const auto found = std::find_if(kIngredients.begin(), kIngredients.end(),
                                  [&](const IngredientFacts& facts) { return facts.name == name; });
  return found == kIngredients.end() ? std::nullopt : std::optional{found->ingredient};
}

}  // namespace fusescape
