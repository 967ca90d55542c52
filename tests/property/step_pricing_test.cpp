// Does what decides whether a group is priced at all promise no more than the group then keeps?
#include <catch2/catch.hpp>

#include "../../src/search/optimal_steps.hpp"
#include "designs.hpp"
#include "objectives.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans::step_pricing_test {
namespace {

TEST_CASE("No group takes, moves or spends less than was known of it before it was priced") {
  int priced = 0;
  int kept = 0;
  int tight = 0;
  for_all(60, [&](Dice& dice) {
    const Cascade cascade = lengthened(dice, random_cascade(dice));
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    vary_efficiency(dice, accelerator);
    accelerator.sram.banks = 1;
    accelerator.sram.capacity = Bytes{std::int64_t{1} << dice.in(7, 13)};
    const Design design = with_energies(accelerator);
    const Planner planner{cascade, accelerator};
    const OptimalSpace& space = planner.optimal_space();
    const StrategyInputs inputs =
        minimising(dice.one_in(2) ? Objective::kLatency : Objective::kEnergy, design);
    const PathQuestion question{.planner = planner,
                                .space = space,
                                .machine = design.machine,
                                .inputs = inputs,
                                .of = dice.one_in(3) ? PathOf::kBounds : PathOf::kPlans};
    StepPricing pricing{question};
    CAPTURE(text_of(cascade), design.machine.capacity.value());
    for (const SpaceEdge& edge : space.edges()) {
      const KeptSet all = edge.read | edge.made;
      for (const Way& way : edge.ways) {
        const KeptSet own = dice.one_in(2) ? 0 : all;
        const Bytes reserved = space.reserved(own);
        if (!pricing.fits(way, reserved)) continue;
        const PlanFigures least = pricing.least(way, own);
        const auto figures = pricing.price(way, own, reserved);
        if (!figures) continue;
        CHECK(least.latency <= figures->latency);
        CHECK(least.moved <= figures->moved);
        CHECK(least.busy <= figures->busy);
        CHECK(least.energy_pj <= figures->energy_pj * (1.0 + 1e-12));
        ++priced;
        kept += own != 0 ? 1 : 0;
        tight += least.latency == figures->latency ? 1 : 0;
      }
    }
  });
  CHECK(priced > 2000);
  CHECK(kept > 100);
  CHECK(tight > 500);
}

}  // namespace
}  // namespace fusescape::test_plans::step_pricing_test
