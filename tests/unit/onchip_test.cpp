// How much passes between PEs and the on-chip memory, and how long does it take? (docs/model/onchip.md)
#include <catch2/catch.hpp>

#include "fusescape/plan/spatial.hpp"
#include "plans.hpp"

namespace fusescape::test_plans::onchip_test {
namespace {

constexpr std::int64_t kWord = 4;
constexpr std::int64_t kD = 5120;
constexpr std::int64_t kN = 64;

/// 8192 PEs as 64 x 128 with (N, D) on (rows, columns); exp takes 4 cycles, each operator 2 more to fill.
Accelerator array_64x128() {
  Accelerator machine = accelerator(64, 128);
  Core& core = machine.cores.front();
  core.cycles_per_op[static_cast<std::size_t>(OpKind::kExp)] = 4;
  core.spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {"N"}, .cols = {"D"}, .flat = {}});
  machine.model.fill_cycles = Cycles{2};
  return machine;
}

PlanProfile mapped(const Cascade& cascade, std::string_view text, const Accelerator& on) {
  Plan plan = plan_of(cascade, text);
  plan.spatial = spatial_mappings(cascade, on);
  return profile_of(cascade, plan, kSingle);
}

constexpr const char* kThroughMemory = "L:1{ dA exp dB dBx t h y }";
constexpr const char* kChained = "L:1{ chain{ dA exp dB dBx t h y } }";

// Beside the [D,N] tensors a token reads, in the matter of 5120 channels on 128 columns and 64 states on 64
// rows: Delta twice (dA, dB) and x, [D] each, broadcast over the rows; B and C, [N] each, for each of 40
// steps along D: 64 * 40 = 2560; and writes y, [D], summed over the rows. In a chain the second read of Delta
// is in registers.
constexpr std::int64_t kVectors = 2 * kD + kD + 2 * kN * (kD / 128) + kD;
constexpr std::int64_t kChainedVectors = kVectors - kD;

TEST_CASE("A fused token makes 14 accesses to [D,N] tensors through the memory, three in a chain") {
  const Cascade cascade = state_update({.l = 1, .d = kD, .n = kN});
  const Accelerator machine = array_64x128();
  const auto accesses = [&](const char* plan, std::int64_t vectors) {
    const GroupCost total = cost_on(mapped(cascade, plan, machine), machine).total;
    return (total.onchip_read + total.onchip_write).value() / kWord - vectors;
  };
  // dA 2 (A, dA), exp 2, dB 1, dBx 2, t 3, h 3, y 1.
  CHECK(accesses(kThroughMemory, kVectors) == 14 * kD * kN);
  // A, h in, h out.
  CHECK(accesses(kChained, kChainedVectors) == 3 * kD * kN);
}

TEST_CASE(
    "At 4096 bytes a cycle a fused token takes 4480 cycles of [D,N] accesses, chained 960, unlimited 414") {
  const Cascade cascade = state_update({.l = 1, .d = kD, .n = kN});
  Accelerator machine = array_64x128();
  // Seven operators of 40 steps, exp of 4 * 40, each with 2 cycles of fill: 6 * 42 + 162 = 414.
  CHECK(cost_on(mapped(cascade, kThroughMemory, machine), machine).latency == Cycles{414});
  machine.sram.bank_read = machine.sram.bank_write = BitsPerCycle{4096 * 8};
  // 14 * 327,680 * 4 B / 4096 = 4480, and 25,600 * 4 / 4096 = 25 for the vectors.
  CHECK(14 * kD * kN * kWord / 4096 == 4480);
  CHECK(kVectors * kWord / 4096 == 25);
  CHECK(cost_on(mapped(cascade, kThroughMemory, machine), machine).latency == Cycles{4480 + 25});
  // 3 * 327,680 * 4 / 4096 = 960, and 20.
  CHECK(3 * kD * kN * kWord / 4096 == 960);
  CHECK(kChainedVectors * kWord / 4096 == 20);
  CHECK(cost_on(mapped(cascade, kChained, machine), machine).latency == Cycles{960 + 20});
}

TEST_CASE("Separate ports read and write at the same time: the longer side counts") {
  const Cascade cascade = state_update({.l = 1, .d = kD, .n = kN});
  Accelerator machine = array_64x128();
  machine.sram.bank_read = machine.sram.bank_write = BitsPerCycle{4096 * 8};
  machine.sram.ports = Ports::kSeparate;
  // Of 14 accesses six write (dA, Abar, dB, dBx, t, h) and eight read: 8 * 320 cycles, and 20 for the vectors
  // (Delta twice, x, B, C: 20,480 elements).
  CHECK(cost_on(mapped(cascade, kThroughMemory, machine), machine).latency == Cycles{8 * 320 + 20});
}

TEST_CASE("An unlimited memory takes no time but its bytes are counted") {
  const Cascade cascade = state_update({.l = 1, .d = kD, .n = kN});
  const Accelerator machine = array_64x128();
  const Cost cost = cost_on(mapped(cascade, kThroughMemory, machine), machine);
  CHECK(cost.total.onchip == Ticks{});
  CHECK(cost.total.onchip_read.value() == (8 * kD * kN + kVectors - kD) * kWord);
  CHECK(cost.total.onchip_write.value() == (6 * kD * kN + kD) * kWord);
}

/// Z[M,N] = X[M,K] Y[K,N] with K on rows and N on columns of a 4 x 8 array: weights stay while tokens pass.
GroupCost weight_stationary(std::int64_t m, std::int64_t n, std::int64_t k) {
  Accelerator machine = accelerator(4, 8);
  machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {"reduction"}, .cols = {"output"}, .flat = {}});
  const Cascade cascade = matmul(m, n, k);
  return cost_on(mapped(cascade, "Z", machine), machine).total;
}

