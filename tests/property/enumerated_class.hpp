// What is the class of plans that `optimal` searches? A plain enumeration, by the words of
// docs/model/optimal.md: nothing is dropped, bounded or remembered.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "fusescape/cost/energy.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/search/tile_grid.hpp"
#include "fusescape/workload/roles.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans {

using Unit = std::vector<OpId>;

inline bool is_in(const std::vector<OpId>& operators, OpId op) {
  return std::find(operators.begin(), operators.end(), op) != operators.end();
}

inline std::vector<Unit> units_of(const Planner& planner) {
  std::vector<Unit> units;
  for (std::size_t i = 0; i < planner.cascade().operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    if (planner.unit(op).front() == op) units.push_back(planner.unit(op));
  }
  return units;
}

/// Operators in order in one loop over a rank, or in none.
struct ListedBody {
  std::vector<OpId> operators;
  std::optional<RankId> rank;
};

/// Whether element-wise neighbours are chains, and how many tokens a state update takes at a time.
struct Chains {
  bool used = true;
  std::int64_t step = 1;
};

/// Lists the groups of consecutive units, each as a plan of one group; some may be illegal.
class GroupList {
 public:
  explicit GroupList(const Planner& planner)
      : planner_{planner}, cascade_{planner.cascade()}, updates_{state_updates(cascade_)} {
    for (const StateUpdate& update : updates_) {
      for (const OpId op : operators_of(update)) around_.push_back(op);
    }
  }

  /// Whether a group may begin or end before unit `at`.
  [[nodiscard]] bool is_cut(const std::vector<Unit>& units, std::size_t at) const {
    return at == 0 || at == units.size() || contracts(units[at]) || contracts(units[at - 1]);
  }

  /// An operator, or a recurrence, alone.
  [[nodiscard]] std::vector<Plan> alone(const Unit& unit) const {
    std::vector<Plan> plans;
    for (const Candidate& nest : planner_.nests(unit.front())) {
      add_group(plans.emplace_back(empty_plan()), cascade_, nest);
    }
    return plans;
  }

  /// Token loops around bodies.
  [[nodiscard]] std::vector<Plan> fused(const std::vector<Unit>& units) const;

  /// One of them, drawn.
  [[nodiscard]] Plan drawn(const std::vector<Unit>& units, Dice& dice) const;

 private:
  [[nodiscard]] Plan plan_of(const std::vector<LoopSpec>& loops, const std::vector<ListedBody>& bodies,
                             const std::vector<std::int64_t>& tiles, const Chains& chains) const;
  [[nodiscard]] Plan empty_plan() const {
    Plan plan;
    plan.spatial = planner_.spatial();
    return plan;
  }
  [[nodiscard]] bool contracts(const Unit& unit) const {
    return std::any_of(unit.begin(), unit.end(), [&](OpId op) {
      return cascade_.op(op).kind == OpKind::kMatmul && !is_in(around_, op);
    });
  }
  [[nodiscard]] std::vector<RankId> token_ranks(const std::vector<Unit>& units, bool of_weights) const;
  [[nodiscard]] std::vector<std::vector<LoopSpec>> token_loops(const std::vector<RankId>& tokens) const;
  [[nodiscard]] bool joins(const std::vector<OpId>& body, RankId rank, const Unit& unit) const;
  [[nodiscard]] std::vector<std::optional<RankId>> ranks_to_begin_with(
      const std::vector<Unit>& units, std::size_t at, const std::vector<RankId>& tokens) const;
  [[nodiscard]] std::int64_t most_steps(const std::vector<Unit>& units,
                                        const std::vector<LoopSpec>& loops) const;
  void list_bodies(const std::vector<Unit>& units, std::size_t at, const std::vector<RankId>& tokens,
                   std::vector<ListedBody>& made, const std::function<void()>& visit) const;
  void list_tiles(const std::vector<ListedBody>& bodies, std::vector<std::int64_t>& tiles,
                  const std::function<void()>& visit) const;
  [[nodiscard]] std::vector<std::int64_t> tiles_of(const ListedBody& body) const;
  [[nodiscard]] bool reads_made(OpId op, const std::vector<OpId>& by) const;
  void add_operators(Plan& plan, NodeId node, const std::vector<OpId>& operators, const Chains& chains) const;
  void add_body(Plan& plan, NodeId node, std::vector<OpId> operators, const Chains& chains) const;

  const Planner& planner_;
  const Cascade& cascade_;
  std::vector<StateUpdate> updates_;
  std::vector<OpId> around_;
};

