// How does a strategy that fuses the operators around a recurrence become a plan? The rest run alone, each on
// its best.
#pragma once

#include <vector>

#include "fusescape/search/strategy.hpp"
#include "fusescape/workload/roles.hpp"

namespace fusescape {

/// The roles around a recurrence (workload/roles.hpp) whose operators share one loop over the tokens.
struct FusedRoles {
  bool decay = false;
  bool input = false;
  bool state = false;  ///< The recurrence and its readers.
  friend bool operator==(const FusedRoles&, const FusedRoles&) = default;
};

inline constexpr FusedRoles kWholeUpdate{.decay = true, .input = true, .state = true};

enum class Intermediates : unsigned char {
  kOnChip,     ///< Between fused operators, values pass through the on-chip memory.
  kRegisters,  ///< They stay in PE registers (chains) where operators run over the same ranks.
};

/// What becomes of every recurrence of a cascade and the operators around it.
struct Fusion {
  std::vector<FusedRoles> groups;
  Intermediates intermediates = Intermediates::kOnChip;
  /// Per state update, loops over its channels outside its groups' other loops; none: no loops.
  std::vector<std::vector<LoopSpec>> slices{};
};

/// The operators of a group that fuses `roles` of `update`, in execution order: decay, input, recurrence,
/// readers.
[[nodiscard]] std::vector<OpId> members_of(const StateUpdate& update, const FusedRoles& roles);

/// Adds a group: the slices, then loops over the update's lanes and tokens one by one, around the operators.
void add_fused(Plan& plan, const Cascade& cascade, const StateUpdate& update,
               const std::vector<OpId>& operators, Intermediates intermediates,
               const std::vector<LoopSpec>& slices);

/// The plan in which, for every recurrence, each of `fusion.groups` runs token by token, and every other
/// operator on its own. A group leaves out a role that its recurrence lacks; refused if no recurrence has one
/// that it names.
[[nodiscard]] expected<Plan, Refusal> fused_plan(const Planner& planner, const Machine& machine,
                                                 const Fusion& fusion);

}  // namespace fusescape
