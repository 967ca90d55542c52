// Full memory: does the closed form know what the simulation cannot load early, and does more never hurt?
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

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
    vary_efficiency(dice, machine);
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

/// Of each group, whatever the number of tiles of its runs.
std::vector<std::pair<Bytes, Bytes>> group_bytes(const SimResult& run) {
  std::vector<std::pair<Bytes, Bytes>> bytes;
  for (const SimGroup& group : run.groups) bytes.emplace_back(group.dram_read, group.dram_write);
  return bytes;
}

TEST_CASE(
    "On cores of several kinds the closed form is not above a simulation in which they take turns, and one "
    "in which they need not is no slower") {
  int several = 0;
  int beside = 0;
  for_all(kCases, [&](Dice& dice) {
    Case made = random_case(dice);
    const auto layout = lay_out(made.cascade, made.plan);
    if (!layout) return;
    CAPTURE(text_of(made.cascade), text_of(made.cascade, made.plan));
    Accelerator& machine = made.machine;
    add_kinds_of_cores(dice, machine);
    const PlanProfile closed = profile(made.cascade, made.plan, *layout, profile_options(machine));
    const Bytes peak = cost_on(closed, machine).total.peak;
    machine.sram.capacity = peak + Bytes{dice.one_in(2) ? 0 : dice.in(0, peak.value())};
    SimOptions options;
    options.side_by_side = false;
    const auto in_turn = simulate(made.cascade, made.plan, *layout, machine, options);
    if (!in_turn) {  // A chain on several cores.
      CHECK(in_turn.error().reason == SimFailure::Reason::kUnsupported);
      return;
    }
    ++several;
    CHECK(cost_on(closed, machine).total.latency <= in_turn->latency);
    CHECK(in_turn->peak <= machine.sram.capacity);
    const auto free = simulate(made.cascade, made.plan, *layout, machine, {});
    REQUIRE(free.has_value());  // Cores that would lock each other out take turns.
    CHECK(free->latency <= in_turn->latency);
    CHECK(group_bytes(*free) == group_bytes(*in_turn));
    if (free->latency < in_turn->latency) ++beside;
  });
  CHECK(several > 1000);
  CHECK(beside > 100);
}

}  // namespace
}  // namespace fusescape::test_plans::places_test
