// Are other strategies' plans bounded from below by what `optimal` knows of them before they are made?
#include "../../src/search/competitors.hpp"

#include <catch2/catch.hpp>

#include "../../src/search/optimal_space.hpp"
#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans::competitors_test {
namespace {

Cascade random_workload(Dice& dice) {
  if (dice.one_in(2)) return lengthened(dice, random_cascade(dice));
  Mamba1 shape;
  shape.d_model = dice.in(1, 6);
  shape.d_inner = dice.in(1, 8);
  shape.d_state = dice.in(1, 4);
  shape.dt_rank = dice.in(1, 3);
  shape.d_conv = dice.in(1, 3);
  shape.tokens = dice.in(1, 9);
  shape.batch = dice.in(1, 2);
  return sound(mamba1_block(shape));
}

Accelerator random_design(Dice& dice) {
  Accelerator accelerator = random_machine(dice);
  vary_machine(dice, accelerator);
  vary_efficiency(dice, accelerator);
  if (dice.one_in(3)) {
    SpatialRule rule;
    for (const OpKindFacts& facts : kOpKinds) rule.kinds.push_back(facts.kind);
    rule.flat = {"all"};
    accelerator.cores.front().spatial = {rule};
  }
  accelerator.sram.banks = 1;
  accelerator.sram.capacity = Bytes{std::int64_t{1} << dice.in(5, 13)};
  return accelerator;
}

TEST_CASE("No strategy's plan takes less than is known of it before it is made") {
  int bounded = 0;
  for_all(50, [&](Dice& dice) {
    const Cascade cascade = random_workload(dice);
    const Design design = design_of(random_design(dice));
    const Planner planner{cascade, design.accelerator};
    CAPTURE(text_of(cascade), design.machine.capacity.value());
    for (const Strategy& strategy : strategies()) {
      CAPTURE(strategy.name);
      const auto made = assess(planner, design, strategy);
      if (!made) continue;
      LeastTimes least{planner, planner.optimal_space(), design.machine};
      CHECK_FALSE(least.none_below(made->cost.total.latency + Ticks{1}, strategy));
      bounded +=
          least.none_below(made->cost.total.latency - Ticks{made->cost.total.latency.value() / 4}, strategy)
              ? 1
              : 0;
    }
  });
  CHECK(bounded > 100);
}

TEST_CASE("No nest of a run moves, computes or holds less than the run's floor") {
  int nests = 0;
  for_all(50, [&](Dice& dice) {
    const Cascade cascade = random_workload(dice);
    const Planner planner{cascade, random_design(dice)};
    CAPTURE(text_of(cascade));
    const CompetitorFloors& floors = planner.optimal_space().floors();
    if (!floors.known()) return;
    for (std::size_t first = 0; first < floors.units(); ++first) {
      for (std::size_t last = first + 2; last <= floors.units(); ++last) {
        const GroupFloor& floor = floors.run(first, last);
        CAPTURE(first, last);
        for (const Candidate& nest : planner.fused(floors.operators(first, last))) {
          const GroupProfile& group = planner.profile(nest);
          CHECK(floor.read <= group.dram_read);
          CHECK(floor.written <= group.dram_write);
          CHECK(floor.compute <= nest.weights.array.compute);
          CHECK(floor.held <= nest.weights.held);
          ++nests;
        }
      }
    }
  });
  CHECK(nests > 500);
}

}  // namespace
}  // namespace fusescape::test_plans::competitors_test
