#include "fused_groups.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alone.hpp"
#include "retention.hpp"

namespace fusescape {
namespace {

struct FusedUnit {
  std::vector<OpId> operators;
  std::optional<std::size_t> update;  ///< The state update that it fuses operators of, if it does.
};

/// Which role no recurrence of the cascade has, of those that the fusion names.
std::optional<Refusal> missing_role(const Cascade& cascade, const std::vector<StateUpdate>& updates,
                                    const Fusion& fusion) {
  const auto refusal = [&](std::string_view what) {
    return Refusal{
        Refusal::Reason::kMissingOperators, fmt::format("{} has no {}", cascade.name, what), {}, {}};
  };
  const auto wants = [&](bool FusedRoles::*role) {
    return std::any_of(fusion.groups.begin(), fusion.groups.end(),
                       [&](const FusedRoles& roles) { return roles.*role; });
  };
  const auto has = [&](std::vector<OpId> StateUpdate::*role) {
    return std::any_of(updates.begin(), updates.end(),
                       [&](const StateUpdate& update) { return !(update.*role).empty(); });
  };
  if (fusion.groups.empty()) return std::nullopt;
  if (updates.empty()) return refusal("recurrence");
  // A whole update is fused with what there is of it.
  if (fusion.groups.size() == 1 && fusion.groups.front() == kWholeUpdate) return std::nullopt;
  if (wants(&FusedRoles::decay) && !has(&StateUpdate::decay))
    return refusal("element-wise operator that makes only what its state is multiplied by");
  if (wants(&FusedRoles::input) && !has(&StateUpdate::input))
    return refusal("element-wise operator that makes only what is added to its state");
  return std::nullopt;
}

/// The fused groups, and every operator (or recurrence) outside them as a unit of its own.
std::vector<FusedUnit> units_of(const Planner& planner, const std::vector<StateUpdate>& updates,
                                const Fusion& fusion) {
  std::vector<FusedUnit> units;
  std::vector<bool> taken(planner.cascade().operators.size(), false);
  const auto add = [&](FusedUnit unit) {
    for (const OpId op : unit.operators) taken[index_of(op)] = true;
    if (!unit.operators.empty()) units.push_back(std::move(unit));
  };
  for (std::size_t i = 0; i < updates.size(); ++i) {
    for (const FusedRoles& roles : fusion.groups) add({members_of(updates[i], roles), i});
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) add({planner.unit(OpId{static_cast<std::uint16_t>(i)}), std::nullopt});
  }
  return units;
}

bool depends_on(const Cascade& cascade, const FusedUnit& later, const FusedUnit& earlier) {
  for (const OpId op : earlier.operators) {
    for (const Use& use : cascade.uses[index_of(cascade.op(op).output)]) {
      if (std::find(later.operators.begin(), later.operators.end(), use.op) != later.operators.end())
        return true;
    }
  }
  return false;
}

/// True if `unit` needs no result of the others in `left`.
bool is_ready(const Cascade& cascade, const FusedUnit& unit, const std::vector<FusedUnit>& left) {
  return std::none_of(left.begin(), left.end(), [&](const FusedUnit& other) {
    return &other != &unit && depends_on(cascade, unit, other);
  });
}

/// The units in an order that respects every edge: at each step the ready one whose first operator comes
/// first. Nothing if groups need each other.
std::optional<std::vector<FusedUnit>> ordered(const Cascade& cascade, std::vector<FusedUnit> units) {
  std::sort(units.begin(), units.end(), [](const FusedUnit& a, const FusedUnit& b) {
    return *std::min_element(a.operators.begin(), a.operators.end()) <
           *std::min_element(b.operators.begin(), b.operators.end());
  });
  std::vector<FusedUnit> order;
  while (!units.empty()) {
    const auto ready = std::find_if(units.begin(), units.end(),
                                    [&](const FusedUnit& unit) { return is_ready(cascade, unit, units); });
    if (ready == units.end()) return std::nullopt;
    order.push_back(std::move(*ready));
    units.erase(ready);
  }
  return order;
}

/// The update's lanes, then its tokens. A rank that tensors which hold for all tokens lack comes further in,
/// since each loop inside another that does not index a tensor would read it again.
std::vector<RankId> token_loops(const Cascade& cascade, const StateUpdate& update) {
  std::vector<Access> constant = outside_reads(cascade, operators_of(update));
  std::erase_if(constant, [&](const Access& access) { return names(access, update.tokens); });
  const auto lacking = [&](RankId rank) {
    return std::count_if(constant.begin(), constant.end(),
                         [&](const Access& access) { return !names(access, rank); });
  };
  std::vector<RankId> ranks = update.lanes;
  std::stable_sort(ranks.begin(), ranks.end(), [&](RankId a, RankId b) { return lacking(a) < lacking(b); });
  ranks.push_back(update.tokens);
  return ranks;
}

/// Operators one after another over the same ranks as chains, the others between them.
void add_chains(Plan& plan, NodeId parent, const Cascade& cascade, const std::vector<OpId>& operators) {
  const auto chains = [&](OpId a, OpId b) {
    const bool scan = class_of(cascade.op(a).kind) == OpClass::kRecurrence ||
                      class_of(cascade.op(b).kind) == OpClass::kRecurrence;
    return !scan && same_ranks(cascade.op(a).ranks, cascade.op(b).ranks);
  };
  for (auto op = operators.begin(); op != operators.end();) {
    const auto end = std::find_if(op + 1, operators.end(), [&](OpId other) { return !chains(*op, other); });
    const NodeId node = end - op > 1 ? add_chain(plan, parent) : parent;
    for (; op != end; ++op) add_operator(plan, node, *op);
  }
}

}  // namespace

