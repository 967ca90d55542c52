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

/// Tiles of equal extents of one run of operators (plan/leaf_runs.hpp).
struct TileClass {
  std::int64_t count = 0;
  std::uint32_t first_work = 0;  ///< Into PlanProfile::work.operators.
  std::uint32_t work_count = 0;
};

/// By Ports: one for both directions, or one each.
using PerPorts = std::array<Bytes, 2>;

/// What must travel while a run's tiles run or the port is waited for: its own loads and stores, less what
/// slots allow to come before the first tile of a pass, or to leave after the last one.
struct RunProfile {
  std::uint32_t first_class = 0;
  std::uint32_t class_count = 0;
  Bytes loads;
  Bytes stores;
  std::int64_t turns = 0;  ///< Passes, if in each of them these lie between its first and its last tile.
  std::int64_t before_lead = 0;  ///< Tiles of it, at most, before the first one that needs `last_lead`,
  std::int64_t after_tail = 0;   ///< and after the last one that makes `first_tail`.
  PerPorts before;               ///< If runs do not take turns: what moves before its first tile, at least,
  PerPorts before_last;          ///< before its last one,
  PerPorts from;                 ///< after its first one,
  PerPorts after;                ///< and after its last one.
};

/// Of the transfers, `lead`, `loads`, `last_lead`, `early_loads` and `tile_load` are as long as the port
/// is busy with them: of inputs that load side by side only the longest counts. What else is loaded is so
/// much at least, without such inputs.
struct GroupProfile {
  Bytes dram_read;
  Bytes dram_write;
  Bytes peak;      ///< On-chip bytes of the group itself.
  Bytes reserved;  ///< Retained tensors that are on chip while it runs.
  Ops ops;
  Bytes lead;           ///< Loads without which the first tile cannot compute, and those that come before.
  Bytes ahead_of_lead;  ///< Of these, what only later tiles need.
  Bytes round_trips;    ///< Spilled from a tile to the next one: out and in again while nothing runs.
  Bytes later_leads;    ///< Loads for later runs, which are in the way of `lead`, or that these wait for.
  Bytes last_lead;   ///< Loads without which the first tile of each run cannot compute, if there are several.
  Bytes first_tail;  ///< Stores that only the last tile of each run makes possible, likewise.
  Bytes loads;       ///< All of them.
  PerPorts transfers;  ///< All loads and stores, on the busier port.
  PerPorts waits;      ///< Lead, tail, and what compute waits for between, if slots are single.
  Bytes tail;          ///< Stores that only the last tile's end makes possible.
  std::int64_t tiles_before_stores = 1;  ///< Nothing is stored before so many tiles have run.
  Bytes early_loads;                     ///< At most so much, with `lead`, is loaded by then.
  std::int64_t tiles_after_loads = 1;    ///< All is loaded when the last so many tiles start.
  Bytes late_stores;                     ///< At most so much, without `tail`, is stored from then on.
  std::int64_t last_visit_tiles = 0;     ///< Of the last slab of an input that outer loops change.
  PerPorts before_last_visit;            ///< Moved before they start, at least.
  std::int64_t returns = 0;              ///< So often an unfinished sum goes out and another one comes back,
  Bytes round_trip;                      ///< at least so much both ways,
  std::int64_t return_tiles = 0;         ///< while so many tiles run.
  bool countable = true;  ///< No count of its tiles can leave 64 bits; else evaluate refuses it.
  bool uniform = false;   ///< One class whose every tile loads and stores the same: the exact formula holds.
  Bytes tile_load;        ///< Loads that come with every tile, where tiles are all equal.
  Bytes tile_store;       ///< Stores of every tile, where uniform.
  std::uint32_t first_class = 0;  ///< The group's first tile is of this class.
  std::uint32_t last_class = 0;   ///< And its last of this one.
  std::uint32_t class_count = 0;
  std::uint32_t first_run = 0;
  std::uint32_t run_count = 0;
  std::uint32_t first_tensor = 0;
  std::uint32_t tensor_count = 0;
};

struct PlanProfile {
  std::vector<GroupProfile> groups;
  std::vector<RunProfile> runs;
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