/// Leading ranks that all outputs share, and that no weight has, or weights may have.
inline std::vector<RankId> GroupList::token_ranks(const std::vector<Unit>& units, bool of_weights) const {
  std::vector<RankId> shared = cascade_.tensor(cascade_.op(units.front().front()).output).ranks;
  for (const Unit& unit : units) {
    for (const OpId op : unit) {
      const std::vector<RankId>& ranks = cascade_.tensor(cascade_.op(op).output).ranks;
      const auto first_other =
          std::find_if_not(shared.begin(), shared.end(), [&](RankId rank) { return has_rank(ranks, rank); });
      shared.erase(first_other, shared.end());
      for (const Access& read : cascade_.op(op).inputs) {
        const Tensor& tensor = cascade_.tensor(read.tensor);
        if (of_weights || tensor.kind != TensorKind::kWeight) continue;
        const auto first_of_weight = std::find_if(shared.begin(), shared.end(),
                                                  [&](RankId rank) { return has_rank(tensor.ranks, rank); });
        shared.erase(first_of_weight, shared.end());
      }
    }
  }
  return shared;
}

/// Earlier ranks one by one, one in tiles of up to 4,096 (below 64 only halves), later ones whole; or none at
/// all.
inline std::vector<std::vector<LoopSpec>> GroupList::token_loops(const std::vector<RankId>& tokens) const {
  std::vector<std::vector<LoopSpec>> found{{}};
  std::vector<LoopSpec> before;
  for (const RankId rank : tokens) {
    const std::int64_t extent = cascade_.extent(rank).value();
    if (extent == 1) continue;
    const std::vector<std::int64_t> coarse = tile_grid(extent, 1, Density::kMedium);
    for (const std::int64_t tile : tile_grid(extent, 1, Density::kFine)) {
      const bool is_coarse = std::find(coarse.begin(), coarse.end(), tile) != coarse.end();
      if (tile == extent || tile > 4096 || (tile < 64 && !is_coarse)) continue;
      found.push_back(before);
      found.back().push_back({rank, tile});
    }
    before.push_back({rank, 1});
  }
  return found;
}

/// Whether the unit can share the body's loop: it has the rank, and what it reads of the body is made tile by
/// tile, in place, and is complete.
inline bool GroupList::joins(const std::vector<OpId>& body, RankId rank, const Unit& unit) const {
  for (const OpId op : unit) {
    if (!has_rank(cascade_.op(op).ranks, rank)) return false;
    for (const Access& read : cascade_.op(op).inputs) {
      const auto& producer = cascade_.producer[index_of(read.tensor)];
      if (!producer || !is_in(body, *producer)) continue;
      if (has_rank(cascade_.op(*producer).reduction_ranks, rank)) return false;
      for (std::size_t i = 0; i < read.indices.size(); ++i) {
        const RankId made = cascade_.tensor(read.tensor).ranks[i];
        const bool along = made == rank || read.indices[i].rank == rank;
        if (along && read.indices[i] != Index{.rank = made}) return false;
      }
    }
  }
  return true;
}

/// Of the output's ranks, and of those that are summed over, the one over which most units can share the
/// body, then the longest. A sum only for a contraction, or where the output has no rank to loop over.
inline std::vector<std::optional<RankId>> GroupList::ranks_to_begin_with(
    const std::vector<Unit>& units, std::size_t at, const std::vector<RankId>& tokens) const {
  const auto best_of = [&](bool summed) {
    std::optional<RankId> best;
    std::pair<std::size_t, Elements> most;
    for (const RankId rank : cascade_.op(units[at].front()).ranks) {
      if (has_rank(tokens, rank) || cascade_.extent(rank) == Elements{1}) continue;
      if (!joins({}, rank, units[at])) continue;
      if (has_rank(cascade_.op(units[at].back()).reduction_ranks, rank) != summed) continue;
      std::vector<OpId> body = units[at];
      std::size_t end = at + 1;
      for (; end < units.size() && joins(body, rank, units[end]); ++end) {
        body.insert(body.end(), units[end].begin(), units[end].end());
      }
      const std::pair here{end - at, cascade_.extent(rank)};
      if (best && here <= most) continue;
      best = rank;
      most = here;
    }
    return best;
  };
  std::vector<std::optional<RankId>> found;
  if (const auto rank = best_of(false)) found.emplace_back(rank);
  const bool may_sum = found.empty() || contracts(units[at]);
  if (const auto rank = may_sum ? best_of(true) : std::nullopt) found.emplace_back(rank);
  if (found.empty()) found.emplace_back(std::nullopt);
  return found;
}

