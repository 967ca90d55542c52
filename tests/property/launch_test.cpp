// What do launches add to a plan? Their cycles before each group, in the closed form and in the simulation,
// and nothing else.
#include <catch2/catch.hpp>

#include "fusescape/cost/busy_time.hpp"
#include "random_machines.hpp"
#include "random_plans.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::launch_test {
namespace {

constexpr std::uint32_t kCases = 2000;

TEST_CASE("Launches add their cycles once for each group, in the closed form and in the simulation") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    Accelerator machine = random_machine(dice);
    const PlanProfile parts = profile(cascade, plan, layout, profile_options(machine));
    const Machine at_once = make_machine(machine).value();
    const GroupCost without = cost_on(parts, machine).total;
    const auto run_without = simulate(cascade, plan, layout, machine);
    REQUIRE(run_without.has_value());

    const std::int64_t cycles = dice.in(0, 100);
    machine.model.launch_cycles = Cycles{cycles};
    const GroupCost with = cost_on(parts, machine).total;
    const auto run = simulate(cascade, plan, layout, machine);
    REQUIRE(run.has_value());

    const auto groups = static_cast<std::int64_t>(parts.groups.size());
    const Ticks added = run->scale.ticks(Cycles{cycles * groups});
    CHECK(with.latency == without.latency + added);
    CHECK(run->latency == run_without->latency + added);
    CHECK(run->latency >= with.latency);
    const Machine launched = make_machine(machine).value();
    for (const GroupProfile& group : parts.groups) {
      CHECK(busy_time(group, launched).least() ==
            busy_time(group, at_once).least() + run->scale.ticks(Cycles{cycles}));
    }
    CHECK(with.compute == without.compute);
    CHECK(with.dram == without.dram);
    CHECK(run->dram_read == run_without->dram_read);
  });
}

}  // namespace
}  // namespace fusescape::test_plans::launch_test
