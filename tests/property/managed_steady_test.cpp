// Is what managed memory leaves out because it repeats what running every step gives?
#include <catch2/catch.hpp>

#include "random_machines.hpp"
#include "random_plans.hpp"
#include "same_result.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::managed_steady_test {
namespace {

constexpr std::uint32_t kCases = 3000;

/// A plan for short ranks, of a cascade with long ones: loops of many iterations.
Cascade with_long_ranks(Dice& dice, Cascade cascade) {
  for (Rank& rank : cascade.ranks) {
    if (rank.name == "L" || (rank.name != "K" && dice.one_in(3)))
      rank.extent = Elements{dice.in(20, dice.one_in(3) ? 400 : 90)};
  }
  return sound(make_cascade(std::move(cascade)));
}

/// Calls `check(dice, cascade, plan, layout, machine)` for plans with long loops that are worth running.
template <class Check>
void for_long_plans(const Check& check) {
  constexpr double kMostOps = 3e5;
  for_all(kCases, [&](Dice& dice) {
    const Cascade short_one = random_cascade(dice);
    const Plan plan = RandomPlan{dice, short_one}.run();
    const Cascade cascade = with_long_ranks(dice, short_one);
    const auto layout = lay_out(cascade, plan);
    if (!layout || static_cast<double>(total_ops(cascade).value()) > kMostOps) return;
    Accelerator machine = random_machine(dice);
    machine.model.count_second_slots = dice.one_in(2);
    machine.dram.granule = Bytes{dice.in(1, 3)};
    CAPTURE(text_of(cascade), text_of(cascade, plan));
    check(dice, cascade, plan, *layout, machine);
  });
}

/// Runs the plan both ways; the periods that were skipped.
std::int64_t check_both(const Cascade& cascade, const Plan& plan, const Layout& layout,
                        const Accelerator& machine, SimOptions options) {
  const auto fast = simulate(cascade, plan, layout, machine, options);
  options.steady_state = false;
  const auto full = simulate(cascade, plan, layout, machine, options);
  CAPTURE(machine.sram.capacity.value(), options.prefetch_depth);
  REQUIRE(fast.has_value() == full.has_value());
  if (!full) return 0;
  check_same(*fast, *full);
  return fast->skipped;
}

SimOptions managed(Dice& dice) {
  return {.eviction = dice.one_in(2) ? Eviction::kLru : Eviction::kFurthestNextUse};
}

TEST_CASE("What is skipped as periodic where groups spill is what running every step gives") {
  std::int64_t skipped = 0;
  int periodic = 0;
  for_long_plans(
      [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout, Accelerator machine) {
        const auto free = simulate(cascade, plan, layout, machine);
        REQUIRE(free.has_value());
        machine.sram.capacity = Bytes{dice.in(0, free->peak.value())};
        SimOptions options = managed(dice);
        options.prefetch_depth = dice.in(0, 3);
        const std::int64_t found = check_both(cascade, plan, layout, machine, options);
        periodic += found > 0 ? 1 : 0;
        skipped += found;
      });
  CHECK(periodic > 100);
  CHECK(skipped > 10000);
}

TEST_CASE("What is skipped as periodic where groups fit is what running every step gives") {
  int periodic = 0;
  for_long_plans([&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout,
                     const Accelerator& machine) {
    SimOptions options = managed(dice);
    options.prefetch_depth = dice.in(0, 2);
    periodic += check_both(cascade, plan, layout, machine, options) > 0 ? 1 : 0;
  });
  CHECK(periodic > 100);
}

}  // namespace
}  // namespace fusescape::test_plans::managed_steady_test
