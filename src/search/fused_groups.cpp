#include "fused_groups.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "alone.hpp"
#include "retention.hpp"

namespace fusescape {
namespace {

struct Unit {
  std::vector<OpId> operators;
  bool fused = false;
};

Refusal missing(const Cascade& cascade, const std::vector<std::string>& names) {
  return {Refusal::Reason::kMissingOperators,
          fmt::format("{} has no operator {}", cascade.name, fmt::join(names, ", ")),
          {},
          {}};
}

/// The operators of these names, as one fused unit; those the cascade lacks are added to `absent`.
Unit named_unit(const Cascade& cascade, const FusedNames& names, std::vector<std::string>& absent) {
  Unit unit{.operators = {}, .fused = true};
  for (const std::string_view name : names) {
    if (const auto op = find_operator(cascade, name)) {
      unit.operators.push_back(*op);
    } else {
      absent.emplace_back(name);
    }
  }
  return unit;
}

/// The fused groups, and every operator (or recurrence) outside them as a unit of its own.
expected<std::vector<Unit>, Refusal> units_of(const Planner& planner, const Fusion& fusion) {
  const Cascade& cascade = planner.cascade();
  std::vector<Unit> units;
  std::vector<bool> taken(cascade.operators.size(), false);
  std::vector<std::string> absent;
  for (const FusedNames& names : fusion.groups) {
    units.push_back(named_unit(cascade, names, absent));
    for (const OpId op : units.back().operators) taken[index_of(op)] = true;
  }
  if (!absent.empty()) return unexpected{missing(cascade, absent)};
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) continue;
    Unit unit{.operators = planner.unit(OpId{static_cast<std::uint16_t>(i)})};
    for (const OpId op : unit.operators) taken[index_of(op)] = true;
    units.push_back(std::move(unit));
  }
  return units;
}

bool depends_on(const Cascade& cascade, const Unit& later, const Unit& earlier) {
  for (const OpId op : earlier.operators) {
    for (const Use& use : cascade.uses[index_of(cascade.op(op).output)]) {
      if (std::find(later.operators.begin(), later.operators.end(), use.op) != later.operators.end())
        return true;
    }
  }
  return false;
}

/// True if `unit` needs no result of the others in `left`.
bool is_ready(const Cascade& cascade, const Unit& unit, const std::vector<Unit>& left) {
  return std::none_of(left.begin(), left.end(),
                      [&](const Unit& other) { return &other != &unit && depends_on(cascade, unit, other); });
}

/// The units in an order that respects every edge: at each step the ready one whose first operator comes
/// first. Nothing if groups need each other.
std::optional<std::vector<Unit>> ordered(const Cascade& cascade, std::vector<Unit> units) {
  std::sort(units.begin(), units.end(), [](const Unit& a, const Unit& b) {
    return *std::min_element(a.operators.begin(), a.operators.end()) <
           *std::min_element(b.operators.begin(), b.operators.end());
  });
  std::vector<Unit> order;
  while (!units.empty()) {
    const auto ready = std::find_if(units.begin(), units.end(),
                                    [&](const Unit& unit) { return is_ready(cascade, unit, units); });
    if (ready == units.end()) return std::nullopt;
    order.push_back(std::move(*ready));
    units.erase(ready);
  }
  return order;
}

/// Ranks that every operator of a fused group has and that come before the channels: batch, then tokens.
std::vector<RankId> outer_ranks(const Cascade& cascade, const std::vector<OpId>& operators,
                                const StateRanks& state) {
  std::vector<RankId> shared;
  for (const RankId rank : cascade.op(operators.front()).ranks) {
    const bool everywhere = std::all_of(operators.begin(), operators.end(),
                                        [&](OpId op) { return has_rank(cascade.op(op).ranks, rank); });
    if (everywhere && rank != state.channels && rank != state.entries && rank != state.tokens)
      shared.push_back(rank);
  }
  shared.push_back(state.tokens);
  return shared;
}

void add_fused(Plan& plan, const Cascade& cascade, const std::vector<OpId>& operators, const Fusion& fusion,
               const StateRanks& state) {
  NodeId inner = add_sequence(plan, kRoot);
  if (fusion.slices > 1) {
    const std::int64_t channels = cascade.extent(state.channels).value();
    inner = add_loop(plan, inner, state.channels, ceil_div(channels, fusion.slices));
  }
  for (const RankId rank : outer_ranks(cascade, operators, state)) {
    if (cascade.extent(rank) > Elements{1}) inner = add_loop(plan, inner, rank, 1);
  }
  if (fusion.intermediates == Intermediates::kRegisters) inner = add_chain(plan, inner);
  for (const OpId op : operators) add_operator(plan, inner, op);
}

}  // namespace

std::optional<StateRanks> state_ranks(const Cascade& cascade) {
  const auto update = find_operator(cascade, "t");
  if (!update) return std::nullopt;
  StateRanks ranks;
  bool shifted = false;
  for (const Access& input : cascade.op(*update).inputs) {
    if (!is_shifted(input) || input.indices.size() < 3) continue;
    for (const Index& index : input.indices) {
      if (index.distance > 0) ranks.tokens = index.rank;
    }
    ranks.channels = input.indices[input.indices.size() - 2].rank;
    ranks.entries = input.indices.back().rank;
    shifted = true;
  }
  return shifted ? std::optional{ranks} : std::nullopt;
}

expected<Plan, Refusal> fused_plan(const Planner& planner, const Machine& machine, const Fusion& fusion) {
  const Cascade& cascade = planner.cascade();
  auto units = units_of(planner, fusion);
  if (!units) return unexpected{std::move(units.error())};
  const auto order = ordered(cascade, std::move(*units));
  if (!order) {
    return unexpected{Refusal{Refusal::Reason::kIllegal, "its groups need each other's results", {}, {}}};
  }
  Plan plan;
  plan.spatial = planner.spatial();
  const std::optional<StateRanks> state = state_ranks(cascade);
  std::vector<OpId> fused;
  for (const Unit& unit : *order) {
    if (!unit.fused) {
      auto added = add_alone(plan, planner, machine, unit.operators.front());
      if (!added) return unexpected{std::move(added.error())};
      continue;
    }
    if (!state) return unexpected{missing(cascade, {"t with a state over tokens, channels and entries"})};
    add_fused(plan, cascade, unit.operators, fusion, *state);
    fused.insert(fused.end(), unit.operators.begin(), unit.operators.end());
  }
  if (fusion.groups.size() > 1) retain_between(plan, planner, machine, fused);
  return plan;
}

}  // namespace fusescape
