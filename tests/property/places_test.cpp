// Full memory: does the closed form know what the simulation cannot load early, and does more never hurt?
#include <catch2/catch.hpp>

#include "random_machines.hpp"
#include "random_plans.hpp"
#include "random_variations.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::places_test {
namespace {

constexpr std::uint32_t kCases = 6000;

struct Case {
  Cascade cascade;
  Plan plan;
  Accelerator machine;
};

Case random_case(Dice& dice) {
  Cascade cascade = random_cascade(dice);
  if (dice.one_in(2)) cascade = lengthened(dice, cascade, 16);
  Plan plan = dice.one_in(2) ? taking_turns(dice, cascade) : RandomPlan{dice, cascade}.run();
  Accelerator machine = random_machine(dice);
  if (dice.one_in(3)) {
    vary_plan(dice, cascade, plan);
    vary_spatial(dice, cascade, plan);
    vary_machine(dice, machine);
  }
  return {std::move(cascade), std::move(plan), std::move(machine)};
}

TEST_CASE(
    "In any memory from the peak on the closed form is not above the simulation, and more makes neither "
    "slower") {
  int waited = 0;
  int used = 0;
  for_all(kCases, [&](Dice& dice) {
    Case made = random_case(dice);
    const auto layout = lay_out(made.cascade, made.plan);
    if (!layout) return;
    CAPTURE(text_of(made.cascade), text_of(made.cascade, made.plan));
    Accelerator& machine = made.machine;
    const PlanProfile closed = profile(made.cascade, made.plan, *layout, profile_options(machine));
    const Cost ample = cost_on(closed, machine);
    machine.sram.capacity = ample.total.peak;
    Ticks simulated_before;
    Ticks closed_before;
    for (int step = 0; step < 4; ++step) {
      CAPTURE(machine.sram.capacity.value());
      const Ticks bound = cost_on(closed, machine).total.latency;
      const auto run = simulate(made.cascade, made.plan, *layout, machine, {});
      REQUIRE(run.has_value());
      CHECK(bound <= run->latency);
      CHECK(run->peak <= machine.sram.capacity);
      if (step > 0) CHECK(bound <= closed_before);
      if (step > 0) CHECK(run->latency <= simulated_before);
      if (step > 0 && run->latency < simulated_before) ++used;
      if (bound > ample.total.latency) ++waited;
      simulated_before = run->latency;
      closed_before = bound;
      machine.sram.capacity += Bytes{dice.in(1, std::max<std::int64_t>(ample.total.peak.value() / 3, 1))};
    }
  });
  CHECK(waited > 100);  // Both happen.
  CHECK(used > 100);
}

}  // namespace
}  // namespace fusescape::test_plans::places_test
