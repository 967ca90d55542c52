// Are the groups that `optimal` chooses from made once, and laid out as each would be by itself?
#include <catch2/catch.hpp>
#include <set>

#include "../../src/search/known_layouts.hpp"
#include "../../src/search/space_maker.hpp"
#include "built_plans.hpp"
#include "designs.hpp"
#include "enumerated_class.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/optimal.hpp"
#include "loaded.hpp"
#include "random_families.hpp"

namespace fusescape::test_plans::optimal_groups_test {
namespace {

/// What the planner itself says of the plan's first group.
std::optional<GroupProfile> laid_out(const Planner& planner, const Plan& plan) {
  if (has_chain(plan) && !planner.runs_on_hardware(plan)) return std::nullopt;
  const auto layout = lay_out(planner.cascade(), plan, Coverage::kPart);
  if (!layout) return std::nullopt;
  return profile_group(planner.cascade(), plan, layout->groups.front(), planner.options());
}

std::optional<GroupProfile> laid_out_as_known(const Planner& planner, KnownLayouts& known, const Plan& plan) {
  const GroupLayout* group = known.of(plan);
  if (group == nullptr) return std::nullopt;
  return profile_group(planner.cascade(), plan, *group, planner.options());
}

TEST_CASE("Of plans that differ in tiles alone the layout of one is that of all whose form is the same") {
  int legal = 0;
  for_all(400, [&](Dice& dice) {
    const Cascade cascade = lengthened(dice, random_cascade(dice), 9);
    const Planner planner{cascade, planning_machine(dice)};
    KnownLayouts known{planner};
    Plan plan = RandomPlan{dice, cascade}.run();
    plan.storages.clear();
    plan.spatial = planner.spatial();
    for (int tries = 0; tries < 12; ++tries) {
      CAPTURE(text_of(cascade), text_of(cascade, plan));
      const auto own = laid_out(planner, plan);
      CHECK(own == laid_out_as_known(planner, known, plan));
      legal += own ? 1 : 0;
      for (Node& node : plan.nodes) {
        if (node.kind == NodeKind::kLoop) node.tile = dice.in(1, cascade.extent(node.rank).value() + 1);
      }
    }
  });
  CHECK(legal > 400);
}

TEST_CASE("All groups of a run are made once, and no more than are counted") {
  constexpr std::size_t kMost = 400;
  std::size_t made = 0;
  for_all(60, [&](Dice& dice) {
    const Cascade cascade = dice.one_in(2) ? random_stateless_block(dice) : random_cascade(dice);
    const Planner planner{cascade, planning_machine(dice)};
    const std::vector<Unit> units = units_of(planner);
    const std::stop_token never;
    const Ingredients with;
    SpaceMaker maker{planner, with, never};
    const auto first = dice.in(0, static_cast<std::int64_t>(units.size()) - 1);
    const auto last = std::min<std::int64_t>(first + dice.in(1, 4), static_cast<std::int64_t>(units.size()));
    const std::vector<Unit> run{units.begin() + first, units.begin() + last};
    const std::size_t count = maker.count(run, kMost);
    if (count > kMost) return;
    CAPTURE(text_of(cascade), first, last);
    std::set<std::string> plans;    // With chains, or without.
    std::set<std::string> tilings;  // Chains apart.
    for (const FusedGroup& group : maker.every_group(run)) {
      Plan plan;
      FusedGroup plain = group;
      add_fused_group(plan, cascade, state_updates(cascade), group);
      CHECK(plans.insert(text_of(cascade, plan)).second);
      plain.chained = false;
      plain.step = 1;
      Plan without;
      add_fused_group(without, cascade, state_updates(cascade), plain);
      tilings.insert(text_of(cascade, without));
      ++made;
    }
    CHECK(tilings.size() <= count);
  });
  CHECK(made > 500);
}

/// Whether some loop has several tiles of a rank that an operator below it lacks.
bool makes_again(const Cascade& cascade, const Plan& plan) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const NodeId leaf{static_cast<std::uint16_t>(i)};
    if (plan.node(leaf).kind != NodeKind::kOperator) continue;
    for (const PathLoop& loop : loops_above(plan, leaf)) {
      const bool cuts = loop.tile < cascade.extent(loop.rank).value();
      if (cuts && !has_rank(cascade.op(plan.node(leaf).op).ranks, loop.rank)) return true;
    }
  }
  return false;
}

TEST_CASE("Without recomputation no strategy competes with a plan that makes an operator again") {
  const Workload workload = value_of(load_workload("gated-linear-attention"));
  Accelerator machine = value_of(load_accelerator("marca"));
  machine.sram.capacity = Bytes{1 << 20};
  const Planner planner{workload.block, machine};
  std::size_t again = 0;
  std::size_t others = 0;
  for (const Strategy& strategy : strategies()) {
    if (strategy.name == kOptimalName) continue;
    const auto assessed = assess(planner, design_of(machine), strategy);
    if (assessed) ++(makes_again(workload.block, assessed->plan) ? again : others);
  }
  StrategyInputs inputs;
  inputs.with = inputs.with.without(Ingredient::kRecompute);
  const auto answer = optimal_answer(planner, design_of(machine).machine, inputs);
  REQUIRE(answer.has_value());
  CHECK(answer->compared == others);
  CHECK_FALSE(makes_again(workload.block, answer->plan));
  CHECK(again > 0);
}

}  // namespace
}  // namespace fusescape::test_plans::optimal_groups_test
