// What no formula of busy times can know, and what the closed form does know of waiting: small cases, by
// hand.
#include <catch2/catch.hpp>

#include "plans.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::latency_limits_test {
namespace {

/// y[m] = max over k of x[m, k]: bytes, of which the port and the PE take one a cycle.
Cascade row_maxima(std::int64_t rows, std::int64_t columns) {
  CascadeBuilder make{"maxima", DataType::kInt8};
  const RankId m = make.rank("M", Elements{rows});
  const RankId k = make.rank("K", Elements{columns});
  const TensorId x = make.tensor("x", {m, k}, TensorKind::kInput);
  make.make("max", OpKind::kReduceMax, {"y", {m}}, {make.at(x)});
  return sound(make.finish());
}

Accelerator byte_a_cycle() {
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.dram.ports = Ports::kSeparate;
  return machine;
}

TEST_CASE("Long and short tiles in turn: two slots hide a long load behind a short tile only") {
  // Rows of 10 in tiles of 9 and 1. A long tile's slot is free when it is done; the next long load then takes
  // 9 cycles, of which the short tile hides 1: 9 + 9 cycles a row. PE and port are busy for 10.
  const Cascade cascade = row_maxima(64, 10);
  const Cost closed = cost_on(profile_of(cascade, "M:1{ K:9{ max } }"), byte_a_cycle());
  const SimResult run = simulated(cascade, plan_of(cascade, "M:1{ K:9{ max } }"), byte_a_cycle());
  CHECK(closed.compute == Cycles{640});
  CHECK(closed.latency <= Cycles{640 + 9 + 2});
  CHECK(run.cycles >= Cycles{63 * 18});
  CHECK(run.cycles <= Cycles{64 * 18 + 2});
}

TEST_CASE("Swapped loops cost the same in the closed form, so it cannot be near both schedules") {
  // y = x + x in rows of 10: 9 and 1 in turn as above, 18 cycles a row; or all tiles of 9 and then all of
  // 1, 10. Everything below the loops has both, so no law of traffic or work tells the two plans apart.
  CascadeBuilder make{"rows", DataType::kInt8};
  const RankId m = make.rank("M", Elements{64});
  const RankId k = make.rank("K", Elements{10});
  const TensorId x = make.tensor("x", {m, k}, TensorKind::kInput);
  make.make("y", OpKind::kAdd, {"y", {m, k}}, {make.at(x), make.at(x)});
  const Cascade cascade = sound(make.finish());
  const char* in_turn = "M:1{ K:9{ y } }";
  const char* in_a_row = "K:9{ M:1{ y } }";
  CHECK(cost_on(profile_of(cascade, in_turn), byte_a_cycle()).latency ==
        cost_on(profile_of(cascade, in_a_row), byte_a_cycle()).latency);
  CHECK(simulated(cascade, plan_of(cascade, in_turn), byte_a_cycle()).cycles >= Cycles{63 * 18});
  CHECK(simulated(cascade, plan_of(cascade, in_a_row), byte_a_cycle()).cycles <= Cycles{64 * 10 + 20});
}

TEST_CASE("Equal tiles under one loop or two are what the simulation says, to the cycle") {
  const Cascade cascade = row_maxima(64, 10);
  for (const char* plan : {"M:1{ max }", "M:1{ K:5{ max } }", "M:16{ M:1{ K:2{ max } } }"}) {
    for (const Ports ports : {Ports::kShared, Ports::kSeparate}) {
      Accelerator machine = byte_a_cycle();
      machine.dram.ports = ports;
      machine.dram.bandwidth =
          BitsPerCycle{16};  // At 8, x would take exactly as long as the PE: a tie at each tile.
      CAPTURE(plan);
      CHECK(cost_on(profile_of(cascade, plan), machine).total.latency ==
            simulated(cascade, plan_of(cascade, plan), machine).latency);
    }
  }
}

TEST_CASE("What one tile spills for the next waits for the way out and back") {
  // 8 times: x in 1 (hidden but for the first), a and b a cycle each, a out 1 and in 1, and the last b out 1.
  CascadeBuilder make{"spill", DataType::kInt8};
  const RankId m = make.rank("M", Elements{8});
  const TensorId x = make.tensor("x", {m}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kAdd, {"a", {m}}, {make.at(x), make.at(x)});
  make.make("b", OpKind::kAdd, {"b", {m}}, {make.at(a), make.at(a)});
  const Cascade cascade = sound(make.finish());
  const Plan plan = plan_of(cascade, "M:1{ @a! a b }");
  const Cost closed = cost_on(profile_of(cascade, plan), byte_a_cycle());
  CHECK(closed.latency == Cycles{1 + 8 * (1 + 2 + 1) + 1});
  CHECK(closed.total.latency == simulated(cascade, plan, byte_a_cycle()).latency);
}

TEST_CASE("The port stores nothing before a first long visit is done") {
  // op of 64 x 4 in halves: 32 tiles each of 4 products, then 32 bytes out; the second half's 32 at the end.
  // The PE takes 256, the last store 32; x comes a byte a tile, y once. Nothing else is exposed.
  const Cascade cascade = row_maxima(64, 4);
  const Plan plan = plan_of(cascade, "M:32{ @y M:1{ max } }");
  const SimResult run = simulated(cascade, plan, byte_a_cycle());
  CHECK(cost_on(profile_of(cascade, plan), byte_a_cycle()).total.latency == run.latency);
  CHECK(run.cycles == Cycles{4 + 256 + 32});
}

/// y = x + x, a byte each; x as the plan says.
Cascade doubled(std::int64_t rows) {
  CascadeBuilder make{"doubled", DataType::kInt8};
  const RankId m = make.rank("M", Elements{rows});
  const TensorId x = make.tensor("x", {m}, TensorKind::kInput);
  make.make("y", OpKind::kAdd, {"y", {m}}, {make.at(x), make.at(x)});
  return sound(make.finish());
}

TEST_CASE("A load that has one slot waits for the stores that a shared port serves first") {
  // x 1 in, then 8 tiles of 1; after each but the last its y goes out and the next x comes in: 1 + 1.
  const Cascade cascade = doubled(8);
  Accelerator machine = byte_a_cycle();
  machine.dram.ports = Ports::kShared;
  const Cost closed = cost_on(profile_of(cascade, "M:1{ @x*1 y }"), machine);
  CHECK(closed.latency == Cycles{1 + 8 + 7 * (1 + 1) + 1});
  CHECK(closed.total.latency == simulated(cascade, plan_of(cascade, "M:1{ @x*1 y }"), machine).latency);
}

TEST_CASE(
    "Of one run with one slot for its input and one for its output, separate ports hide the shorter way") {
  // The next x comes while this y leaves.
  const Cascade cascade = doubled(8);
  const Cost closed = cost_on(profile_of(cascade, "M:1{ @x*1 @y*1 y }"), byte_a_cycle());
  CHECK(closed.latency == Cycles{1 + 8 + 7 + 1});
  CHECK(closed.total.latency ==
        simulated(cascade, plan_of(cascade, "M:1{ @x*1 @y*1 y }"), byte_a_cycle()).latency);
}

TEST_CASE("Unfinished sums leave their slot before others come into it") {
  // 64 rows of 32 columns, a column at a time, 4 cycles a tile with 3 to fill. From the second column on a
  // sum of 4 bytes goes out and the one after the next comes in, 8 cycles, of which the other slot's tile
  // hides 4: 12 cycles for two tiles, in which the PE is busy for 8 and the port that loads sums and x
  // for 10.
  const Cascade cascade = row_maxima(64, 32);
  Accelerator machine = byte_a_cycle();
  machine.model.fill_cycles = Cycles{3};
  const Cost closed = cost_on(profile_of(cascade, "K:1{ M:1{ max } }"), machine);
  CHECK(closed.latency >= Cycles{64 * 30 * 6});
  CHECK(closed.total.latency <= simulated(cascade, plan_of(cascade, "K:1{ M:1{ max } }"), machine).latency);
}

TEST_CASE("Runs one after another: the second one's whole input comes while the first one has the core") {
  // a: 32 tiles of 1, each with 2 in; then all of s in, 64; then b: 32 tiles of 2 with 1 out each. The port
  // is busy for 64 + 64 until b can start; then b takes 64 and its last tile's result leaves.
  CascadeBuilder make{"phases", DataType::kInt8};
  const RankId m = make.rank("M", Elements{32});
  const RankId k = make.rank("K", Elements{2});
  const TensorId x = make.tensor("x", {m, k}, TensorKind::kInput);
  const TensorId s = make.tensor("s", {m, k}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kReduceMax, {"a", {m}}, {make.at(x)});
  make.make("b", OpKind::kMul, {"b", {m, k}}, {make.at(a), make.at(s)});
  const Cascade cascade = sound(make.finish());
  const std::string text = "@a @s M:1{ a } M:1{ b }";
  const Cost closed = cost_on(profile_of(cascade, text.c_str()), byte_a_cycle());
  const SimResult run = simulated(cascade, plan_of(cascade, text.c_str()), byte_a_cycle());
  CHECK(closed.total.latency == run.latency);
}

void check_never_above(const Cascade& cascade, const Plan& plan, const Accelerator& machine) {
  const auto layout = lay_out(cascade, plan);
  REQUIRE(layout.has_value());
  const PlanProfile closed = profile(cascade, plan, *layout, profile_options(machine));
  CHECK(cost_on(closed, machine).total.latency <= simulated(cascade, plan, machine).latency);
}

TEST_CASE("Second slots that take no memory need not have any at the start") {
  // The smallest plan found for which the closed form, which did not know that, was above the simulation.
  // While b's part of a tile has the memory, x has none: its second slab comes after the whole input, not
  // before.
  CascadeBuilder make{"shared", DataType::kInt8};
  const RankId l = make.rank("L", Elements{3});
  const RankId m = make.rank("M", Elements{4});
  const RankId n = make.rank("N", Elements{2});
  const TensorId whole = make.tensor("whole", {n}, TensorKind::kInput);
  const TensorId x = make.tensor("x", {m, n}, TensorKind::kInput);
  const TensorId z = make.tensor("z", {l, m}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kMul, {"a", {m, n}}, {make.at(whole), make.at(x)});
  make.make("b", OpKind::kMul, {"b", {l, m, n}}, {make.at(a), make.at(z)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = byte_a_cycle();
  machine.dram.bandwidth = BitsPerCycle{4};
  machine.model.count_second_slots = false;
  check_never_above(cascade, plan_of(cascade, "M:1{ a b }"), machine);
}

TEST_CASE("The last store is waited for once, also where the first bytes of its tensor stay on chip") {
  CascadeBuilder make{"kept", DataType::kInt8};
  const RankId m = make.rank("M", Elements{8});
  const TensorId x = make.tensor("x", {m}, TensorKind::kInput);
  const TensorId t = make.make("t", OpKind::kAdd, {"t", {m}}, {make.at(x), make.at(x)});
  make.make("z", OpKind::kAdd, {"z", {m}}, {make.at(t), make.at(t)});
  const Cascade cascade = sound(make.finish());
  Plan plan = plan_of(cascade, "M:1{ t } | M:1{ z }");
  plan.retentions.push_back({t, Bytes{1}});
  Accelerator machine = byte_a_cycle();
  machine.model.double_buffering = false;
  check_never_above(cascade, plan, machine);
  machine.dram.ports = Ports::kShared;
  check_never_above(cascade, plan, machine);
}

TEST_CASE(
    "Beside a long input that is there a short one costs the port nothing, whether it has two slots or one") {
  // x, 64 bytes, is loaded before the first tile. Until as many bytes of z have come, it takes no time.
  CascadeBuilder make{"beside", DataType::kInt8};
  const RankId m = make.rank("M", Elements{8});
  const RankId k = make.rank("K", Elements{64});
  const TensorId x = make.tensor("x", {k}, TensorKind::kInput);
  const TensorId z = make.tensor("z", {m}, TensorKind::kInput);
  make.make("y", OpKind::kMul, {"y", {m, k}}, {make.at(x), make.at(z)});
  const Cascade cascade = sound(make.finish());
  for (const char* text : {"M:1{ @z*1 y }", "M:1{ y }"}) {
    CAPTURE(text);
    Plan plan = plan_of(cascade, text);
    plan.spatial.resize(1);
    plan.spatial.front().operand_loads = OperandLoads::kConcurrent;
    check_never_above(cascade, plan, byte_a_cycle());
  }
}

// The smallest cases found in which a bound decides alone: without it, the figure would be lower.

TEST_CASE("Separate ports: what is written cannot leave before it is made, however soon all is read") {
  // y = relu(x), four bytes in tiles of 3 and 1: x 3 in, 3 cycles, and y's 3 + 1 bytes out. Reads alone would
  // be done after 4 + 1 + 1.
  CascadeBuilder make{"copy", DataType::kInt8};
  const RankId n = make.rank("N", Elements{4});
  const TensorId x = make.tensor("x", {n}, TensorKind::kInput);
  make.make("y", OpKind::kRelu, {"y", {n}}, {make.at(x)});
  const Cascade cascade = sound(make.finish());
  CHECK(cost_on(profile_of(cascade, "N:3{ y }"), byte_a_cycle()).latency == Cycles{3 + 3 + 3 + 1});
  CHECK(simulated(cascade, plan_of(cascade, "N:3{ y }"), byte_a_cycle()).cycles == Cycles{10});
}

TEST_CASE(
    "The last visit of an outer loop's input begins when all of it has come, and then has all its tiles to "
    "run") {
  // z[m, n] = sum over 10 of x[m, k] w[n], for 2 x 2 tiles of 10 cycles; half a byte a cycle. x 40 cycles; of
  // w 3 of 4 bytes, and of z, of which two may wait in their slots, 1 of 4: 2 cycles each; the two last
  // tiles; the last z.
  CascadeBuilder make{"outer", DataType::kInt8};
  const RankId m = make.rank("M", Elements{2});
  const RankId n = make.rank("N", Elements{2});
  const RankId k = make.rank("K", Elements{10});
  const TensorId x = make.tensor("x", {m, k}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {n}, TensorKind::kInput);
  make.make("z", OpKind::kMatmul, {"z", {m, n}}, {make.at(x), make.at(w)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = byte_a_cycle();
  machine.dram.bandwidth = BitsPerCycle{4};
  const PlanProfile closed = profile_of(cascade, "M:1{ N:1{ z } }");
  // Separate ports: z is in nobody's way.
  CHECK(cost_on(closed, machine).latency == Cycles{40 + 3 * 2 + 2 * 10 + 2});
  CHECK(simulated(cascade, plan_of(cascade, "M:1{ N:1{ z } }"), machine).cycles == Cycles{70});
  machine.dram.ports = Ports::kShared;
  CHECK(cost_on(closed, machine).latency == Cycles{40 + 3 * 2 + 1 * 2 + 2 * 10 + 2});
  CHECK(simulated(cascade, plan_of(cascade, "M:1{ N:1{ z } }"), machine).cycles == Cycles{74});
}

/// z[m, j] = sum over k of a[k, m] b[j], words; its loops leave each row of ten unfinished between two k.
Cascade row_sums(std::int64_t rows, std::int64_t terms) {
  CascadeBuilder make{"sums", DataType::kFp32};
  const RankId m = make.rank("M", Elements{rows});
  const RankId j = make.rank("J", Elements{10});
  const RankId k = make.rank("K", Elements{terms});
  const TensorId a = make.tensor("a", {k, m}, TensorKind::kInput);
  const TensorId b = make.tensor("b", {j}, TensorKind::kInput);
  make.make("z", OpKind::kMatmul, {"z", {m, j}}, {make.at(a), make.at(b)});
  return sound(make.finish());
}

TEST_CASE("A row of unfinished sums returns only after the row that had its slot has left") {
  // A word a cycle each way. Tiles of 10 cycles; before the first of them b 10 and two a; after the last
  // z 10. With four rows in two slots, every second row that returns waits for 10 out and 10 back less one
  // tile beside it: 2 of 4 rows that return finished, or, with more terms, 4 of the 8 that return only to
  // leave again.
  Accelerator machine = byte_a_cycle();
  machine.dram.bandwidth = BitsPerCycle{32};
  const auto closed = [&](std::int64_t terms) {
    return cost_on(profile_of(row_sums(4, terms), "K:1{ M:1{ z } }"), machine).latency;
  };
  const auto run = [&](std::int64_t terms) {
    const Cascade cascade = row_sums(4, terms);
    return simulated(cascade, plan_of(cascade, "K:1{ M:1{ z } }"), machine).cycles;
  };
  CHECK(closed(2) == Cycles{8 * 10 + 12 + 10 + 2 * (20 - 10)});
  CHECK(run(2) == Cycles{124});
  CHECK(closed(4) == Cycles{16 * 10 + 12 + 10 + 4 * (20 - 10)});
  CHECK(run(4) == Cycles{248});
}

}  // namespace
}  // namespace fusescape::test_plans::latency_limits_test
