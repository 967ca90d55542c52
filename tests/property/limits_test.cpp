// Is nothing ever below the limits that are said to be below everything?
#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/cost/physical_limit.hpp"
#include "fusescape/search/assessment.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans::limits_test {
namespace {

/// Inputs side by side through one port are what some models assume and no port can do.
void load_serially(Plan& plan) {
  for (SpatialMapping& mapping : plan.spatial) mapping.operand_loads = OperandLoads::kSerial;
}

TEST_CASE("No plan moves fewer bytes or takes fewer cycles than the physical limit") {
  int tight = 0;
  const int legal =
      for_legal_plans(6000, [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
        Accelerator machine = random_machine(dice);
        vary_machine(dice, machine);
        vary_efficiency(dice, machine);
        Plan mapped = plan;
        vary_spatial(dice, cascade, mapped);
        load_serially(mapped);
        const PlanProfile made = profile(cascade, mapped, layout, profile_options(machine));
        const auto cost = evaluate(made, *make_machine(machine));
        const std::optional<Limit> limit = physical_limit(cascade, machine);
        if (!cost) return;
        REQUIRE(limit);
        CHECK(cost->total.dram_read >= limit->dram_read);
        CHECK(cost->total.dram_write >= limit->dram_write);
        CHECK(cost->total.ops >= limit->ops);
        CHECK(cost->compute >= limit->compute);
        CHECK(cost->latency >= limit->latency);
        tight +=
            cost->total.dram_read + cost->total.dram_write == limit->dram_read + limit->dram_write ? 1 : 0;
      });
  CHECK(legal > 600);
  CHECK(tight > 60);  // It is no bound from far away.
}

TEST_CASE(
    "A strategy is never below the physical limit, and one that fuses nothing never below the sum of "
    "operators") {
  int compared = 0;
  for_all(300, [&](Dice& dice) {
    const Cascade cascade = random_cascade(dice);
    Accelerator machine = random_machine(dice);
    machine.sram.capacity = Bytes{dice.in(16, 4096)};
    vary_machine(dice, machine);
    vary_efficiency(dice, machine);
    const auto bound = make_machine(machine);
    const std::optional<Limit> limit = physical_limit(cascade, machine);
    const std::optional<Limit> least = algorithmic_minimum(cascade, *bound);
    REQUIRE((limit && least));
    CHECK(least->latency >= limit->latency);
    CHECK(least->dram_read + least->dram_write >= limit->dram_read + limit->dram_write);
    for (const char* name : {"unfused", "greedy", "retained", "marca-lower"}) {
      const auto assessed = assess(cascade, design_of(machine), *find_strategy(name));
      if (!assessed) continue;
      ++compared;
      CHECK(assessed->cost.latency >= limit->latency);
      CHECK(assessed->cost.total.dram_read >= limit->dram_read);
      CHECK(assessed->cost.total.dram_write >= limit->dram_write);
      if (std::string_view{name} == "unfused") CHECK(assessed->cost.latency >= least->latency);
    }
  });
  CHECK(compared > 300);
}

}  // namespace
}  // namespace fusescape::test_plans::limits_test
