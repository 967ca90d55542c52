// How does a strategy that fuses some operators become a plan? The rest run alone, each on its best.
#pragma once

#include <string_view>
#include <vector>

#include "fusescape/search/strategy.hpp"

namespace fusescape {

/// Operators, by name, that share one loop over the tokens, in execution order.
using FusedNames = std::vector<std::string_view>;

enum class Intermediates : unsigned char {
  kOnChip,     ///< Between fused operators, values pass through the on-chip memory.
  kRegisters,  ///< They stay in PE registers (a chain).
};

struct Fusion {
  std::vector<FusedNames> groups;
  Intermediates intermediates = Intermediates::kOnChip;
  std::int64_t slices = 1;  ///< Of the channels, outside the loop over tokens.
};

/// The plan in which each of `fusion.groups` runs token by token, and every other operator on its own.
[[nodiscard]] expected<Plan, Refusal> fused_plan(const Planner& planner, const Machine& machine,
                                                 const Fusion& fusion);

/// Rank of the state's channels and of its entries per channel, by the operand that the named operators
/// share.
struct StateRanks {
  RankId tokens{};
  RankId channels{};
  RankId entries{};
};
/// None if the cascade has no operator `t` with a state over three such ranks.
[[nodiscard]] std::optional<StateRanks> state_ranks(const Cascade& cascade);

}  // namespace fusescape