/// All ways to cut units, from `at` on, into bodies. What can join does, a contraction may begin a body, too.
inline void GroupList::list_bodies(const std::vector<Unit>& units, std::size_t at,
                                   const std::vector<RankId>& tokens, std::vector<ListedBody>& made,
                                   const std::function<void()>& visit) const {
  if (at == units.size()) return visit();
  const bool can_join =
      !made.empty() && made.back().rank && joins(made.back().operators, *made.back().rank, units[at]);
  if (can_join) {
    const std::vector<OpId> before = made.back().operators;
    made.back().operators.insert(made.back().operators.end(), units[at].begin(), units[at].end());
    list_bodies(units, at + 1, tokens, made, visit);
    made.back().operators = before;
  }
  if (can_join && !contracts(units[at])) return;
  for (const std::optional<RankId>& rank : ranks_to_begin_with(units, at, tokens)) {
    made.push_back({units[at], rank});
    list_bodies(units, at + 1, tokens, made, visit);
    made.pop_back();
  }
}

/// Equal ones, and multiples of what fills the array under some operator of the body.
inline std::vector<std::int64_t> GroupList::tiles_of(const ListedBody& body) const {
  if (!body.rank) return {1};
  const std::int64_t extent = cascade_.extent(*body.rank).value();
  std::vector<std::int64_t> tiles;
  for (const OpId op : body.operators) {
    const SpatialMapping& mapping = planner_.spatial()[index_of(op)];
    const Engine& engine = planner_.array().engines[static_cast<std::size_t>(cascade_.op(op).kind)];
    std::int64_t fills = 1;
    const auto along = [&](const std::vector<RankId>& ranks, std::int64_t places) {
      const auto at = std::find(ranks.begin(), ranks.end(), *body.rank);
      if (at == ranks.end()) return;
      for (auto inner = at + 1; inner != ranks.end(); ++inner) {
        places = std::max<std::int64_t>(ceil_div(places, cascade_.extent(*inner).value()), 1);
      }
      fills = std::max(fills, places);
    };
    along(mapping.rows, engine.rows);
    along(mapping.cols, engine.cols);
    along(mapping.flat, engine.rows * engine.cols);
    along(mapping.cores, engine.count);
    const std::vector<std::int64_t> more = tile_grid(extent, fills);
    tiles.insert(tiles.end(), more.begin(), more.end());
  }
  std::sort(tiles.begin(), tiles.end());
  tiles.erase(std::unique(tiles.begin(), tiles.end()), tiles.end());
  return tiles;
}

inline void GroupList::list_tiles(const std::vector<ListedBody>& bodies, std::vector<std::int64_t>& tiles,
                                  const std::function<void()>& visit) const {
  if (tiles.size() == bodies.size()) return visit();
  for (const std::int64_t tile : tiles_of(bodies[tiles.size()])) {
    tiles.push_back(tile);
    list_tiles(bodies, tiles, visit);
    tiles.pop_back();
  }
}

inline bool GroupList::reads_made(OpId op, const std::vector<OpId>& by) const {
  const std::vector<Access>& reads = cascade_.op(op).inputs;
  return std::any_of(reads.begin(), reads.end(), [&](const Access& read) {
    const auto& producer = cascade_.producer[index_of(read.tensor)];
    return producer && is_in(by, *producer);
  });
}

/// Neighbours over the same ranks as chains, if they are chained at all; a sum ends its chain.
inline void GroupList::add_operators(Plan& plan, NodeId node, const std::vector<OpId>& operators,
                                     const Chains& chains) const {
  std::optional<NodeId> chain;
  for (std::size_t i = 0; i < operators.size(); ++i) {
    const auto follows = [&](std::size_t at) {
      if (!chains.used || at == 0 || at >= operators.size()) return false;
      const Operator& before = cascade_.op(operators[at - 1]);
      const Operator& here = cascade_.op(operators[at]);
      return class_of(before.kind) == OpClass::kElementwise &&
             (class_of(here.kind) == OpClass::kElementwise || class_of(here.kind) == OpClass::kContraction) &&
             same_ranks(before.ranks, here.ranks);
    };
    if (!follows(i)) chain = follows(i + 1) ? std::optional{add_chain(plan, node)} : std::nullopt;
    add_operator(plan, chain.value_or(node), operators[i]);
  }
}

