// What no formula of busy times can know, and what the closed form does know of waiting: small cases, by
// hand.
#include <catch2/catch.hpp>

#include "plans.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans {
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

}  // namespace
}  // namespace fusescape::test_plans
