// Which groups does a small class hold, each once?
#include <algorithm>
#include <set>
#include <utility>

#include "space_maker.hpp"

namespace fusescape {
namespace {

using Unit = std::vector<OpId>;
using TokenLoops = std::vector<LoopSpec>;

/// All that tells one plan of a search from another.
std::vector<std::int64_t> key_of(const Plan& plan) {
  std::vector<std::int64_t> key;
  key.reserve(4 * plan.nodes.size());
  for (const Node& node : plan.nodes) {
    const bool is_operator = node.kind == NodeKind::kOperator;
    key.push_back(static_cast<std::int64_t>(node.kind));
    key.push_back(static_cast<std::int64_t>(node.parent));
    key.push_back(static_cast<std::int64_t>(is_operator ? index_of(node.op) : index_of(node.rank)));
    key.push_back(node.tile);
  }
  return key;
}

}  // namespace

std::vector<std::int64_t> SpaceMaker::every_tile(const Body& body) const {
  if (with_.has(Ingredient::kSubLoops)) return tiles_.every(body);
  return whole({body});
}

/// With tiles of all bodies after those that have one in `tiles`.
bool SpaceMaker::visit_tilings(const Structure& bodies, const TokenLoops& tokens,
                               std::vector<std::int64_t>& tiles, const Visit& visit) const {
  if (tiles.size() == bodies.size()) {
    return visit({.tokens = tokens, .bodies = bodies, .tiles = tiles, .chained = false});
  }
  bool goes_on = true;
  for (const std::int64_t tile : every_tile(bodies[tiles.size()])) {
    tiles.push_back(tile);
    goes_on = goes_on && visit_tilings(bodies, tokens, tiles, visit);
    tiles.pop_back();
  }
  return goes_on;
}

/// In each of these loops over tokens, with all tilings.
bool SpaceMaker::visit_cuts(const Structure& bodies, const std::vector<TokenLoops>& cuts,
                            const Visit& visit) const {
  std::vector<std::int64_t> tiles;
  return std::all_of(cuts.begin(), cuts.end(),
                     [&](const TokenLoops& loops) { return visit_tilings(bodies, loops, tiles, visit); });
}

/// False if not all were visited: there are more than so many structures, or no more were asked for. Some are
/// one and the same plan: bodies whose tile is all of their rank have no loop, whichever it would be over.
bool SpaceMaker::visit_all(const std::vector<Unit>& units, std::size_t most_structures,
                           const Visit& visit) const {
  for (const std::vector<RankId>& tokens : tokens_of(units)) {
    const std::vector<TokenLoops> cuts = token_cuts(cascade_, tokens, with_.has(Ingredient::kFineTiles));
    const std::vector<Structure> structures = structures_of(cascade_, units, tokens, most_structures + 1);
    if (structures.size() > most_structures) return false;
    const bool goes_on = std::all_of(structures.begin(), structures.end(), [&](const Structure& bodies) {
      return visit_cuts(bodies, cuts, visit);
    });
    if (!goes_on) return false;
  }
  return true;
}

std::size_t SpaceMaker::count(const std::vector<Unit>& units, std::size_t most) const {
  std::set<PlanKey> seen;
  const bool all = visit_all(units, most, [&](const FusedGroup& group) {
    Plan plan;
    add_fused_group(plan, cascade_, updates_, group);
    seen.insert(key_of(plan));
    return seen.size() <= most;
  });
  return all ? seen.size() : most + 1;
}

/// The group in chains, and without; plans of `seen` are there.
void SpaceMaker::add_new(FusedGroup group, std::set<PlanKey>& seen, std::vector<FusedGroup>& found) {
  const auto add = [&] {
    build(group);
    if (seen.insert(key_of(plan_)).second && try_built(group)) found.push_back(group);
  };
  add();
  group.chained = with_.has(Ingredient::kChains);
  build(group);
  if (!has_chain(plan_)) return;
  for (const std::int64_t step : kSteps) {
    group.step = step;
    if (step <= most_steps(group)) add();
  }
}

std::vector<FusedGroup> SpaceMaker::every_group(const std::vector<Unit>& units) {
  layouts_.forget();
  std::vector<FusedGroup> found;
  std::set<PlanKey> seen;
  visit_all(units, kMostWhole, [&](const FusedGroup& group) {
    if (!stop_.stop_requested()) add_new(group, seen, found);
    return !stop_.stop_requested();
  });
  return found;
}

}  // namespace fusescape