/// A state update in steps, after what does not depend on it, and before the rest.
inline void GroupList::add_body(Plan& plan, NodeId node, std::vector<OpId> operators,
                                const Chains& chains) const {
  for (const StateUpdate& update : updates_) {
    if (update.recurrence.size() < 2 || !is_in(operators, update.recurrence.front())) continue;
    std::vector<OpId> before;
    std::vector<OpId> steps;
    std::vector<OpId> after;
    for (const OpId op : operators) {
      if (is_in(operators_of(update), op)) {
        steps.push_back(op);
      } else if (reads_made(op, steps) || reads_made(op, after)) {
        after.push_back(op);
      } else {
        before.push_back(op);
      }
    }
    add_operators(plan, node, before, chains);
    const bool loops = cascade_.extent(update.tokens) > Elements{1};
    add_operators(plan, loops ? add_loop(plan, node, update.tokens, chains.step) : node, steps, chains);
    operators = after;
  }
  add_operators(plan, node, operators, chains);
}

inline Plan GroupList::plan_of(const std::vector<LoopSpec>& loops, const std::vector<ListedBody>& bodies,
                               const std::vector<std::int64_t>& tiles, const Chains& chains) const {
  Plan plan = empty_plan();
  NodeId node = add_sequence(plan, kRoot);
  for (const LoopSpec& loop : loops) node = add_loop(plan, node, loop.rank, loop.tile);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const bool loops_here = bodies[i].rank && Elements{tiles[i]} < cascade_.extent(*bodies[i].rank);
    add_body(plan, loops_here ? add_loop(plan, node, *bodies[i].rank, tiles[i]) : node, bodies[i].operators,
             chains);
  }
  return plan;
}

/// Tokens that the units' state updates have in a tile; 1 if there are none of several operators.
inline std::int64_t GroupList::most_steps(const std::vector<Unit>& units,
                                          const std::vector<LoopSpec>& loops) const {
  std::int64_t most = 1;
  for (const StateUpdate& update : updates_) {
    const bool here = std::any_of(units.begin(), units.end(), [&](const Unit& unit) {
      return unit.size() > 1 && is_in(unit, update.recurrence.front());
    });
    std::int64_t tokens = cascade_.extent(update.tokens).value();
    for (const LoopSpec& loop : loops) {
      if (loop.rank == update.tokens) tokens = loop.tile;
    }
    if (here) most = std::max(most, tokens);
  }
  return most;
}

inline std::vector<Plan> GroupList::fused(const std::vector<Unit>& units) const {
  std::vector<Plan> plans;
  std::vector<RankId> tokens;
  std::vector<ListedBody> bodies;
  std::vector<std::int64_t> tiles;
  const auto add_plans = [&] {
    for (const std::vector<LoopSpec>& loops : token_loops(tokens)) {
      plans.push_back(plan_of(loops, bodies, tiles, {.used = false}));
      for (const std::int64_t step : {1, 2, 4, 8, 16, 64, 256}) {
        if (step == 1 || step <= most_steps(units, loops))
          plans.push_back(plan_of(loops, bodies, tiles, {.step = step}));
      }
    }
  };
  for (const bool of_weights : {false, true}) {
    tokens = token_ranks(units, of_weights);
    if (of_weights && tokens == token_ranks(units, false)) continue;
    list_bodies(units, 0, tokens, bodies, [&] { list_tiles(bodies, tiles, add_plans); });
  }
  return plans;
}

inline Plan GroupList::drawn(const std::vector<Unit>& units, Dice& dice) const {
  const std::vector<RankId> tokens = token_ranks(units, dice.one_in(2));
  std::vector<ListedBody> bodies;
  for (std::size_t at = 0; at < units.size(); ++at) {
    const bool can_join = !bodies.empty() && bodies.back().rank &&
                          joins(bodies.back().operators, *bodies.back().rank, units[at]);
    if (can_join && !(contracts(units[at]) && dice.one_in(2))) {
      bodies.back().operators.insert(bodies.back().operators.end(), units[at].begin(), units[at].end());
    } else {
      bodies.push_back({units[at], dice.pick(ranks_to_begin_with(units, at, tokens))});
    }
  }
  std::vector<std::int64_t> tiles;
  for (const ListedBody& body : bodies) tiles.push_back(dice.pick(tiles_of(body)));
  return plan_of(dice.pick(token_loops(tokens)), bodies, tiles,
                 {.used = !dice.one_in(4), .step = dice.pick<std::int64_t>({1, 2, 4, 8, 16, 64, 256})});
}

}  // namespace fusescape::test_plans
