// Does the simulation take the times that can be calculated by hand, cycle for cycle?
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "fusescape/sim/simulate.hpp"
#include "simulation.hpp"
#include "tile_cases.hpp"

namespace fusescape::test_plans::sim_test {
namespace {

TEST_CASE("Simulated memory-aware slices of N=64, L=64 take 43,286 cycles") {
  // 32,768 of compute and eight bursts of A and h0 of 1,280. The first burst comes after the inputs of two
  // tokens (22 each), every other one after the last store of the slice before (10) and the inputs that its
  // end made room for (22); the last store is 10: 32,768 + 8 * 1,280 + 2 * 22 + 7 * 32 + 10.
  static_assert(32'768 + 8 * 1'280 + 2 * 22 + 7 * 32 + 10 == 43'286);
  const TileCase made = memory_aware_case();
  CHECK(simulated(made.cascade, made.plan, made.machine).cycles == Cycles{43'286});
  CHECK(simulated(made.cascade, made.plan, made.machine, {.steady_state = false}).cycles == Cycles{43'286});
}

/// One token of 128 channels and 64 states on each 64 x 128 array takes one step, and two cycles to fill it.
Accelerator core_per_operator(std::int64_t link_cycles) {
  Accelerator machine = accelerator(64, 128);
  Core& core = machine.cores.front();
  core.count = 7;
  core.spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {"N"}, .cols = {"D"}, .flat = {}});
  machine.model.fill_cycles = Cycles{2};
  machine.links.latency = Cycles{link_cycles};
  return machine;
}

TEST_CASE("With a core per operator t and h wait for each other over the links: 16 cycles a token, not 6") {
  const Accelerator machine = core_per_operator(5);
  const auto latency = [&](std::int64_t tokens) {
    const Cascade cascade = state_update({.l = tokens, .d = 128, .n = 64});
    Plan plan = plan_of(cascade, "L:1{ dA exp dB dBx t h y }");
    plan.spatial = spatial_mappings(cascade, machine);
    const SimOptions options{.core_of = {0, 1, 2, 3, 4, 5, 6}};
    const SimResult run = simulated(cascade, plan, machine, options);
    SimOptions unrolled = options;
    unrolled.steady_state = false;
    CHECK(simulated(cascade, plan, machine, unrolled).latency == run.latency);
    return run.cycles.value();
  };
  // t takes 3, its result 5 to h, h 3, and 5 back: 16. On one core without links t and h alone take 6.
  CHECK(latency(101) - latency(100) == 16);
  CHECK(latency(1001) - latency(1) == 16 * 1000);
}

TEST_CASE("A million tokens are simulated in a few thousand events") {
  const TileCase made = memory_aware_case();
  const Cascade cascade = state_update({.l = 1'000'000, .d = 5120, .n = 64, .initial = Initial::kLoaded});
  const SimResult run = simulated(cascade, made.plan, made.machine);
  // As for 64 tokens: eight slices of a million tokens of 64 cycles, and the same bursts.
  CHECK(run.cycles == Cycles{8 * 64'000'000 + 8 * 1'280 + 2 * 22 + 7 * 32 + 10});
  CHECK(run.events < 5'000);
}

TEST_CASE("What two cores exchange takes the link, in pieces or as a whole") {
  // a[i] = x[i] * y[i], b[i] = a[i] * y[i] in int8 for 16 rows of 4: 64 bytes go from core 0 to core 1.
  CascadeBuilder make{"two", DataType::kInt8};
  const RankId i = make.rank("I", Elements{16});
  const RankId j = make.rank("J", Elements{4});
  const TensorId x = make.tensor("x", {i, j}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kMul, {"a", {i, j}}, {make.at(x), make.at(x)});
  make.make("b", OpKind::kMul, {"b", {i, j}}, {make.at(a), make.at(x)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = accelerator();
  machine.cores.front().count = 2;
  machine.links.bandwidth = BitsPerCycle{4};
  const auto link = [&](const char* plan, Topology topology) {
    machine.links.topology = topology;
    const SimResult run = simulated(cascade, plan_of(cascade, plan), machine, {.core_of = {0, 1}});
    for (const SimResource& resource : run.resources) {
      if (resource.kind == SimResourceKind::kLink && resource.bytes > Bytes{0})
        return std::pair{resource, run.cycles};
    }
    FAIL("nothing travelled");
    return std::pair{SimResource{}, Cycles{}};
  };
  const auto [whole, alone] = link("a b", Topology::kPairwise);
  CHECK(whole.name == "core0.0 -> core0.1");
  CHECK(whole.bytes == Bytes{64});
  CHECK(alone == Cycles{64 + 64 * 2 + 64});  // One after another: compute, link, compute.
  const auto [pieces, piped] = link("I:1{ @a*2 a b }", Topology::kBus);
  CHECK(pieces.name == "bus");
  CHECK(pieces.bytes == Bytes{64});
  CHECK(piped == Cycles{4 + 16 * 8 + 4});  // The link is the slowest: 8 cycles a row.
}

TEST_CASE("Round robin uses every core; a search is never slower") {
  const Cascade cascade = state_update({.l = 32, .d = 128, .n = 64});
  const Accelerator machine = core_per_operator(1);
  Plan plan = plan_of(cascade, "L:1{ @dA*2 @Abar*2 @dB*2 @dBx*2 dA exp dB dBx t h y }");
  plan.spatial = spatial_mappings(cascade, machine);
  const SimResult turns = simulated(cascade, plan, machine, {.allocation = CoreAllocation::kRoundRobin});
  const SimResult searched = simulated(cascade, plan, machine, {.allocation = CoreAllocation::kSearched});
  std::set<std::uint32_t> used;
  for (const SimTile& tile : turns.tiles) used.insert(tile.core);
  CHECK(used.size() == 7);
  CHECK(searched.latency <= turns.latency);
}

TEST_CASE("The next group's weights come in while a group computes, if there is room") {
  // Two operators of 64 cycles each on 64 bytes; the second reads w as well, which takes 64 cycles.
  CascadeBuilder make{"two", DataType::kInt8};
  const RankId i = make.rank("I", Elements{64});
  const TensorId x = make.tensor("x", {i}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {i}, TensorKind::kWeight);
  const TensorId a = make.make("a", OpKind::kMul, {"a", {i}}, {make.at(x), make.at(x)});
  make.make("b", OpKind::kMul, {"b", {i}}, {make.at(a), make.at(w)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  const Plan plan = plan_of(cascade, "a | b");
  const auto cycles_of = [&](bool prefetch, std::int64_t bytes) {
    machine.sram.capacity = Bytes{bytes};
    return simulated(cascade, plan, machine, {.prefetch = prefetch}).cycles.value();
  };
  // x, a, a out; a in and w, b, b out.
  CHECK(cycles_of(false, 1000) == (64 + 64 + 64) + (128 + 64 + 64));
  CHECK(cycles_of(true, 1000) == (64 + 64 + 64) + (64 + 64 + 64));
  CHECK(cycles_of(true, 192) == (64 + 64 + 64) + (64 + 64 + 64));  // x and a take 128 of 192.
  // Group b needs 192, so nothing smaller runs at all.
}

TEST_CASE("The next group's weights do not come where a group has its buffers side by side") {
  // x -> m -> a in two pieces, 64 bytes each: two of the three at a time, or all in 192; then a * w.
  CascadeBuilder make{"three", DataType::kInt8};
  const RankId i = make.rank("I", Elements{64});
  const TensorId x = make.tensor("x", {i}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {i}, TensorKind::kWeight);
  const TensorId m = make.make("m", OpKind::kMul, {"m", {i}}, {make.at(x), make.at(x)});
  const TensorId a = make.make("a", OpKind::kMul, {"a", {i}}, {make.at(m), make.at(m)});
  make.make("b", OpKind::kMul, {"b", {i}}, {make.at(a), make.at(w)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  const Plan plan = plan_of(cascade, "{ { m } { a } } | b");
  const auto saved = [&](std::int64_t bytes) {
    machine.sram.capacity = Bytes{bytes};
    return simulated(cascade, plan, machine).cycles.value() -
           simulated(cascade, plan, machine, {.prefetch = true}).cycles.value();
  };
  CHECK(saved(192 + 63) == 0);
  CHECK(saved(192 + 64) == 64);  // w's load.
}

/// a, b and c in pieces, on a core each: c needs what a makes and what b makes of that; all hold what they
/// have.
struct Knot {
  Cascade cascade;
  Plan plan;
  Layout layout;
  Accelerator machine = accelerator();

  Knot() {
    CascadeBuilder make{"knot", DataType::kInt8};
    const RankId l = make.rank("L", Elements{8});
    const RankId d = make.rank("D", Elements{8});
    const TensorId x = make.tensor("x", {l, d}, TensorKind::kInput);
    const TensorId y = make.tensor("y", {l, d}, TensorKind::kInput);
    const TensorId a = make.make("a", OpKind::kMul, {"a", {l, d}}, {make.at(x), make.at(x)});
    const TensorId b = make.make("b", OpKind::kMul, {"b", {l, d}}, {make.at(a), make.at(y)});
    make.make("c", OpKind::kMul, {"c", {l, d}}, {make.at(b), make.at(a)});
    cascade = sound(make.finish());
    plan = plan_of(cascade, "L:4{ { D:2{ a } } { D:2{ b } } { D:2{ c } } }");
    layout = lay_out(cascade, plan).value();
    machine.cores.front().count = 3;
    machine.dram.bandwidth = BitsPerCycle{8};
  }
  [[nodiscard]] expected<SimResult, SimFailure> run(std::int64_t bytes, const SimOptions& options) {
    machine.sram.capacity = Bytes{bytes};
    return simulate(cascade, plan, layout, machine, options);
  }
};

TEST_CASE("Cores that wait for each other's memory are a deadlock, with who waits for what") {
  Knot knot;
  int deadlocks = 0;
  for (std::int64_t bytes = 60; bytes < 200; ++bytes) {
    const auto run = knot.run(bytes, {.core_of = {0, 1, 2}});
    if (run || run.error().reason != SimFailure::Reason::kDeadlock) continue;
    ++deadlocks;
    CHECK_FALSE(run.error().waits.empty());
    CHECK_FALSE(run.error().memory.empty());
    CHECK(describe(knot.cascade, run.error()).substr(0, 19) == "deadlock in group 0");
  }
  CHECK(deadlocks > 0);
}

TEST_CASE("A search begins where operators take turns or where all are together, whichever runs") {
  Knot knot;
  int untied = 0;
  for (std::int64_t bytes = 60; bytes < 200; ++bytes) {
    const auto together = knot.run(bytes, {.core_of = {0, 0, 0}});
    const auto turns = knot.run(bytes, {.allocation = CoreAllocation::kRoundRobin});
    const auto searched = knot.run(bytes, {.allocation = CoreAllocation::kSearched});
    REQUIRE(searched.has_value() == (together.has_value() || turns.has_value()));
    if (turns) CHECK(searched->latency <= turns->latency);
    if (together) CHECK(searched->latency <= together->latency);
    untied += together && !turns ? 1 : 0;
  }
  CHECK(untied > 0);
}

TEST_CASE("A plan that does not fit is refused with the bytes that the closed form names") {
  const Cascade cascade = matmul(4, 4, 4);
  const Plan plan = plan_of(cascade, "Z");
  Accelerator machine = accelerator();
  machine.sram.capacity = Bytes{191};
  const auto refused = simulate(cascade, plan, lay_out(cascade, plan).value(), machine);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == SimFailure::Reason::kCapacity);
  CHECK(refused.error().needed == Bytes{192});
  CHECK(describe(cascade, refused.error()) == "group 0 needs 192 B on chip, 191 B are there");
}

/// z = relu(x) over ranks A, B, ... of these extents.
Cascade copy_over(const std::vector<std::int64_t>& extents) {
  CascadeBuilder make{"copy", DataType::kFp32};
  std::vector<RankId> ranks;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    ranks.push_back(make.rank(std::string(1, static_cast<char>('A' + i)), Elements{extents[i]}));
  }
  make.make("Z", OpKind::kRelu, {"Z", ranks}, {make.at(make.tensor("X", ranks, TensorKind::kInput))});
  return sound(make.finish());
}

TEST_CASE("A run whose counts leave 64 bits is refused as the closed form is, periodic or tile by tile") {
  constexpr std::int64_t kHuge = std::int64_t{1} << 50;
  const std::vector<std::pair<std::vector<std::int64_t>, const char*>> cases{
      {{kHuge, 5000}, "B:1{ Z }"},
      {{3, 3, 3, 3, 3, 3, 3, 2, kHuge}, "A:1{ B:1{ C:1{ D:1{ E:1{ F:1{ G:1{ H:1{ Z } } } } } } } }"}};
  for (const auto& [extents, text] : cases) {
    const Cascade cascade = copy_over(extents);
    Accelerator machine = accelerator();
    machine.sram.capacity = Bytes{std::int64_t{1} << 60};
    const Plan plan = plan_of(cascade, text);
    for (const bool steady : {true, false}) {
      const auto run =
          simulate(cascade, plan, lay_out(cascade, plan).value(), machine, {.steady_state = steady});
      REQUIRE_FALSE(run);
      CHECK(run.error().reason == SimFailure::Reason::kOverflow);
    }
    const auto closed = evaluate(profile_of(cascade, text), make_machine(machine).value());
    REQUIRE_FALSE(closed);
    CHECK(closed.error().reason == Infeasible::Reason::kOverflow);
  }
}

TEST_CASE("Traffic of many iterations that change nothing is refused, too, if it leaves 64 bits") {
  CascadeBuilder make{"two", DataType::kFp32};
  const RankId a = make.rank("A", Elements{std::int64_t{1} << 40});
  const RankId b = make.rank("B", Elements{std::int64_t{1} << 40});
  make.make("Z", OpKind::kRelu, {"Z", {a}}, {make.at(make.tensor("X", {a}, TensorKind::kInput))});
  make.make("W", OpKind::kRelu, {"W", {b}}, {make.at(make.tensor("Y", {b}, TensorKind::kInput))});
  const Cascade cascade = sound(make.finish());
  for (const char* text : {"B:1{ A:1{ Z } } | B:1024{ W }", "B:4{ A:1024{ Z } } | B:1024{ W }"}) {
    const Plan plan = plan_of(cascade, text);
    const auto run = simulate(cascade, plan, lay_out(cascade, plan).value(), accelerator());
    REQUIRE_FALSE(run);
    CHECK(run.error().reason == SimFailure::Reason::kOverflow);
    const auto closed = evaluate(profile_of(cascade, text), make_machine(accelerator()).value());
    REQUIRE_FALSE(closed);
    CHECK(closed.error().reason == Infeasible::Reason::kOverflow);
  }
}

struct Both {
  std::int64_t closed = 0;
  std::int64_t simulated = 0;
};

/// a = x * x and b = a * w on 10 elements of a byte, one byte a cycle from DRAM, `cycles` for each element; R
/// is a rank that neither has.
Both both_of(const char* plan, std::int64_t cycles) {
  CascadeBuilder make{"two", DataType::kInt8};
  const RankId i = make.rank("I", Elements{10});
  const RankId j = make.rank("J", Elements{5});
  make.rank("R", Elements{2});
  const TensorId x = make.tensor("x", {i}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {i, j}, TensorKind::kWeight);
  const TensorId a = make.make("a", OpKind::kMul, {"a", {i}}, {make.at(x), make.at(x)});
  make.make("b", OpKind::kMatmul, {"b", {i}}, {make.at(a), make.at(w)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = accelerator(1, 5);
  machine.cores.front().cycles_per_op.fill(cycles);
  machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {}, .cols = {"J"}, .flat = {}});
  machine.dram.bandwidth = BitsPerCycle{8};
  Plan made = plan_of(cascade, plan);
  made.spatial = spatial_mappings(cascade, machine);
  const Cost cost = cost_on(profile_of(cascade, made, profile_options(machine)), machine);
  return {cost.latency.value(), simulated(cascade, made, machine).cycles.value()};
}

// The smallest cases in which the closed form was above what is possible, one for each reason.

TEST_CASE("What a later operator needs comes in while the first runs, also if the first is further in") {
  // x 10, a 100 cycles while w's 50 bytes come, b 100, b's 10 bytes: not w, a, b and no store.
  const Both both = both_of("{ a } b", 10);
  CHECK(both.closed == 10 + 100 + 100 + 10);
  CHECK(both.simulated == 220);
}

TEST_CASE("A result that a loop makes again leaves after the first time") {
  // x and w 60; a and b 20, again 20 while b's 10 bytes leave.
  const Both both = both_of("R:1{ a b }", 1);
  CHECK(both.closed == 60 + 20 + 20);
  CHECK(both.simulated == 100);
}

TEST_CASE("What is spilled inside a tile does not come before the tile") {
  // x 10, a 10 with w coming until 60, a out and in (it goes first) 20 to 40, so that w is there at 80; b 10,
  // out 10.
  const Both both = both_of("@a! a b", 1);
  CHECK(both.simulated == 10 + 10 + 20 + 40 + 10 + 10);
  CHECK(both.closed == 50 + 10 + 10 + 10 + 10);  // The port: x, w, a twice, b.
}

TEST_CASE("A load into a single slot is hidden by another tile of the group") {
  // Per half of I: x moves 5 bytes; a and b of five elements take 50 each.
  const Both both = both_of("I:5{ { @x*1 a } b }", 10);
  // x 5, then a and b twice; w's and x's second halves come meanwhile; the last half of b 5.
  CHECK(both.closed == 5 + 4 * 50 + 5);
  CHECK(both.simulated == 210);
}

/// x[L, D] through so many operators.
Cascade relays(int operators) {
  CascadeBuilder make{"relays", DataType::kInt8};
  const RankId l = make.rank("L", Elements{4});
  const RankId d = make.rank("D", Elements{6});
  TensorId last = make.tensor("x", {l, d}, TensorKind::kInput);
  for (int i = 0; i < operators; ++i) {
    const std::string name = fmt::format("o{}", i);
    last = make.make(name, OpKind::kRelu, {name, {l, d}}, {make.at(last)});
  }
  return sound(make.finish());
}

TEST_CASE("Each operator more with a loop of its own takes as long, however many loops the group has") {
  // A tile of four bytes and one of two, six cycles, in each of four tokens; on two cores in turn what is
  // handed on comes over a link, token by token.
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{64};
  const auto cycles = [&](int operators, std::int64_t cores) {
    machine.cores.front().count = cores;
    const Cascade cascade = relays(operators);
    std::string text = "L:1{";
    SimOptions options;
    for (int i = 0; i < operators; ++i) {
      text += fmt::format(" D:4{{ o{} }}", i);
      options.core_of.push_back(static_cast<std::uint32_t>(i % cores));
    }
    const Plan plan = plan_of(cascade, text + " }");
    const SimResult run = simulated(cascade, plan, machine, options);
    SimOptions unrolled = options;
    unrolled.steady_state = false;
    CHECK(simulated(cascade, plan, machine, unrolled).latency == run.latency);
    return run.cycles.value();
  };
  const std::int64_t base = cycles(10, 1);
  for (const int operators : {62, 63, 64, 65, 127, 128, 140}) {  // Each has one loop more than operators.
    CAPTURE(operators);
    CHECK(cycles(operators, 1) == base + (operators - 10) * 4 * 6);
  }
  const std::int64_t pair = cycles(12, 2) - cycles(10, 2);
  for (const int operators : {60, 62, 64, 126, 128}) {
    CAPTURE(operators);
    CHECK(cycles(operators + 2, 2) - cycles(operators, 2) == pair);
  }
}

}  // namespace
}  // namespace fusescape::test_plans::sim_test
