// Is a lever what it says: a change that was tried, and gains what is printed?
#include "fusescape/search/levers.hpp"

#include <catch2/catch.hpp>

#include "designs.hpp"
#include "plans.hpp"

namespace fusescape::test_plans::levers_test {
namespace {

/// 2 x 2 PEs, 4 B per cycle of DRAM: Z[32,16] = X[32,8] Y[8,16] in fp32.
Accelerator small() {
  Accelerator machine = accelerator(2, 2);
  machine.dram.bandwidth = BitsPerCycle{32};
  return machine;
}

Assessment assessed(const Cascade& cascade, const Accelerator& on, std::string_view plan) {
  auto found = assess(cascade, design_of(on), plan_of(cascade, plan));
  REQUIRE(found);
  return std::move(*found);
}

const Lever* lever_named(const std::vector<Lever>& levers, std::string_view change) {
  for (const Lever& lever : levers) {
    if (lever.change == change) return &lever;
  }
  return nullptr;
}

TEST_CASE("A second slot is a lever where it hides loads, and its gain is that of the plan with it") {
  const Cascade cascade = matmul(32, 16, 8);
  const Accelerator machine = small();
  const Assessment single = assessed(cascade, machine, "M:4{ @X*1 Z }");
  const std::vector<Lever> levers = levers_of(cascade, design_of(machine), single, {});
  const Lever* slots = lever_named(levers, "`slots: 2` on X");
  REQUIRE(slots != nullptr);
  CHECK(slots->group == 0);
  CHECK(slots->latency == assessed(cascade, machine, "M:4{ @X*2 Z }").cost.latency);
  CHECK(slots->before == single.cost.latency);
}

TEST_CASE("Levers that gain nothing are not told, and those told come best first") {
  const Cascade cascade = matmul(32, 16, 8);
  for (const char* plan :
       {"Z", "M:4{ Z }", "M:4{ @X*1 @Y*1 Z }", "N:4{ M:1{ @Y*1 Z } }", "K:2{ M:8{ Z } }"}) {
    const Accelerator machine = small();
    const Assessment made = assessed(cascade, machine, plan);
    Cycles before;
    for (const Lever& lever : levers_of(cascade, design_of(machine), made, {})) {
      CAPTURE(plan, lever.change);
      CHECK(lever.latency < made.cost.latency);
      CHECK(lever.latency >= before);
      before = lever.latency;
    }
  }
  // All of 4096 operations on 4 PEs, nothing to wait for: only more PEs help.
  Accelerator unbound = small();
  unbound.dram.bandwidth = {};
  const std::vector<Lever> levers =
      levers_of(cascade, design_of(unbound), assessed(cascade, unbound, "Z"), {});
  for (const Lever& lever : levers) CHECK(lever.change == "twice the PEs");
}

TEST_CASE("A plan that lacks room is told what it runs with, never another strategy") {
  const Cascade cascade = matmul(32, 16, 8);
  Accelerator machine = small();
  const Plan plan = plan_of(cascade, "M:8{ Z }");
  const Bytes peak = assessed(cascade, machine, "M:8{ Z }").cost.total.peak;
  machine.sram.capacity = peak - Bytes{1};
  const std::vector<Lever> ways = ways_to_fit(cascade, design_of(machine), plan);
  const std::string more = "--set sram.capacity=\"" + std::to_string(peak.value()) + " B\"";
  REQUIRE(lever_named(ways, more) != nullptr);
  CHECK(lever_named(ways, "`slots: 1` on X, Y, Z") != nullptr);
  CHECK(lever_named(ways, "a tile of 4 along M instead of 8") != nullptr);
  for (const Lever& way : ways) CHECK(way.change.find("strategy") == std::string::npos);
  machine.sram.capacity = peak;
  CHECK(ways_to_fit(cascade, design_of(machine), plan).empty());  // It fits.
}

TEST_CASE("A strategy that lacks room is told the least memory it runs in, and who else runs") {
  const Cascade cascade = matmul(32, 16, 8);
  Accelerator machine = small();
  const Strategy& unfused = *find_strategy("unfused");
  machine.sram.capacity = Bytes{8};
  const std::vector<Lever> ways = ways_to_fit(cascade, design_of(machine), PlanSource{&unfused});
  REQUIRE(ways.size() == 1);  // No strategy runs in 8 B.
  const std::string prefix = "--set sram.capacity=\"";
  REQUIRE(ways.front().change.find(prefix) == 0);
  const std::int64_t bytes = std::stoll(ways.front().change.substr(prefix.size()));
  machine.sram.capacity = Bytes{bytes};
  CHECK(assess(cascade, design_of(machine), unfused)->cost.latency == ways.front().latency);
  machine.sram.capacity = Bytes{bytes - 1};
  CHECK_FALSE(assess(cascade, design_of(machine), unfused));
}

TEST_CASE("A strategy plans again on a changed design with what it was asked, not with the defaults") {
  CascadeBuilder make{"two", DataType::kFp32};
  const std::vector<RankId> ranks{make.rank("L", Elements{64})};
  const TensorId x = make.tensor("x", ranks, TensorKind::kInput);
  const TensorId a = make.make("f", OpKind::kRelu, {"a", ranks}, {make.at(x)});
  make.make("g", OpKind::kRelu, {"y", ranks}, {make.at(a)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = small();
  machine.sram.capacity = Bytes{64};
  PlanSource source{find_strategy("optimal")};
  source.inputs.with = source.inputs.with.without(Ingredient::kFusion).without(Ingredient::kRetention);
  const auto latency_on = [&](const Accelerator& on, const StrategyInputs& inputs) {
    return assess(Planner{cascade, on}, design_of(on), *source.strategy, inputs).value().cost.latency;
  };
  const auto apart = assess(Planner{cascade, machine}, design_of(machine), *source.strategy, source.inputs);
  REQUIRE(apart);
  const std::vector<Lever> levers = levers_of(cascade, design_of(machine), *apart, source);
  const Lever* faster = lever_named(levers, "twice the DRAM bandwidth");
  REQUIRE(faster != nullptr);
  Accelerator twice = machine;
  twice.dram.bandwidth = BitsPerCycle{64};
  CHECK(faster->latency == latency_on(twice, source.inputs));
  CHECK(latency_on(twice, {}) < faster->latency);  // Fused, it would be faster.
}

}  // namespace
}  // namespace fusescape::test_plans::levers_test
