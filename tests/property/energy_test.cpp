// Does energy obey its laws for any cascade, plan, machine and table of prices?
#include "fusescape/cost/energy.hpp"

#include <catch2/catch.hpp>

#include "random_machines.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans::energy_test {
namespace {

constexpr std::uint32_t kCases = 2000;

Energy random_price(Dice& dice) {
  return Picojoules{static_cast<double>(dice.in(1, 1000)) / 64.0};
}

EnergyPrices random_prices(Dice& dice) {
  EnergyPrices prices;
  for (Energy* price : {&prices.dram, &prices.sram_read, &prices.sram_write, &prices.wire,
                        &prices.register_read, &prices.register_write, &prices.mac, &prices.multiplication,
                        &prices.addition, &prices.sum, &prices.function, &prices.function_upper}) {
    *price = random_price(dice);
  }
  prices.leakage = Watts{static_cast<double>(dice.in(0, 1000)) * 1e-6};
  prices.pe_type = DataType::kFp64;  // No data are wider.
  return prices;
}

std::vector<EnergyCounts> random_counts(Dice& dice, std::size_t groups) {
  std::vector<EnergyCounts> counts(groups);
  for (EnergyCounts& group : counts) {
    for (Bytes* bytes : {&group.dram_read, &group.dram_write, &group.onchip_fill, &group.onchip_drain}) {
      *bytes = Bytes{dice.in(0, 1'000'000)};
    }
    for (Bits* bits : {&group.register_read, &group.register_write}) *bits = Bits{dice.in(0, 1'000'000)};
    OperationCounts& ops = group.operations[static_cast<std::size_t>(dice.in(0, 7))];
    for (Ops* count : {&ops.macs, &ops.multiplications, &ops.additions, &ops.sums, &ops.functions}) {
      *count = Ops{dice.in(0, 1'000'000)};
    }
  }
  return counts;
}

std::vector<Activity> random_activities(Dice& dice, std::size_t groups) {
  std::vector<Activity> made(groups);
  for (Activity& group : made) {
    group = {Bytes{dice.in(0, 1'000'000)}, Bytes{dice.in(0, 1'000'000)},
             Seconds{static_cast<double>(dice.in(0, 1'000'000)) * 1e-9}};
  }
  return made;
}

TEST_CASE("A plan's energy, and each component of it, is exactly the sum of its groups'") {
  for_all(kCases, [](Dice& dice) {
    const auto groups = static_cast<std::size_t>(dice.in(1, 6));
    const std::vector<EnergyCounts> counts = random_counts(dice, groups);
    const PlanEnergy energy = energy_of(counts, random_activities(dice, groups), random_prices(dice));
    Picojoules total{0.0};
    for (const EnergyBreakdown& group : energy.groups) total += *group.total;
    CHECK(*energy.plan.total == total);
    EnergyCounts counted;
    for (const EnergyCounts& group : counts) counted += group;
    CHECK(energy.plan.onchip_fill == counted.onchip_fill);
    CHECK(energy.plan.onchip_drain == counted.onchip_drain);
    Picojoules over_components{0.0};
    for (const EnergyComponentFacts& f : kEnergyComponents) {
      Picojoules component{0.0};
      for (const EnergyBreakdown& group : energy.groups) component += *group[f.component];
      CHECK(*energy.plan[f.component] == component);
      over_components += component;
    }
    CHECK(over_components.value() == Approx(total.value()).epsilon(1e-12));
  });
}

TEST_CASE("More of anything never takes less energy, in any component or in all") {
  for_all(kCases, [](Dice& dice) {
    const EnergyPrices prices = random_prices(dice);
    const EnergyCounts some = random_counts(dice, 1).front();
    EnergyCounts more = some;
    more += random_counts(dice, 1).front();
    const Activity less = random_activities(dice, 1).front();
    const Activity added = random_activities(dice, 1).front();
    const Activity both{less.onchip_read + added.onchip_read, less.onchip_write + added.onchip_write,
                        less.time + added.time};
    const EnergyBreakdown before = energy_of(some, less, prices);
    const EnergyBreakdown after = energy_of(more, both, prices);
    for (const EnergyComponentFacts& f : kEnergyComponents)
      CHECK(*after[f.component] >= *before[f.component]);
    CHECK(*after.total >= *before.total);
  });
}

TEST_CASE("Fills and drains are the DRAM's bytes, unless it stores another width or moves whole bursts") {
  const int legal =
      for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
        const auto counted = [&](const Plan& stored, const ProfileOptions& options) {
          return energy_counts(cascade, stored, layout, profile(cascade, stored, layout, options), options);
        };
        const ProfileOptions bytewise{.granule = Bytes{1}, .double_buffering = dice.one_in(2)};
        Plan same = plan;
        same.formats.clear();
        const std::vector<EnergyCounts> plain = counted(same, bytewise);
        for (const EnergyCounts& group : plain) {
          CHECK(group.onchip_fill == group.dram_read);
          CHECK(group.onchip_drain == group.dram_write);
        }
        // Other widths and bursts change what DRAM moves, and nothing on chip; those of the types nothing.
        Plan own = same;
        Plan other = same;
        for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
          const TensorId tensor{static_cast<std::uint16_t>(i)};
          own.formats.push_back({tensor, bits_of(cascade.tensor(tensor).type)});
          other.formats.push_back({tensor, static_cast<int>(dice.in(1, 32))});
        }
        CHECK(counted(own, bytewise) == plain);
        ProfileOptions bursts = bytewise;
        bursts.granule = Bytes{dice.in(2, 32)};
        const std::vector<EnergyCounts> packed = counted(other, bursts);
        for (std::size_t g = 0; g < plain.size(); ++g) {
          CHECK(packed[g].onchip_fill == plain[g].onchip_fill);
          CHECK(packed[g].onchip_drain == plain[g].onchip_drain);
          CHECK(packed[g].operations == plain[g].operations);
        }
      });
  CHECK(legal > static_cast<int>(kCases / 5));
}

TEST_CASE("The times of a plan's groups add up to its latency, before that is rounded up to a cycle") {
  const int legal =
      for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
        const Accelerator machine = random_machine(dice);
        const auto made = make_machine(machine);
        REQUIRE(made);
        const PlanProfile profiled = profile(cascade, plan, layout, profile_options(machine));
        std::vector<GroupCost> groups(profiled.groups.size());
        const auto cost = evaluate(profiled, *made, groups);
        if (!cost) return;
        double seconds = 0.0;
        for (const Activity& group : activities_of(groups, *made, machine.clock))
          seconds += group.time.value();
        const double rounded = duration(cost->latency, machine.clock).value();
        CHECK(seconds <= rounded * (1 + 1e-12));
        CHECK(seconds >= (rounded - 1 / machine.clock.value()) * (1 - 1e-12));
      });
  CHECK(legal > static_cast<int>(kCases / 5));
}

}  // namespace
}  // namespace fusescape::test_plans::energy_test