TEST_CASE("With tokens innermost, a matmul's weights are read from the memory once") {
  // M=100 tokens, K=4, N=8: one spatial step, Y stays: 32 reads of Y, 400 of X, 800 writes of Z.
  const GroupCost one = weight_stationary(100, 8, 4);
  CHECK(one.onchip_read == Bytes{(32 + 400) * kWord});
  CHECK(one.onchip_write == Bytes{800 * kWord});
  CHECK(one.compute_cycles == Cycles{100});
  // K=8, N=16: 2 x 2 steps. Y once, 128; X for both steps of N, 2 * 800. Z leaves the array incomplete after
  // the first step along K: 2 * 1600 writes, and 1600 reads of incomplete sums.
  const GroupCost four = weight_stationary(100, 16, 8);
  CHECK(four.onchip_read == Bytes{(128 + 1600 + 1600) * kWord});
  CHECK(four.onchip_write == Bytes{3200 * kWord});
  CHECK(four.compute_cycles == Cycles{400});
}

TEST_CASE("Ranks on the array round up to whole steps; ragged tiles keep their own steps") {
  // 9 columns on 8: two steps; 5 rows on 4: two steps.
  CHECK(weight_stationary(1, 9, 5).compute_cycles == Cycles{4});
  Accelerator machine = accelerator(1, 8);
  machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {}, .cols = {"N"}, .flat = {}});
  const Cascade cascade = matmul(1, 20, 1);
  CHECK(cost_on(mapped(cascade, "Z", machine), machine).total.compute_cycles == Cycles{3});
  // Tiles of 9, 9 and 2: 2 + 2 + 1 steps.
  CHECK(cost_on(mapped(cascade, "N:9{ Z }", machine), machine).total.compute_cycles == Cycles{5});
}

TEST_CASE("Flattened over the array, N=16 states use all PEs: 80 steps fill to 114 cycles a token") {
  // 5120 * 16 / 8192 = 10 steps: 6 * 12 + 4 * 10 + 2 = 114; on 16 of 64 rows it stays at 414.
  const Cascade cascade = state_update({.l = 1, .d = kD, .n = 16});
  Accelerator machine = array_64x128();
  CHECK(cost_on(mapped(cascade, kThroughMemory, machine), machine).latency == Cycles{414});
  machine.cores.front().spatial.front() = {
      .kinds = {}, .operators = {}, .cores = {}, .rows = {}, .cols = {}, .flat = {"all"}};
  CHECK(cost_on(mapped(cascade, kThroughMemory, machine), machine).latency == Cycles{114});
}

TEST_CASE("A 96 x 96 array is slower for a fused token than 64 x 128, though it has more PEs") {
  // ceil(64/96) * ceil(5120/96) = 54 steps: 6 * 56 + 4 * 54 + 2 = 554.
  const Cascade cascade = state_update({.l = 1, .d = kD, .n = kN});
  Accelerator machine = array_64x128();
  machine.cores.front().rows = machine.cores.front().cols = 96;
  CHECK(cost_on(mapped(cascade, kThroughMemory, machine), machine).latency == Cycles{554});
}

/// y[m] over k of x[m, k], words.
Cascade reduced(OpKind kind) {
  CascadeBuilder make{"reduced", DataType::kFp32};
  const RankId m = make.rank("M", Elements{4});
  const RankId k = make.rank("K", Elements{3});
  const TensorId x = make.tensor("x", {m, k}, TensorKind::kInput);
  make.make("y", kind, {"y", {m}}, {make.at(x)});
  return sound(make.finish());
}

TEST_CASE("Whatever reduces, its result is written once, and its sums stay in the PE meanwhile") {
  for (const OpKind kind : {OpKind::kReduceSum, OpKind::kReduceMax, OpKind::kReduceMean}) {
    CAPTURE(name_of(kind));
    const GroupCost total = cost_on(profile_of(reduced(kind), "y"), accelerator()).total;
    CHECK(total.onchip_read == Bytes{4 * 3 * kWord});
    CHECK(total.onchip_write == Bytes{4 * kWord});
    // A part of each row at a time: every one of the three leaves its four results in memory.
    CHECK(cost_on(profile_of(reduced(kind), "K:1{ y }"), accelerator()).total.onchip_write ==
          Bytes{3 * 4 * kWord});
  }
}

TEST_CASE(
    "Of resources that are busy equally long, compute bounds before DRAM, and DRAM before the on-chip "
    "ports") {
  // y = x + x, 8 bytes: in and out take the shared DRAM port 16 cycles; x twice takes the read port 16; the
  // PE 8 or, at two cycles an operation, 16.
  CascadeBuilder make{"doubled", DataType::kInt8};
  const RankId m = make.rank("M", Elements{8});
  const TensorId x = make.tensor("x", {m}, TensorKind::kInput);
  make.make("y", OpKind::kAdd, {"y", {m}}, {make.at(x), make.at(x)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.dram.ports = Ports::kShared;
  machine.sram.bank_read = machine.sram.bank_write = BitsPerCycle{8};
  machine.sram.ports = Ports::kSeparate;
  const auto total = [&] { return cost_on(profile_of(cascade, "y"), machine).total; };
  CHECK(total().dram == total().onchip);
  CHECK(total().compute < total().dram);
  CHECK(total().bound == Bound::kDram);
  machine.cores.front().cycles_per_op.fill(2);
  CHECK(total().compute == total().dram);
  CHECK(total().bound == Bound::kCompute);
  machine.cores.front().cycles_per_op.fill(1);
  machine.dram.bandwidth = BitsPerCycle{16};
  CHECK(total().bound == Bound::kOnChip);
}

}  // namespace
}  // namespace fusescape::test_plans::onchip_test
