// How long does a plan take if its tiles really run? Event-driven simulation on cores, links, memory and
// DRAM.
//
// docs/model/simulation.md says exactly what waits for what; docs/model/latency.md compares it with the
// closed form. The graph of tiles is never built: work and memory do not grow with trip counts once a loop is
// periodic.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/design.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/sim/observer.hpp"
#include "fusescape/sim/options.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Why a core's PEs stand still although it has tiles left.
enum class Stall : unsigned char {
  kLoad,        ///< Its tile's input is still coming from DRAM.
  kSlot,        ///< The place of its tile's output is taken: not read or not stored yet.
  kMemory,      ///< There is no room on chip.
  kDependence,  ///< Another core has not made its input, or the link has not brought it.
  kOnChip,      ///< Its tile runs, as long as the on-chip memory's ports take for it.
};
inline constexpr std::size_t kStallCount = 5;

enum class SimResourceKind : unsigned char { kCore, kOnChipRead, kOnChipWrite, kDramRead, kDramWrite, kLink };

/// A core, a port or a link. Shared ports appear once, as the read port.
struct SimResource {
  SimResourceKind kind{};
  std::string name{};  ///< "core0", "core0.3" for one of several, "dram", "sram read", "core0 -> core1".
  Ticks busy{};        ///< Time in which a core's PEs compute, or a port or link carries bytes.
  Bytes bytes{};       ///< Moved; 0 for a core.
  std::array<Ticks, kStallCount> stall{};  ///< Time in which a core waits, by cause.
};

/// A kind of tile node: consecutive leaves of one tree node that run on the same core as one atomic piece, or
/// as one part of a piece for which cores take turns.
struct SimTile {
  std::uint32_t group = 0;
  NodeId node = kRoot;     ///< Their parent.
  std::uint32_t core = 0;  ///< Into SimResult::resources.
  std::vector<OpId> operators{};
  std::int64_t runs = 0;
};

/// Bytes between DRAM and chip, of one tensor in one group. `evicted` and `reloaded` come on top.
struct SimTraffic {
  std::uint32_t group = 0;
  TensorId tensor{};
  Bytes read{};
  Bytes written{};
  Bytes evicted{};   ///< Written because there was no room.
  Bytes reloaded{};  ///< Read again after that.
};

struct SimGroup {
  Ticks start{};
  Ticks end{};
  Ticks compute{};  ///< Time in which at least one core ran a tile of it.
  Bytes dram_read{};
  Bytes dram_write{};
  Bytes peak{};  ///< Most bytes on chip at any time, with what is retained across it.
  std::int64_t prefetch_depth =
      1;  ///< Tiles that its streamed inputs are loaded ahead: as asked for, or as many as had room.
};

struct SimResult {
  Ticks latency{};
  Cycles cycles{};  ///< `latency`, rounded up once.
  TickScale scale{};
  Bytes dram_read{};
  Bytes dram_write{};
  Bytes peak{};
  std::vector<SimGroup> groups{};
  std::vector<SimResource> resources{};
  std::vector<SimTile> tiles{};
  std::vector<SimTraffic> traffic{};
  std::int64_t events = 0;   ///< Tiles and transfers that were simulated one by one.
  std::int64_t skipped = 0;  ///< Periods that were not, because they repeat.
};

/// One party of a deadlock.
struct SimWait {
  std::uint32_t tile = 0;  ///< Into SimFailure::tiles: what cannot start.
  Stall cause{};
  TensorId tensor{};                ///< Whose slab it waits for, or for room for it.
  Bytes bytes{};                    ///< Bytes of the slab.
  std::vector<std::uint32_t> on{};  ///< The tiles that would have to run first.
};

/// Who holds how much of a memory that is full.
struct SimHolder {
  TensorId tensor{};
  Bytes bytes{};
};

/// Why there is no result.
struct SimFailure {
  enum class Reason : unsigned char {
    kUnsupported,  ///< The core that an operator is allocated to cannot run it, or a chain has several.
    kOverflow,     ///< Counts of its tiles may leave 64 bits, or there is no common time base.
    kCapacity,  ///< Without eviction: the static footprint is larger than the memory; with: one tile's slabs
                ///< are.
    kTooLong,   ///< With eviction: more steps than can be run one by one, of tensors that are kept or where
                ///< they do not repeat.
    kDeadlock,
  } reason{};
  std::uint32_t group = 0;
  Bytes needed{};  ///< Bytes on chip, if it is a deadlock.
  Bytes available{};
  Bytes enough{};                ///< Bytes with which a deadlock cannot occur: all buffers side by side.
  Ticks at{};                    ///< When a deadlock begins.
  std::vector<SimTile> tiles{};  ///< What `waits` refers to.
  std::vector<SimWait> waits{};
  std::vector<SimHolder> memory{};
};

/// "deadlock in group 0: {exp} waits for room for Abar (64 B), after {t}; {t} waits for Abar, after {exp}; 96
/// of 128 B on chip: dA 64 B, h 32 B; with 224 B nothing would wait for room".
[[nodiscard]] std::string describe(const Cascade& cascade, const SimFailure& failure);

/// Single cores of an accelerator in order: each of `count` identical ones is a place of its own.
struct SingleCore {
  std::uint32_t core = 0;  ///< Into Accelerator::cores.
  std::int64_t instance = 0;
};
[[nodiscard]] std::vector<SingleCore> single_cores(const Accelerator& accelerator);

/// Pure: equal arguments give equal results. `plan.spatial` is used as in the closed form. Expects `layout`
/// to be that of `plan`.
[[nodiscard]] expected<SimResult, SimFailure> simulate(const Cascade& cascade, const Plan& plan,
                                                       const Layout& layout, const Design& design,
                                                       const SimOptions& options = {},
                                                       SimObserver* observer = nullptr);

/// The same, on a machine that is made for it.
[[nodiscard]] expected<SimResult, SimFailure> simulate(const Cascade& cascade, const Plan& plan,
                                                       const Layout& layout, const Accelerator& accelerator,
                                                       const SimOptions& options = {},
                                                       SimObserver* observer = nullptr);

}  // namespace fusescape
