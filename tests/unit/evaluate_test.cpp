// How long does a plan take? The closed forms of docs/model/latency.md on calculated cases.
#include "fusescape/cost/evaluate.hpp"

#include <catch2/catch.hpp>

#include "fusescape/plan/spatial.hpp"
#include "tile_cases.hpp"

namespace fusescape::test_plans::evaluate_test {
namespace {

Cost latency_of(const Tiles& tiles, int slots, Ports ports) {
  const TileCase made = tile_case(tiles, slots, ports);
  return cost_on(profile_of(made.cascade, made.plan), made.machine);
}

std::int64_t cycles(const Tiles& tiles, int slots, Ports ports) {
  return latency_of(tiles, slots, ports).latency.value();
}

TEST_CASE("Equal tiles take what the formulas give, with one slot or two, on one port or two") {
  for (const EqualTilesCase& one : equal_tiles_cases()) {
    CAPTURE(one.tiles.count, one.tiles.load, one.tiles.compute, one.tiles.store, one.slots,
            one.ports == Ports::kShared);
    CHECK(cycles(one.tiles, one.slots, one.ports) == one.cycles);
  }
}

TEST_CASE("Unequal tiles take at least the port's sum and the first load, all compute and the last store") {
  // Tiles of 4, 4 and 2 rows of X (3 bytes each) and Z (2 bytes each); one cycle a product.
  const Cascade cascade = matmul(10, 2, 3, DataType::kInt8);
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  // Y is 6 bytes, a tile's X 12, 12 and 6, its Z 8, 8 and 4; compute 24, 24 and 12.
  // Port: 6 + 30 + 20 = 56. X's first two tiles and Y 30, inner loads first, + 60 + last store 4 = 94.
  CHECK(cost_on(profile_of(cascade, "M:4{ Z }"), machine).latency == Cycles{94});
  // On six PEs a row takes one cycle, 4, 4 and 2, and the port is the limit: 18 + 10 + 4 < 56.
  machine.cores.front().rows = 6;
  machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {"N", "K"}, .cols = {}, .flat = {}});
  Plan plan = plan_of(cascade, "M:4{ Z }");
  plan.spatial = spatial_mappings(cascade, machine);
  const Cost cost = cost_on(profile_of(cascade, plan), machine);
  CHECK(cost.compute == Cycles{10});
  // At least 56; before the first of 20 stored bytes 18 + 4 cycles pass.
  CHECK(cost.latency >= Cycles{56});
  CHECK(cost.latency <= Cycles{30 + 10 + 6 + 20});
}

TEST_CASE("At 724 bits a cycle 512 bytes take 5.657 cycles, and a thousand of them are rounded once") {
  // 512 * 8 / 724 = 5.657...: 6 cycles alone; 1000 take 5657.46, rounded up to 5658 and not to 6000.
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{724};
  machine.cores.front().cols = 512;
  const auto loads = [&](std::int64_t tiles) {
    CascadeBuilder make{"sums", DataType::kInt8};
    const RankId i = make.rank("I", Elements{tiles});
    const RankId k = make.rank("K", Elements{512});
    const TensorId x = make.tensor("x", {i, k}, TensorKind::kInput);
    make.make("max", OpKind::kReduceMax, {"m", {i}}, {make.at(x)});
    const Cascade cascade = sound(make.finish());
    Plan plan = plan_of(cascade, "I:1{ @m*2 max }");
    machine.cores.front().spatial = {
        {.kinds = {}, .operators = {}, .cores = {}, .rows = {}, .cols = {"K"}, .flat = {}}};
    plan.spatial = spatial_mappings(cascade, machine);
    return cost_on(profile_of(cascade, plan), machine).total.dram;
  };
  TickScale scale;
  REQUIRE(scale.include(BitsPerCycle{724}));
  REQUIRE(scale.ticks_per_cycle() == 724);
  // 1000 loads of 512 bytes and 1000 stores of one: 1000 * 513 * 8 ticks of 1/724 cycle.
  CHECK(loads(1000) == Ticks{1000 * 513 * 8});
  CHECK(scale.whole_cycles(Ticks{512 * 8}) == Cycles{6});
  CHECK(scale.whole_cycles(Ticks{1000 * 512 * 8}) == Cycles{5658});
}

