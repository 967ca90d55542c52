// Is the least that any plan may take what a calculation by hand says?
#include "fusescape/cost/physical_limit.hpp"

#include <catch2/catch.hpp>

#include "fusescape/config/load.hpp"
#include "plans.hpp"

namespace fusescape::test_plans::physical_limit_test {
namespace {

Limit limit_of_mamba(const char* tokens, const char* states) {
  const Setting settings[] = {*parse_setting(tokens), *parse_setting(states)};
  auto workload = bind_workload(*find_input(Shelf::kWorkloads, "mamba-2.8b"), settings);
  auto arch = load_accelerator("marca");
  REQUIRE(workload);
  REQUIRE(arch);
  const std::optional<Limit> limit = physical_limit(workload->block, *arch);
  REQUIRE(limit);
  return *limit;
}

TEST_CASE("A Mamba block moves its weights, tokens and final states once at least, or does its operations") {
  // Per block in fp32, D = 5120, E = 2560, R = 160, K = 4. N = 64 has 48 more states than 16: of A and of h,
  // D x 48 each, and x_proj's columns of B and C, D x 96: 4 x 5120 x (48 + 48 + 96) = 3,932,160 B.
  const Limit small = limit_of_mamba("L=64", "d_state=16");
  CHECK(small.dram_read + small.dram_write == Bytes{166'676'480});
  CHECK(small.latency == Cycles{651'080});  // 166,676,480 B / 256 B per cycle.
  CHECK(small.bound == Bound::kDram);
  const Limit large = limit_of_mamba("L=64", "d_state=64");
  CHECK(large.dram_read + large.dram_write == Bytes{166'676'480 + 3'932'160});
  CHECK(large.latency == Cycles{666'440});
  // At L = 1024 the operations take longer on 8192 PEs.
  CHECK(limit_of_mamba("L=1024", "d_state=16").latency == Cycles{5'257'601});
  CHECK(limit_of_mamba("L=1024", "d_state=64").latency == Cycles{5'626'241});
  CHECK(limit_of_mamba("L=1024", "d_state=64").bound == Bound::kCompute);
}

TEST_CASE("Reads and writes have a port each or share one, and an unlimited port takes no time") {
  // Z[4,8] = X[4,2] Y[2,8] in fp32: 32 + 64 B in, 128 B out, 64 operations on 4 PEs.
  Cascade cascade = matmul(4, 8, 2);
  cascade.tensors.back().kind = TensorKind::kOutput;
  Accelerator machine = accelerator(2, 2);
  CHECK(physical_limit(cascade, machine)->latency == Cycles{16});
  machine.dram.bandwidth = BitsPerCycle{8};
  CHECK(physical_limit(cascade, machine)->latency == Cycles{224});
  machine.dram.ports = Ports::kSeparate;
  CHECK(physical_limit(cascade, machine)->latency == Cycles{128});
}

TEST_CASE("A state is loaded and stored as its phase says") {
  // Of L = 4 tokens, D = 8, N = 2 in fp32: inputs 4 x (2 x 8 + 2 x 2) x 4 = 320 B and A 64 B; y is not kept.
  const Cascade fresh = state_update({.l = 4, .d = 8, .n = 2});
  CHECK(physical_limit(fresh, accelerator())->dram_read == Bytes{320 + 64});
  CHECK(physical_limit(fresh, accelerator())->dram_write == Bytes{0});
  const Cascade carried =
      state_update({.l = 4, .d = 8, .n = 2, .initial = Initial::kLoaded, .final_value = Final::kStored});
  CHECK(physical_limit(carried, accelerator())->dram_read == Bytes{320 + 64 + 64});
  CHECK(physical_limit(carried, accelerator())->dram_write == Bytes{64});
}

/// y = exp(x) and z = relu(x), 120 elements each.
Cascade two_kinds() {
  CascadeBuilder make{"two", DataType::kInt8};
  const RankId l = make.rank("L", Elements{120});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  make.make("exp", OpKind::kExp, {"y", {l}}, {make.at(x)});
  make.make("relu", OpKind::kRelu, {"z", {l}}, {make.at(x)});
  return sound(make.finish());
}

Core core_of(std::int64_t exp_cycles, std::int64_t relu_cycles) {
  Core core;
  core.cycles_per_op[static_cast<std::size_t>(OpKind::kExp)] = exp_cycles;
  core.cycles_per_op[static_cast<std::size_t>(OpKind::kRelu)] = relu_cycles;
  return core;
}

TEST_CASE("Over several cores operations are split as well as fractions allow") {
  Accelerator machine = accelerator();
  const auto takes = [&](std::vector<Core> cores) {
    machine.cores = std::move(cores);
    return physical_limit(two_kinds(), machine)->latency;
  };
  CHECK(takes({core_of(1, 1)}) == Cycles{240});
  CHECK(takes({core_of(1, 1), core_of(1, 1)}) == Cycles{120});
  // Each runs one kind only.
  CHECK(takes({core_of(1, 0), core_of(0, 4)}) == Cycles{480});
  // exp takes 120 on the first; of relu's 480 on the second a share s goes to the first: 120 + 120 s = 480 (1
  // - s) at s = 0.6, where both take 192.
  CHECK(takes({core_of(1, 1), core_of(0, 4)}) == Cycles{192});
  // Unlike strengths: all of exp on the first (120 s) and all of relu on the second (120) balance at once.
  CHECK(takes({core_of(1, 9), core_of(9, 1)}) == Cycles{120});
  // A third core that runs both in 2: x of exp and x of relu leave 120 (1 - x) on each; 480 x = 120 (1 - x).
  CHECK(takes({core_of(1, 9), core_of(9, 1), core_of(2, 2)}) == Cycles{96});
  machine.cores = {core_of(1, 0)};
  CHECK_FALSE(physical_limit(two_kinds(), machine));
}

TEST_CASE("The algorithmic minimum takes each operator alone, the slower of its port and its PEs") {
  Accelerator machine = accelerator(2, 2);
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.cores.front().cycles_per_op[static_cast<std::size_t>(OpKind::kExp)] = 100;
  // exp: 240 B at 1 B per cycle, or 120 x 100 / 4 = 3000 cycles; relu: 240, or 30.
  const std::optional<Limit> least = algorithmic_minimum(two_kinds(), *make_machine(machine));
  REQUIRE(least);
  CHECK(least->latency == Cycles{3000 + 240});
  CHECK(least->dram_read + least->dram_write == Bytes{480});
  CHECK(least->compute == Cycles{3030});
  CHECK(least->bound == Bound::kCompute);
}

}  // namespace
}  // namespace fusescape::test_plans::physical_limit_test
