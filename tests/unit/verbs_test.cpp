// Do the two verbs of the library say of a plan and of its strategy the same, and why there is nothing to
// say?
#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "plans.hpp"

namespace fusescape::test_plans::verbs_test {
namespace {

/// Z[32,16] = X[32,8] Y[8,16] in fp32: 1024 B of X, 512 B of Y and 2048 B of Z.
Cascade product() {
  return matmul(32, 16, 8);
}

Design with_memory(std::int64_t bytes) {
  Accelerator machine = accelerator(2, 2);
  machine.dram.bandwidth = BitsPerCycle{32};
  machine.sram.capacity = Bytes{bytes};
  return design_of(machine);
}

TEST_CASE("A plan that does not fit is refused in both models, and the simulation says that it could evict") {
  const Design small = with_memory(3000);
  const auto closed = assess(product(), small, plan_of(product(), "Z"));
  const auto simulated = simulate_plan(product(), small, plan_of(product(), "Z"));
  REQUIRE(!closed);
  REQUIRE(!simulated);
  CHECK(capacity_needed(closed.error()) == Bytes{3584});
  CHECK(capacity_needed(simulated.error()) == Bytes{3584});
  CHECK(describe(simulated.error()) ==
        describe(closed.error()) +
            "\nOr let the memory evict what does not fit: simulate --eviction furthest.");
}

TEST_CASE("A strategy's shortage in the simulation is that of the closed form: with what it names, it runs") {
  const Cascade cascade = state_update({.l = 8, .d = 16, .n = 4});
  const Planner planner{cascade, with_memory(64).accelerator};
  for (const Strategy& strategy : strategies()) {
    CAPTURE(strategy.name);
    const auto closed = assess(planner, with_memory(64), strategy);
    const auto simulated = simulate_plan(planner, with_memory(64), strategy);
    REQUIRE(closed.has_value() == simulated.has_value());
    if (closed) continue;
    const std::optional<Bytes> needed = capacity_needed(closed.error());
    CHECK(capacity_needed(simulated.error()) == needed);
    if (needed) CHECK(assess(planner, with_memory(needed->value()), strategy).has_value());
  }
}

TEST_CASE("With eviction the closed form beside it is that of a memory as large as the plan takes") {
  const Plan plan = plan_of(product(), "M:8{ Z }");
  const SimOptions evicting{.eviction = Eviction::kFurthestNextUse};
  const auto tight = simulate_plan(product(), with_memory(1800), plan, evicting);
  const auto ample = simulate_plan(product(), with_memory(1 << 20), plan, evicting);
  REQUIRE(tight);
  REQUIRE(ample);
  CHECK(!tight->fits);
  CHECK(ample->fits);
  CHECK(tight->closed.cost.latency == ample->closed.cost.latency);
  CHECK(tight->result.cycles >= ample->result.cycles);
}

TEST_CASE("An operator too large for any memory that evicts is a failure of the simulation, in words") {
  const SimOptions evicting{.eviction = Eviction::kLru};
  const auto found = simulate_plan(product(), with_memory(3000), plan_of(product(), "Z"), evicting);
  REQUIRE(!found);
  REQUIRE(std::holds_alternative<DoesNotSimulate>(found.error()));
  const auto& failed = std::get<DoesNotSimulate>(found.error());
  CHECK(failed.why.reason == SimFailure::Reason::kCapacity);
  CHECK(describe(found.error()) == failed.text);
  CHECK(!capacity_needed(found.error()));
}

TEST_CASE("A strategy is assessed and simulated as the plan that it gives, under its name") {
  const Cascade cascade = state_update({.l = 8, .d = 16, .n = 4});
  const Design design = with_memory(1 << 16);
  const Planner planner{cascade, design.accelerator};
  for (const Strategy& strategy : strategies()) {
    CAPTURE(strategy.name);
    const auto plan = plan_of(planner, design, strategy);
    const auto closed = assess(planner, design, strategy);
    const auto simulated = simulate_plan(planner, design, strategy);
    CHECK(plan.has_value() == closed.has_value());
    REQUIRE(closed.has_value() == simulated.has_value());
    if (!closed) {
      CHECK(describe(closed.error()) == describe(simulated.error()));
      continue;
    }
    CHECK(plan->name == strategy.name);
    CHECK(*plan == closed->plan);
    CHECK(*plan == simulated->closed.plan);
    CHECK(simulated->closed.cost.latency == closed->cost.latency);
    CHECK(simulated->result.cycles >= closed->cost.latency);
  }
}

}  // namespace
}  // namespace fusescape::test_plans::verbs_test