TEST_CASE("Each slice's single-slotted burst is exposed: memory-aware at N=64, L=64, 8 slices") {
  // A token of a slice of 640 channels: 5 steps for each of seven
  // operators, 6 * (5 + 2) + (4 * 5 + 2) = 64 cycles; 512 of them 32,768. A slice's A and h0 take
  // 2 * 163,840 / 256 = 1,280 cycles that nothing hides. Before the first, two tokens' inputs come, 2 * 22;
  // before each other one the last y leaves, 10, and a token's inputs come, 22; the last y takes 10 more.
  const TileCase made = memory_aware_case();
  const Cost cost = cost_on(profile_of(made.cascade, made.plan), made.machine);
  CHECK(cost.compute == Cycles{32'768});
  static_assert(32'768 + 8 * 1'280 + 2 * 22 + 7 * (10 + 22) + 10 == 43'286);
  // As an event simulation with one slot; the busiest resource alone would give 34,080.
  CHECK(cost.latency == Cycles{43'286});
}

TEST_CASE("A result that equal tiles make again and again is stored once, and takes that much longer") {
  // Per tile x and a, 4 bytes each, and two cycles; once, z and s: 24 bytes, a byte a cycle. Both slabs of x
  // come before z, so that the port has nothing to do while the first tile runs.
  CascadeBuilder make{"two", DataType::kFp32};
  const RankId m = make.rank("M", Elements{2});
  const TensorId x = make.tensor("x", {m}, TensorKind::kInput);
  const RankId l = make.rank("L", Elements{1});
  const TensorId z = make.tensor("z", {l}, TensorKind::kInput);
  make.make("a", OpKind::kExp, {"a", {m}}, {make.at(x)});
  make.make("s", OpKind::kExp, {"s", {l}}, {make.at(z)});
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  CHECK(cost_on(profile_of(sound(make.finish()), "M:1{ a s }"), machine).latency == Cycles{26});
}

TEST_CASE("What does not fit is refused with the bytes needed and there") {
  const Cascade cascade = matmul(4, 4, 4);
  Accelerator machine = accelerator();
  machine.sram.capacity = Bytes{191};
  const PlanProfile profile = profile_of(cascade, "Z");
  const auto refused = evaluate(profile, make_machine(machine).value());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Infeasible::Reason::kCapacity);
  CHECK(refused.error().needed == Bytes{3 * 16 * 4});
  CHECK(refused.error().available == Bytes{191});
  machine.sram.capacity = Bytes{192};
  CHECK(evaluate(profile, make_machine(machine).value()).has_value());
}

TEST_CASE("An operator that no core runs is refused, not free") {
  Accelerator machine = accelerator();
  machine.cores.front().cycles_per_op[static_cast<std::size_t>(OpKind::kMatmul)] = 0;
  const auto refused = evaluate(profile_of(matmul(2, 2, 2), "Z"), make_machine(machine).value());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Infeasible::Reason::kUnsupported);
}

TEST_CASE("Counts beyond 63 bits are refused, never wrapped") {
  // 3 * 10^9 outputs of 10^9 terms each are 3 * 10^18 operations, which fit; 4 bytes refetched for each do
  // not.
  const Cascade cascade = matmul(3, 1'000'000'000, 1'000'000'000);
  const auto machine = make_machine(accelerator()).value();
  const auto refused = evaluate(profile_of(cascade, "K:1{ N:1{ M:1{ Z } } }"), machine);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Infeasible::Reason::kOverflow);
}

TEST_CASE("Bytes that fit in each direction and not in both are refused, however slots hide them") {
  CascadeBuilder make{"copy", DataType::kFp32};
  const RankId l = make.rank("L", Elements{(std::int64_t{1} << 61) - 1024});
  make.make("Z", OpKind::kRelu, {"Z", {l}}, {make.at(make.tensor("X", {l}, TensorKind::kInput))});
  const Cascade cascade = sound(make.finish());
  const auto machine = make_machine(accelerator(1024, 1024)).value();
  for (const char* plan : {"L:1024{ Z }", "L:1024{ @X*1 @Z*1 Z }"}) {
    const PlanProfile profile = profile_of(cascade, plan);
    CHECK_FALSE(profile.groups.front().dram_read.overflow());
    const auto refused = evaluate(profile, machine);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == Infeasible::Reason::kOverflow);
  }
}

TEST_CASE("Groups run one after another, and the largest footprint counts") {
  const Cascade cascade = state_update({.l = 8, .d = 16, .n = 4});
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{64};
  const PlanProfile both = profile_of(cascade, "dA | exp");
  std::vector<GroupCost> groups(2);
  const auto cost = evaluate(both, make_machine(machine).value(), groups).value();
  CHECK(cost.total.latency == groups[0].latency + groups[1].latency);
  CHECK(cost.total.dram_read == groups[0].dram_read + groups[1].dram_read);
  CHECK(cost.total.peak == std::max(groups[0].peak, groups[1].peak));
  CHECK(cost.total.ops == groups[0].ops + groups[1].ops);
}

TEST_CASE("A machine whose ports have no common time base is refused") {
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{(std::int64_t{1} << 40) - 1};
  machine.sram.bank_read = machine.sram.bank_write = BitsPerCycle{(std::int64_t{1} << 39) - 7};
  CHECK_FALSE(make_machine(machine).has_value());
}

}  // namespace
}  // namespace fusescape::test_plans::evaluate_test
