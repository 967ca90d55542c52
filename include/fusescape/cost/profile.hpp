// What does a plan cost, before any accelerator is named? Traffic, footprint and tile classes of each of its
// groups.
//
// A profile depends on the cascade, the plan and the few options below, not on array shape, capacity,
// bandwidth or clock: it is made once, and evaluated for any number of design points (cost/evaluate.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/plan/work.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// DRAM traffic and residency of one tensor in one group (docs/model/traffic.md).
struct TensorTraffic {
  TensorId tensor{};
  Bytes read;
  Bytes written;
  BufferRole residency{};
  int bits = 0;  ///< Per element while in DRAM.
};

/// Tiles of equal extents under one innermost loop.
struct TileClass {
  std::int64_t count = 0;
  std::uint32_t first_work = 0;  ///< Into PlanProfile::work.operators.
  std::uint32_t work_count = 0;
};

/// Of the transfers, `lead`, `loads`, `exposed_loads` and `tile_load` are as long as the port is busy with
/// them: of inputs that load side by side only the longest counts.
struct GroupProfile {
  Bytes dram_read;
  Bytes dram_write;
  Bytes peak;      ///< On-chip bytes of the group itself.
  Bytes reserved;  ///< Retained tensors that are on chip while it runs.
  Ops ops;
  Bytes lead;            ///< Loads without which the first tile cannot compute.
  Bytes loads;           ///< All of them.
  Bytes tail;            ///< Stores that only the last tile's end makes possible.
  Bytes exposed_loads;   ///< Loads into single slots after the first: compute waits for each.
  Bytes exposed_stores;  ///< Stores from single slots before the last.
  std::int64_t silent_tiles =
      0;                  ///< Tiles at the start whose results are all retained: nothing is stored yet.
  bool countable = true;  ///< No count of its tiles can leave 64 bits; else evaluate refuses it.
  bool one_run = false;   ///< Its operators run as one piece in every tile.
  bool uniform = false;   ///< One class whose every tile loads and stores the same: the exact formula holds.
  Bytes tile_load;        ///< Loads that come with every tile, where tiles are all equal.
  Bytes tile_store;       ///< Stores of every tile, where uniform.
  std::uint32_t first_class = 0;
  std::uint32_t class_count = 0;
  std::uint32_t first_tensor = 0;
  std::uint32_t tensor_count = 0;
};

struct PlanProfile {
  std::vector<GroupProfile> groups;
  std::vector<TileClass> classes;
  WorkTable work;
  std::vector<TensorTraffic> tensors;
};

/// Operations of one group of `profile`, by kind of operator.
[[nodiscard]] std::array<Ops, kOpKindCount> ops_by_kind(const PlanProfile& profile,
                                                        const GroupProfile& group);

[[nodiscard]] PlanProfile profile(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                  const ProfileOptions& options);

}  // namespace fusescape
