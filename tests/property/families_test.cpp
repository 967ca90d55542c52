// Does every strategy plan a block of every family as it plans Mamba-1's: legal, executed as counted,
// simulated?
#include <catch2/catch.hpp>
#include <map>

#include "built_plans.hpp"
#include "fusescape/check/verification.hpp"
#include "fusescape/report/verification.hpp"
#include "fusescape/sim/simulate.hpp"
#include "fusescape/workload/role_types.hpp"
#include "random_families.hpp"

namespace fusescape::test_plans::families_test {
namespace {

/// The same block, perhaps with a type for each role.
Cascade with_random_types(Dice& dice, Cascade cascade) {
  if (!dice.one_in(2)) return cascade;
  const std::vector<DataType> floats{DataType::kFp32, DataType::kBf16, DataType::kFp16};
  set_types(cascade, {.weight = dice.one_in(2) ? DataType::kInt4 : dice.pick(floats),
                      .state = dice.pick(floats),
                      .cache = dice.pick(floats),
                      .activation = dice.pick(floats)});
  return cascade;
}

bool slices_channels(const Strategy& strategy) {
  return strategy.name.substr(0, 9) == "mem-aware";
}

/// Executed in a scratchpad of exactly the closed form's peak, and simulated, which takes no less time.
void check_run(const Planner& planner, const Accelerator& machine, const Strategy& strategy) {
  const auto made = assess(planner, design_of(machine), strategy);
  REQUIRE(made.has_value());
  const Verification verification = verify(planner.cascade(), made->plan, machine);
  const VerificationSubject subject{planner.cascade().name, machine.name, std::string{strategy.name}};
  INFO(text(document_of(subject, verification), {}));
  CHECK(verification.passed());
  const auto simulated = simulate(planner.cascade(), made->plan, made->layout, machine);
  REQUIRE(simulated.has_value());
  CHECK(simulated->latency >= made->cost.total.latency);
}

TEST_CASE("Every strategy plans, executes and simulates a recurrent block of any family") {
  std::map<std::string_view, int> built;
  for_all(15, [&](Dice& dice) {
    const Cascade cascade = with_random_types(dice, random_recurrent_block(dice));
    const Accelerator machine = planning_machine(dice);
    const Planner planner{cascade, machine};
    for (const Strategy& strategy : strategies()) {
      CAPTURE(strategy.name, text_of(cascade), machine.sram.capacity.value());
      if (!check_built(planner, machine, strategy, slices_channels(strategy))) continue;
      ++built[strategy.name];
      check_run(planner, machine, strategy);
    }
  });
  for (const Strategy& strategy : strategies()) {
    CAPTURE(strategy.name);
    CHECK(built[strategy.name] > 4);
  }
}

TEST_CASE(
    "Every strategy plans, executes and simulates a block without a recurrence, or says that it needs one") {
  std::map<std::string_view, int> built;
  for_all(15, [&](Dice& dice) {
    const Cascade cascade = with_random_types(dice, random_stateless_block(dice));
    const Accelerator machine = planning_machine(dice);
    const Planner planner{cascade, machine};
    for (const Strategy& strategy : strategies()) {
      CAPTURE(strategy.name, text_of(cascade), machine.sram.capacity.value());
      if (!check_built(planner, machine, strategy)) continue;
      ++built[strategy.name];
      check_run(planner, machine, strategy);
    }
  });
  for (const char* name :
       {"unfused", "greedy", "fixed-depth-4", "retained", "marca-lower", "marca-upper", "optimal"}) {
    CAPTURE(name);
    CHECK(built[name] > 4);
  }
  for (const char* name : {"fuse-all", "mem-aware", "pact-a"}) CHECK(built[name] == 0);
}

}  // namespace
}  // namespace fusescape::test_plans::families_test
