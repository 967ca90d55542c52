// What does a search of plans minimise, and what may its plans do? The words of `--minimize` and `--without`.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fusescape {

/// A figure of one block.
enum class Objective : unsigned char { kLatency, kEnergy, kDramBytes, kEnergyDelay };

struct ObjectiveFacts {
  Objective objective{};
  std::string_view metric;  ///< Of cost/metrics.hpp.
};
inline constexpr std::array kObjectives{ObjectiveFacts{Objective::kLatency, "latency_s"},
                                        ObjectiveFacts{Objective::kEnergy, "energy_pj"},
                                        ObjectiveFacts{Objective::kDramBytes, "dram_bytes"},
                                        ObjectiveFacts{Objective::kEnergyDelay, "energy_delay"}};

[[nodiscard]] constexpr std::string_view metric_of(Objective objective) {
  return kObjectives[static_cast<std::size_t>(objective)].metric;
}

/// `latency_cycles` too. None: the search does not minimise that metric.
[[nodiscard]] std::optional<Objective> objective_named(std::string_view metric);

/// Of the plans of one design that one which has least of `metric`, wherever the search knows it; else the
/// fastest: other metrics grow with time, or no plan changes them.
[[nodiscard]] Objective objective_for(std::string_view metric);

[[nodiscard]] constexpr bool reads_energy(Objective objective) {
  return objective == Objective::kEnergy || objective == Objective::kEnergyDelay;
}

/// What makes plans better, each of which can be left out to see what it is worth.
enum class Ingredient : unsigned char { kFusion, kSubLoops, kChains, kRetention, kRecompute, kFineTiles };

struct IngredientFacts {
  Ingredient ingredient{};
  std::string_view name;
  std::string_view without;  ///< What the class is then.
};
inline constexpr std::array kIngredients{
    IngredientFacts{Ingredient::kFusion, "fusion", "every operator alone"},
    IngredientFacts{Ingredient::kSubLoops, "subloops", "groups without loops below those over tokens"},
    IngredientFacts{Ingredient::kChains, "chains", "groups without chains in registers"},
    IngredientFacts{Ingredient::kRetention, "retention", "nothing kept on chip between groups"},
    IngredientFacts{Ingredient::kRecompute, "recompute", "no operator of a group made again"},
    IngredientFacts{Ingredient::kFineTiles, "fine-tiles", "groups in tiles of ceil(n / 2^k) only"}};

/// Those that plans may use: all, less what `without` has taken.
class Ingredients {
 public:
  [[nodiscard]] constexpr bool has(Ingredient one) const { return (left_out_ & bit(one)) == 0; }
  [[nodiscard]] constexpr bool all() const { return left_out_ == 0; }
  [[nodiscard]] constexpr Ingredients without(Ingredient one) const {
    Ingredients fewer = *this;
    fewer.left_out_ |= bit(one);
    return fewer;
  }
  friend constexpr auto operator<=>(const Ingredients&, const Ingredients&) = default;

 private:
  [[nodiscard]] static constexpr std::uint32_t bit(Ingredient one) {
    return std::uint32_t{1} << static_cast<unsigned>(one);
  }
  std::uint32_t left_out_ = 0;
};

[[nodiscard]] std::optional<Ingredient> ingredient_named(std::string_view name);

}  // namespace fusescape
