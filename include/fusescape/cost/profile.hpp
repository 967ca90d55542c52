// What does a plan cost, before any accelerator is named? Traffic, footprint and tile classes of each of its
// groups.
//
// A profile depends on the cascade, the plan and the few options below, not on array shape, capacity,
// bandwidth or clock: it is made once, and evaluated for any number of design points (cost/evaluate.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/footprint.hpp"
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
  bool operator==(const TensorTraffic&) const = default;
};

/// Tiles of equal extents of one run of operators (plan/leaf_runs.hpp).
struct TileClass {
  std::int64_t count = 0;
  std::uint32_t first_work = 0;  ///< Into GroupProfile::work.operators.
  std::uint32_t work_count = 0;
  bool operator==(const TileClass&) const = default;
};

/// Bytes by what the DRAM has: one port for both directions, or one each.
struct PerPorts {
  std::array<Bytes, 2> bytes;

  [[nodiscard]] Bytes& operator[](Ports ports) { return bytes[static_cast<std::size_t>(ports)]; }
  [[nodiscard]] const Bytes& operator[](Ports ports) const { return bytes[static_cast<std::size_t>(ports)]; }
  bool operator==(const PerPorts&) const = default;
};

// What transfers contribute to a group's latency: docs/model/latency.md has each under its name.

/// Loads that a group's first tile waits for.
struct Lead {
  Bytes all;    ///< Those without which it cannot compute, and those that come before.
  Bytes ahead;  ///< Bytes among these that only later tiles need.
  bool operator==(const Lead&) const = default;
};

/// What each tile moves, where all are equal and move the same.
struct EqualTiles {
  Bytes load;
  Bytes store;
  Bytes outside;  ///< Lead and tail, less what only later tiles need, and one tile's load and store.
  bool operator==(const EqualTiles&) const = default;
};

/// When the port must wait for tiles.
struct IdlePort {
  std::int64_t tiles_before_stores = 1;  ///< Nothing is stored before so many tiles have run.
  Bytes early_loads;                     ///< At most so much, with the lead, is loaded by then.
  std::int64_t tiles_after_loads = 1;    ///< All is loaded when the last so many tiles start.
  Bytes late_stores;                     ///< At most so much, without the tail, is stored from then on.
  bool operator==(const IdlePort&) const = default;
};

/// The last visit of an input that an outer loop changes; no tiles if there is none.
struct LastVisit {
  std::int64_t tiles = 0;
  PerPorts before;  ///< Moved before they start, at least.
  bool operator==(const LastVisit&) const = default;
};

/// Sums that leave unfinished; no times if there are none.
struct Returns {
  std::int64_t times = 0;  ///< So often one goes out and another one comes back,
  Bytes round_trip;        ///< at least so much both ways,
  std::int64_t tiles = 0;  ///< while so many tiles run.
  bool operator==(const Returns&) const = default;
};

/// What all runs move together, if there are several.
struct AcrossRuns {
  Bytes last_lead;    ///< Loads without which the first tile of each run cannot compute.
  Bytes first_tail;   ///< Stores that only the last tile of each run makes possible.
  Bytes round_trips;  ///< Spilled from a tile to the next one: out and in again while nothing runs.
  bool operator==(const AcrossRuns&) const = default;
};

/// What a run moves that takes turns with others: its own loads and stores, less what slots allow to come
/// before the first tile of a turn, or to leave after the last one.
struct RunTurns {
  Bytes loads;
  Bytes stores;
  std::int64_t first = 0;        ///< Turns whose first tile, one of the longest, comes before these,
  std::int64_t last = 0;         ///< and whose last tile comes after them.
  std::int64_t before_lead = 0;  ///< Tiles of it, at most, before the first one that needs the `last_lead`,
  std::int64_t after_tail = 0;   ///< and after the last one that makes the `first_tail`.
  bool operator==(const RunTurns&) const = default;
};

/// While any of some runs has the core, these loads and stores do not move: each has one slot, which tiles of
/// all these runs use, or no place before its turn.
struct SingleSlots {
  std::uint64_t runs = 0;   ///< Bit r: run r is one of them.
  std::uint64_t leads = 0;  ///< Bit r: some of the loads come right before run r, in all its turns,
  Bytes lead_bytes;         ///< so many of them but for the group's first turn.
  Bytes loads;              ///< With what else comes before the group's first tile,
  Bytes stores;             ///< and with what else leaves after its last one.
  Bytes before_loads;       ///< Other stores, which a shared port serves before some of the loads.
  Bytes room;               ///< For all buffers of the group: with that or more some may move.
  bool operator==(const SingleSlots&) const = default;
};
inline constexpr std::size_t kMostSingleSlots = 48;