std::vector<OpId> members_of(const StateUpdate& update, const FusedRoles& roles) {
  std::vector<OpId> members;
  const auto add = [&](const std::vector<OpId>& role) {
    members.insert(members.end(), role.begin(), role.end());
  };
  if (roles.decay) add(update.decay);
  if (roles.input) add(update.input);
  if (roles.state) add(update.recurrence);
  if (roles.state) add(update.readers);
  return members;
}

void add_fused(Plan& plan, const Cascade& cascade, const StateUpdate& update,
               const std::vector<OpId>& operators, Intermediates intermediates,
               const std::vector<LoopSpec>& slices) {
  NodeId inner = add_sequence(plan, kRoot);
  for (const LoopSpec& slice : slices) inner = add_loop(plan, inner, slice.rank, slice.tile);
  for (const RankId rank : token_loops(cascade, update)) {
    if (cascade.extent(rank) > Elements{1}) inner = add_loop(plan, inner, rank, 1);
  }
  if (intermediates == Intermediates::kRegisters) {
    add_chains(plan, inner, cascade, operators);
    return;
  }
  for (const OpId op : operators) add_operator(plan, inner, op);
}

expected<Plan, Refusal> fused_plan(const Planner& planner, const Machine& machine, const Fusion& fusion) {
  const Cascade& cascade = planner.cascade();
  const std::vector<StateUpdate> updates = state_updates(cascade);
  if (auto missing = missing_role(cascade, updates, fusion)) return unexpected{std::move(*missing)};
  const auto order = ordered(cascade, units_of(planner, updates, fusion));
  if (!order) {
    return unexpected{Refusal{Refusal::Reason::kIllegal, "its groups need each other's results", {}, {}}};
  }
  Plan plan;
  plan.spatial = planner.spatial();
  std::vector<TokenGroups> fused(updates.size());
  for (const FusedUnit& unit : *order) {
    if (!unit.update) {
      auto added = add_alone(plan, planner, machine, unit.operators.front());
      if (!added) return unexpected{std::move(added.error())};
      continue;
    }
    const StateUpdate& update = updates[*unit.update];
    const bool sliced = !fusion.slices.empty();
    add_fused(plan, cascade, update, unit.operators, fusion.intermediates,
              sliced ? fusion.slices[*unit.update] : std::vector<LoopSpec>{});
    TokenGroups& groups = fused[*unit.update];
    groups.tokens = update.tokens;
    groups.operators.insert(groups.operators.end(), unit.operators.begin(), unit.operators.end());
  }
  if (fusion.groups.size() > 1) retain_between(plan, planner, machine, fused);
  return plan;
}

}  // namespace fusescape
