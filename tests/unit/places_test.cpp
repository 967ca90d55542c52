// Which loads come before their turn, and what does that take? The numbers of docs/adr/places.md, by hand.
#include <catch2/catch.hpp>

#include "plans.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::places_test {
namespace {

/// In cycles.
struct Times {
  std::int64_t simulated = 0;
  std::int64_t closed = 0;
};

Times times_in(const Cascade& cascade, const Plan& plan, Accelerator machine, std::int64_t capacity) {
  machine.sram.capacity = Bytes{capacity};
  const PlanProfile closed = profile_of(cascade, plan, profile_options(machine));
  return {simulated(cascade, plan, machine).cycles.value(), cost_on(closed, machine).latency.value()};
}

/// T2 = (T0 W0) W1, 64 of each rank.
Cascade matmul_pair() {
  CascadeBuilder make{"pair", DataType::kInt8};
  const RankId m = make.rank("M", Elements{64});
  const RankId n0 = make.rank("N0", Elements{64});
  const RankId n1 = make.rank("N1", Elements{64});
  const RankId n2 = make.rank("N2", Elements{64});
  const TensorId t0 = make.tensor("T0", {m, n0}, TensorKind::kInput);
  const TensorId w0 = make.tensor("W0", {n0, n1}, TensorKind::kWeight);
  const TensorId w1 = make.tensor("W1", {n1, n2}, TensorKind::kWeight);
  const TensorId t1 = make.make("Z0", OpKind::kMatmul, {"T1", {m, n1}}, {make.at(t0), make.at(w0)});
  make.make("Z1", OpKind::kMatmul, {"T2", {m, n2}}, {make.at(t1), make.at(w1)});
  return sound(make.finish());
}

TEST_CASE("Two matmuls in turns: what has no place before its turn is waited for, and nothing else") {
  // Bodies need 5,120 and 11,264 B. 8,192 cycles of compute; before them two slabs of W0 and T0's, 3 x 128,
  // and after them a slab of T2, 128. In the last tile of the second body a slab of W1's is free, 1,024 B:
  // for W0's, but for T0's as well only from 12,288 B on. Below, three turns wait 128 for it.
  const Cascade cascade = matmul_pair();
  Plan plan = plan_of(cascade, "M:16{ N1:16{ Z0 } N1:16{ Z1 } }");
  plan.spatial.resize(2);
  for (std::size_t op = 0; op < 2; ++op) {
    plan.spatial[op].rows = {RankId{0}};
    plan.spatial[op].cols = {RankId{op == 0 ? std::uint16_t{2} : std::uint16_t{3}}};
  }
  Accelerator machine = accelerator(8, 8);
  machine.dram.bandwidth = BitsPerCycle{64};
  struct Row {
    std::int64_t capacity;
    std::int64_t cycles;
  };
  for (const Row& row : {Row{11264, 9088}, Row{12287, 9088}, Row{12288, 8704}, Row{13312, 8704},
                         Row{15360, 8704}, Row{1048576, 8704}}) {
    CAPTURE(row.capacity);
    const Times times = times_in(cascade, plan, machine, row.capacity);
    CHECK(times.simulated == row.cycles);
    CHECK(times.closed == row.cycles);
  }
  machine.sram.capacity = Bytes{11263};
  CHECK_FALSE(simulate(cascade, plan, lay_out(cascade, plan).value(), machine).has_value());
}

/// y = x + x of 4 bytes, then r = the largest of 8 bytes z.
Cascade four_then_eight() {
  CascadeBuilder make{"ports", DataType::kInt8};
  const RankId a = make.rank("A", Elements{4});
  const RankId b = make.rank("B", Elements{1});
  const RankId k = make.rank("K", Elements{8});
  const TensorId x = make.tensor("x", {a}, TensorKind::kInput);
  const TensorId z = make.tensor("z", {b, k}, TensorKind::kInput);
  make.make("y", OpKind::kAdd, {"y", {a}}, {make.at(x), make.at(x)});
  make.make("r", OpKind::kReduceMax, {"r", {b}}, {make.at(z)});
  return sound(make.finish());
}

TEST_CASE("Nothing comes where a result is that has not left") {
  // Ports apart, a byte a cycle. x in 4, y 4, and from there on: y out 4, then z in 8, 12 cycles; in more
  // memory z comes beside y and is there 4 cycles earlier, or 8 if x has left it room, too.
  const Cascade cascade = four_then_eight();
  const Plan plan = plan_of(cascade, "A:4{ y } K:8{ r }");
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.dram.ports = Ports::kSeparate;
  const PlanProfile closed = profile_of(cascade, plan, profile_options(machine));
  const std::int64_t peak = cost_on(closed, machine).total.peak.value();
  CHECK(peak == 8 + 1);
  const std::int64_t alone = 4 + 4;
  const std::int64_t after = 8 + 1;  // r, and it leaves.
  CHECK(times_in(cascade, plan, machine, peak).simulated == alone + 4 + 8 + after);
  CHECK(times_in(cascade, plan, machine, 13).simulated == alone + 8 + after);
  CHECK(times_in(cascade, plan, machine, 1 << 20).simulated == alone + 8 - 4 + after);
}

TEST_CASE("A load hides behind the body before the last one") {
  // a: 100 bytes in, 100 cycles; b: 1 cycle, without loads; c: 100 bytes in, 100 cycles, and 1 byte leaves.
  CascadeBuilder make{"three", DataType::kInt8};
  const RankId one = make.rank("O", Elements{1});
  const RankId a = make.rank("A", Elements{100});
  const RankId c = make.rank("C", Elements{100});
  const TensorId x = make.tensor("x", {one, a}, TensorKind::kInput);
  const TensorId z = make.tensor("z", {one, c}, TensorKind::kInput);
  const TensorId s = make.make("a", OpKind::kReduceMax, {"s", {one}}, {make.at(x)});
  make.make("b", OpKind::kAdd, {"t", {one}}, {make.at(s), make.at(s)});
  make.make("c", OpKind::kReduceMax, {"r", {one}}, {make.at(z)});
  const Cascade cascade = sound(make.finish());
  const Plan plan = plan_of(cascade, "A:100{ a } O:1{ b } C:100{ c }");
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  const std::int64_t peak =
      cost_on(profile_of(cascade, plan, profile_options(machine)), machine).total.peak.value();
  const Times enough = times_in(cascade, plan, machine, 1 << 20);
  CHECK(enough.simulated == 100 + 100 + 1 + 100 + 1);
  CHECK(enough.closed == enough.simulated);
  const Times tight = times_in(cascade, plan, machine, peak);  // z comes when c's turn begins.
  CHECK(tight.simulated >= enough.simulated + 100);
  CHECK(tight.closed >= enough.simulated + 100);
}

TEST_CASE("Loads without a place may come until the first tile of their turn starts") {
  // Ports apart, a byte a cycle, 4 bytes an element; b's two slots take the memory of one. a: 8 B in, one
  // cycle. b: 12 B in, the 8 of its first tile before that; its tiles take 2 cycles and one. In 16 B none of
  // these has a place beside a. So x and w 8, a 1, z 8 + 4, b's second tile 1, and r leaves in 4. The closed
  // form knows that b's first tile starts after 8 + 8 at the earliest, and that all of z, 12, comes after a:
  // both at once, not one after the other.
  CascadeBuilder make{"ragged", DataType::kFp32};
  const RankId one = make.rank("O", Elements{1});
  const RankId k = make.rank("K", Elements{3});
  const TensorId x = make.tensor("x", {one}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {one}, TensorKind::kInput);
  const TensorId z = make.tensor("z", {one, k}, TensorKind::kInput);
  const TensorId s = make.make("a", OpKind::kMul, {"s", {one}}, {make.at(x), make.at(w)});
  make.make("b", OpKind::kMatmul, {"r", {one}}, {make.at(s), make.at(z)});
  const Cascade cascade = sound(make.finish());
  const Plan plan = plan_of(cascade, "O:1{ a } K:2{ b }");
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.dram.ports = Ports::kSeparate;
  machine.model.count_second_slots = false;
  const Times times = times_in(cascade, plan, machine, 16);
  CHECK(times.simulated == 8 + 1 + 8 + 4 + 1 + 4);
  CHECK(times.closed == 8 + 1 + 8 + 4 + 4);
}

}  // namespace
}  // namespace fusescape::test_plans::places_test