/// The least that one of several runs moves, if they do not take turns.
struct Sequence {
  PerPorts before_first;  ///< Before its first tile,
  PerPorts before_last;   ///< before its last one,
  PerPorts after_first;   ///< after its first one,
  PerPorts after_last;    ///< and after its last one.
  bool operator==(const Sequence&) const = default;
};

/// One of several runs: what memory of a size leaves for its turns to load (docs/adr/places.md).
struct RunPlaces {
  Bytes room;   ///< For all buffers of the group; less is that of the entry before.
  Bytes loads;  ///< Its own loads that cannot come before its turns,
  Bytes late;   ///< and those of them, and of others, without which the first tile of a turn cannot compute.
  bool operator==(const RunPlaces&) const = default;
};

struct RunProfile {
  std::uint32_t first_class = 0;  ///< Into GroupProfile::classes.
  std::uint32_t class_count = 0;
  std::uint32_t first_places = 0;  ///< Into GroupProfile::places, by room; the first is that of none.
  std::uint32_t places_count = 0;
  RunTurns turns;     ///< If its group has several,
  Sequence sequence;  ///< and none of them takes turns.
  bool operator==(const RunProfile&) const = default;
};

/// `lead`, `loads`, `early_loads`, `last_lead` and what equal tiles load are as long as the port is busy with
/// them: of inputs that load side by side only the longest counts. What else is loaded is so much at least,
/// without such inputs.
struct GroupProfile {
  Bytes dram_read;
  Bytes dram_write;
  Bytes peak;      ///< On-chip bytes of the group itself.
  Bytes reserved;  ///< Retained tensors, and resident states, that are on chip while it runs.
  Ops ops;
  Lead lead;
  Bytes tail;          ///< Stores that only the last tile's end makes possible.
  Bytes loads;         ///< All of them.
  PerPorts transfers;  ///< All loads and stores, on the busier port.
  PerPorts waits;      ///< Lead, tail, and what compute waits for between, if slots are single.
  IdlePort idle_port;
  LastVisit last_visit;
  Returns returns;
  AcrossRuns across_runs;
  std::vector<SingleSlots> single_slots;  ///< At most kMostSingleSlots, if there are several runs.
  std::optional<EqualTiles> equal_tiles;  ///< If so, the exact formula holds, and no bound is needed.
  bool countable = true;    ///< No count of its tiles can leave 64 bits; else evaluate refuses it.
  double most_ops = 0.0;    ///< If all tiles had as many operations as the largest: bounds what they take.
  double most_bytes = 0.0;  ///< Bounds every sum of bytes above.
  std::vector<RunProfile> runs;    ///< In order of execution.
  std::vector<RunPlaces> places;   ///< Of one run after another, if there are several.
  std::vector<TileClass> classes;  ///< Of one run after another. The group's first tile is of the first one,
  std::uint32_t last_class = 0;    ///< and its last tile of this one.
  WorkTable work;
  std::vector<TensorTraffic> tensors;
  bool operator==(const GroupProfile&) const = default;
};

/// Groups in order of execution; each is a value of its own, so that a search may combine those of one
/// cascade in any way.
struct PlanProfile {
  std::vector<GroupProfile> groups;
};

/// Operations of the group, by kind of operator.
[[nodiscard]] std::array<Ops, kOpKindCount> ops_by_kind(const GroupProfile& group);

/// What a group's buffers hold on chip.
struct HeldOnChip {
  std::vector<Allocation> allocations;  ///< Per buffer of its layout.
  std::vector<Bytes> alive;             ///< Per node of the plan, the most at any time while it runs.
};

/// One group of `plan`, as if nothing were retained across it or resident (GroupProfile::reserved is 0). Of
/// what else the plan has, it depends on formats and retentions of the group's own tensors, and the spatial
/// mappings of its operators. Fills `memory`, if it is there.
[[nodiscard]] GroupProfile profile_group(const Cascade& cascade, const Plan& plan, const GroupLayout& group,
                                         const ProfileOptions& options, HeldOnChip* memory = nullptr);

[[nodiscard]] PlanProfile profile(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                  const ProfileOptions& options);

}  // namespace fusescape
