// Is `optimal` ever beaten, and does what it returns hold on random shapes and machines?
#include "fusescape/search/optimal.hpp"

#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/check/verification.hpp"
#include "fusescape/cost/physical_limit.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/model.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans {
namespace {

Mamba1 random_block(Dice& dice) {
  Mamba1 shape;
  shape.d_model = dice.in(1, 6);
  shape.d_inner = dice.in(1, 8);
  shape.d_state = dice.in(1, 4);
  shape.dt_rank = dice.in(1, 3);
  shape.d_conv = dice.in(1, 3);
  shape.tokens = dice.in(1, 9);
  shape.batch = dice.in(1, 2);
  return shape;
}

/// An accelerator with a memory of `bytes`.
Accelerator with_memory(Accelerator accelerator, std::int64_t bytes) {
  accelerator.sram.banks = 1;
  accelerator.sram.capacity = Bytes{bytes};
  return accelerator;
}

/// `check(planner, accelerator)` for random blocks and other cascades.
template <class Check>
void for_designs(std::uint32_t cases, const Check& check) {
  for_all(cases, [&](Dice& dice) {
    const Cascade cascade =
        dice.one_in(3) ? lengthened(dice, random_cascade(dice)) : sound(mamba1_block(random_block(dice)));
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    const Planner planner{cascade, accelerator};
    const Accelerator sized = with_memory(accelerator, std::int64_t{1} << dice.in(6, 14));
    CAPTURE(text_of(cascade), sized.sram.capacity.value());
    check(planner, sized);
  });
}

TEST_CASE("No strategy beats optimal, and where one has a plan so has optimal") {
  int feasible = 0;
  for_designs(60, [&](const Planner& planner, const Accelerator& accelerator) {
    const Design design = design_of(accelerator);
    const auto answer = optimal_answer(planner, design.machine);
    for (const Strategy& strategy : strategies()) {
      CAPTURE(strategy.name);
      const auto other = assess(planner, design, strategy);
      if (!other) continue;
      REQUIRE(answer.has_value());
      CHECK(answer->latency <= other->cost.total.latency);
    }
    feasible += answer.has_value() ? 1 : 0;
  });
  CHECK(feasible > 20);
}

TEST_CASE("What optimal returns is legal, costs what it says, and lies between its bounds and no lower") {
  int feasible = 0;
  int own = 0;
  for_designs(60, [&](const Planner& planner, const Accelerator& accelerator) {
    const Design design = design_of(accelerator);
    const auto answer = optimal_answer(planner, design.machine);
    if (!answer) return;
    ++feasible;
    own += answer->winner == kOptimalName ? 1 : 0;
    const auto assessed = assess(planner.cascade(), design, answer->plan);
    REQUIRE(assessed.has_value());
    CHECK(assessed->cost.total.latency == answer->latency);
    CHECK(answer->bound <= answer->latency);
    const bool side_by_side = std::any_of(
        planner.spatial().begin(), planner.spatial().end(),
        [](const SpatialMapping& mapping) { return mapping.operand_loads == OperandLoads::kConcurrent; });
    const auto limit = physical_limit(planner.cascade(), accelerator);
    if (limit && !side_by_side) CHECK(limit->latency <= assessed->cost.latency);
  });
  CHECK(feasible > 20);
  CHECK(own > 10);
}

TEST_CASE("Optimal computes what the cascade says, in the memory that it says") {
  int verified = 0;
  for_designs(25, [&](const Planner& planner, const Accelerator& accelerator) {
    const auto answer = optimal_answer(planner, design_of(accelerator).machine);
    if (!answer) return;
    CHECK(verify(planner.cascade(), answer->plan, accelerator).passed());
    ++verified;
  });
  CHECK(verified > 8);
}

TEST_CASE("Optimal is never slower with more memory behind the same ports, nor with a wider DRAM") {
  int compared = 0;
  for_designs(40, [&](const Planner& planner, Accelerator accelerator) {
    std::optional<double> before;
    for (int step = 0; step < 6; ++step) {
      const Machine machine = make_machine(accelerator).value();
      const auto answer = optimal_answer(planner, machine);
      if (before) REQUIRE(answer.has_value());
      if (answer) {
        const double cycles = static_cast<double>(answer->latency.value()) /
                              static_cast<double>(machine.scale.ticks_per_cycle());
        if (before) CHECK(cycles <= *before);
        compared += before ? 1 : 0;
        before = cycles;
      }
      if (step % 2 == 0) accelerator.sram.capacity = accelerator.sram.capacity * 2;
      if (step % 2 == 1) accelerator.dram.bandwidth.value *= 2;
    }
  });
  CHECK(compared > 50);
}

TEST_CASE("Optimal returns the same plan for the same inputs") {
  for_designs(15, [](const Planner& planner, const Accelerator& accelerator) {
    const Machine machine = make_machine(accelerator).value();
    const Planner other{planner.cascade(), accelerator};
    const auto a = optimal_answer(planner, machine);
    const auto b = optimal_answer(other, machine);
    REQUIRE(a.has_value() == b.has_value());
    if (a) CHECK(a->plan == b->plan);
  });
}

}  // namespace
}  // namespace fusescape::test_plans
