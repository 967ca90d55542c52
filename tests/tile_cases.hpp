// Which small plans have latencies that can be calculated by hand? Shared by the closed form's and the
// simulation's tests.
#pragma once

#include <vector>

#include "fusescape/plan/spatial.hpp"
#include "plans.hpp"

namespace fusescape::test_plans {

struct TileCase {
  Cascade cascade;
  Plan plan;
  Accelerator machine;
};

/// In bytes of a DRAM that moves one a cycle, and cycles.
struct Tiles {
  std::int64_t count = 1;
  std::int64_t load = 1;
  std::int64_t compute = 1;
  std::int64_t store = 1;
};

/// Tiles of exactly these lengths: z[i,w] is the largest x[i,r] in int8, all of a tile in one step on the
/// array.
inline TileCase tile_case(const Tiles& tiles, int slots, Ports ports) {
  CascadeBuilder make{"tiles", DataType::kInt8};
  const RankId i = make.rank("I", Elements{tiles.count});
  const RankId r = make.rank("R", Elements{tiles.load});
  const RankId w = make.rank("W", Elements{tiles.store});
  const TensorId x = make.tensor("x", {i, r}, TensorKind::kInput);
  const TensorId z = make.tensor("z", {i, w}, TensorKind::kOutput);
  make.make("z", OpKind::kReduceMax, z, {make.at(x)});
  TileCase made{sound(make.finish()), {}, accelerator(tiles.load, tiles.store)};
  made.machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {"R"}, .cols = {"W"}, .flat = {}});
  made.machine.model.fill_cycles = Cycles{tiles.compute - 1};  // One step of one cycle, and the fill.
  made.machine.dram.bandwidth = BitsPerCycle{8};
  made.machine.dram.ports = ports;
  made.plan = plan_of(made.cascade, slots == 1 ? "I:1{ @x*1 @z*1 z }" : "I:1{ @x*2 @z*2 z }");
  made.plan.spatial = spatial_mappings(made.cascade, made.machine);
  return made;
}

struct EqualTilesCase {
  Tiles tiles;
  int slots;
  Ports ports;
  std::int64_t cycles;
};

/// What the formulas of docs/model/latency.md give for equal tiles, calculated.
inline std::vector<EqualTilesCase> equal_tiles_cases() {
  constexpr Ports kShared = Ports::kShared;
  constexpr Ports kSeparate = Ports::kSeparate;
  return {
      // Two slots, shared: max(r + nc + w, n(r+w) + max(0,c-r) + max(0,c-w)).
      {{8, 4, 6, 4}, 2, kShared, 68},     // max(4 + 48 + 4, 64 + 2 + 2)
      {{64, 4, 6, 4}, 2, kShared, 516},   // max(392, 512 + 4)
      {{64, 10, 9, 1}, 2, kShared, 712},  // max(587, 704 + 0 + 8)
      {{10, 1, 20, 2}, 2, kShared, 203},  // 1 + 200 + 2: bound by compute
      {{1, 4, 6, 4}, 2, kShared, 14},     // Nothing to overlap with.
      // Two slots, separate: r + c + w + (n-1) max(r, c, w).
      {{8, 4, 6, 4}, 2, kSeparate, 14 + 7 * 6},
      {{64, 10, 9, 1}, 2, kSeparate, 20 + 63 * 10},
      {{64, 1, 2, 9}, 2, kSeparate, 12 + 63 * 9},
      // One slot, shared: n(r+c+w); separate: r+c+w + (n-1)(c + max(r, w)).
      {{8, 4, 6, 4}, 1, kShared, 8 * 14},
      {{64, 10, 9, 1}, 1, kShared, 64 * 20},
      {{8, 4, 6, 4}, 1, kSeparate, 14 + 7 * (6 + 4)},
      {{64, 10, 9, 1}, 1, kSeparate, 20 + 63 * (9 + 10)},
      {{5, 1, 2, 9}, 1, kSeparate, 12 + 4 * (2 + 9)},
  };
}

/// The state update with N=64, L=64 in 8 slices of 640 channels, A with one slot, h0 loaded; 64 x 128 PEs,
/// 256 bytes a cycle, fill 2, exp four times as long.
inline TileCase memory_aware_case() {
  TileCase made{
      state_update({.l = 64, .d = 5120, .n = 64, .initial = Initial::kLoaded}), {}, accelerator(64, 128)};
  Core& core = made.machine.cores.front();
  core.cycles_per_op[static_cast<std::size_t>(OpKind::kExp)] = 4;
  core.spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {"N"}, .cols = {"D"}, .flat = {}});
  made.machine.model.fill_cycles = Cycles{2};
  made.machine.dram.bandwidth = BitsPerCycle{2048};
  made.plan = plan_of(made.cascade, "D:640{ @A*1 L:1{ dA exp dB dBx t h y } }");
  made.plan.spatial = spatial_mappings(made.cascade, made.machine);
  return made;
}

}  // namespace fusescape::test_plans
