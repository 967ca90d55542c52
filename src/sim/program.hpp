// What does the simulator run? One group of a plan as flat arrays: loops, tiles, buffers, and who waits for
// whom.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/arch/machine.hpp"
#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/plan/work.hpp"
#include "fusescape/sim/simulate.hpp"
#include "odometer.hpp"

namespace fusescape {

/// More than the depth of any nest, and less than that of what is spilled.
inline constexpr int kBeginsTurn = 1 << 19;

/// A part of a tensor that depends on where the loops around it are.
struct SlabSpec {
  Slab slab{};
  std::vector<int>
      loop{};  ///< Per dimension, then per chunk rank: depth of the innermost loop over its rank.
  std::vector<std::int64_t> whole{};  ///< Per loop: extent of its rank.
  std::vector<RankId> chunks{};       ///< Ranks from chunk to chunk.
  std::vector<int> tap_loop{};        ///< Per dimension: depth of the innermost loop over its window's taps.
  bool windowed = false;
  Bytes granule{1};
  std::optional<std::int64_t> same{};  ///< Its bytes, if they are the same everywhere.

  /// Packed and rounded up to the granule. `scratch` has an entry per rank of the cascade.
  [[nodiscard]] std::int64_t bytes(const Cascade& cascade, const Odometer& at, TileBounds& scratch) const {
    return same ? *same : bytes_at(cascade, at, scratch);
  }
  [[nodiscard]] std::int64_t bytes_at(const Cascade& cascade, const Odometer& at, TileBounds& scratch) const;
  [[nodiscard]] std::int64_t packed_bytes(std::int64_t elements) const;
  [[nodiscard]] std::int64_t windowed_bytes(const Cascade& cascade, const Odometer& at,
                                            TileBounds& scratch) const;
};

/// Bytes that are left out of a stream because they stay on chip: of every `once`, the first `saved`.
struct Saving {
  std::int64_t once = 0;
  std::int64_t saved = 0;
  /// How many of the `count` bytes from `begin` on do not travel.
  [[nodiscard]] std::int64_t within(std::int64_t begin, std::int64_t count) const;
};

/// One buffer of the layout. Its content is numbered in visits: maximal runs of iterations of its node that
/// need the same slab.
struct BufferSpec {
  TensorId tensor{};
  BufferRole role{};
  int slots = 1;
  std::vector<int> path{};  ///< Loops down to its node, outermost first.
  LoopMask keys = 0;        ///< Those of them whose steps ask for another slab.
  LoopMask sums = 0;        ///< Those that its producer sums over.
  int depth = 0;            ///< Loops above it: inner loads go first.
  bool urgent = false;      ///< It is spilled: out and in again before the next tile can run.
  bool counts = true;       ///< Takes memory of its own, not another buffer's.
  int host = 0;             ///< Buffer in whose memory it lives; itself, if it counts.
  bool second_slot_counts = true;
  bool streamed = false;   ///< An input with two slots: it may be loaded ahead of its use.
  bool on_demand = false;  ///< Such an input, if the tile before must have ended.
  Bytes slab_bytes{};      ///< Bytes of its largest slab.
  SlabSpec held{};         ///< On chip.
  bool fed = false;        ///< Something comes from DRAM at the start of (some) visits.
  bool partial = false;    ///< Sums leave unfinished, and come back.
  SlabSpec load{};
  Saving load_saving{};
  int lane = -1;  ///< Loads with the same lane come side by side.
  bool stored = false;
  SlabSpec store{};         ///< When its content is final.
  SlabSpec partial_slab{};  ///< When it is not.
  Saving store_saving{};
  std::vector<int> spills{};    ///< Positions in `spills` that its loads wait for.
  std::vector<int> touching{};  ///< Cores whose tiles use it.
  int producer_core = -1;
  int scope = 0;        ///< So many outer loops must be where its load is meant for, if memory is shared.
  int scope_first = 0;  ///< Tiles while whose turn it has memory.
  int scope_last = 0;
  bool in_turns = false;  ///< It is fed, by one sequence of tiles, and other turns than its own come between.
  int first_slabs = 0;    ///< Those that a turn loads before a slot must be free again.
  bool leads = false;     ///< The first tile of its turn uses it.

  /// Whether its visit `ordinal`, at iteration `at` of its node, is the first of a turn; but the group's
  /// first turn, which nothing comes before.
  [[nodiscard]] bool begins_turn(const Odometer& at, std::int64_t ordinal) const {
    const LoopMask inside = outermost(loops()) & ~outermost(scope);
    return leads && (ordinal > 0 || scope_first > 0) && (at.moved() & inside) == 0;
  }
  /// Whether a turn of it is on while `tile` runs, as far as that says.
  [[nodiscard]] bool may_be_on(int tile) const { return scope_first <= tile && tile <= scope_last; }
  /// Whether a stream's second slot takes memory.
  [[nodiscard]] bool has_second_slot() const { return streamed && second_slot_counts; }
  /// The depth of what the first tile of a turn needs: before all but what is spilled.
  [[nodiscard]] int first_depth() const { return urgent ? depth : depth + kBeginsTurn; }
  [[nodiscard]] int loops() const { return static_cast<int>(path.size()); }
};

/// A tile's use of a buffer.
struct TouchSpec {
  int buffer = 0;
  int toucher = 0;  ///< Position of its core in BufferSpec::touching.
  bool writes = false;
  bool whole = false;  ///< The tile needs all of the slab at once; parts of it cannot pass through.
  bool last = false;   ///< The last of its core's tiles in one iteration of the buffer's node.
  int first_leaf = 0;  ///< First of the tile's leaves while which the slab has memory.
  int last_leaf = 0;
  LoopMask completes = 0;  ///< Loops of a tile that writes: those that make more of the slab or its
  LoopMask repeats = 0;    ///< sums, and all others, which make the same again.
};

/// What a tile takes if its ranks have these extents.
struct TileCost {
  std::vector<std::int64_t> extents{};  ///< Extents of the loops in TileSpec::key_loops.
  Ticks compute{};
  Ticks onchip_read{};
  Ticks onchip_write{};
  std::int64_t read_bytes = 0;
  std::int64_t written_bytes = 0;
  std::vector<Ticks> parts{};  ///< Of `compute`, that of each of TileSpec::parts, if there are several.
};

/// Consecutive operators of a tile that run on one core.
struct TilePart {
  int resource = 0;  ///< That core, into SimResult::resources.
  std::vector<OpId> operators{};
};

struct TileSpec {
  NodeId node = kRoot;
  int core = 0;             ///< Into GroupProgram::steps.
  int resource = 0;         ///< Core that runs it, or its first part, into SimResult::resources.
  std::vector<int> path{};  ///< Loops around it, outermost first.
  std::vector<NodeId> leaves{};
  std::vector<OpId> operators{};
  std::vector<TilePart> parts{};  ///< One after another; several only in a group that runs whole tiles.
  std::uint32_t first_part = 0;   ///< Parts of the group's tiles before it.
  std::vector<TouchSpec> touches{};
  std::vector<int> key_loops{};  ///< Depths of the innermost loop above it over each rank.
  std::vector<int> in{};         ///< Edges that it waits for.
  std::vector<int> out{};        ///< Edges that wait for it.
  std::int64_t alive = 0;        ///< Static bytes at its most crowded leaf.

  [[nodiscard]] int loops() const { return static_cast<int>(path.size()); }
};

/// How far back what is needed was made, in the loops that its maker and its reader share.
struct SharedLoops {
  std::vector<int> path{};  ///< Outermost first. Both count iterations of the innermost one.
  std::int64_t lag = 0;     ///< What was made so many iterations of the loop at depth `lag_loop` earlier.
  int lag_loop = kNoLoop;

  /// The reader's iteration, counted from 1, if it has begun so many of each loop.
  [[nodiscard]] std::int64_t iteration(const std::vector<std::int64_t>& begun) const {
    return path.empty() ? 1 : begun[static_cast<std::size_t>(path.back())];
  }
  /// How often the maker must have made it by then.
  [[nodiscard]] std::int64_t needed(const std::vector<std::int64_t>& begun, const Odometer& at) const {
    const std::int64_t now = iteration(begun);
    return lag == 0 ? now : now - lag * at.iterations(lag_loop + 1, static_cast<int>(path.size()));
  }
};

/// Tile `to` needs what `from`, on another core, makes.
struct EdgeSpec {
  int from = 0;
  int to = 0;
  SharedLoops shared{};
  int link = -1;  ///< Into SimResult::resources; -1: nothing travels.
  TensorId tensor{};
  std::optional<SlabSpec> slab{};  ///< What travels, if not along with another edge.
};

/// Loads of a spilled tensor wait for its stores.
struct SpillSpec {
  int stored = 0;  ///< The buffer that is stored.
  int fed = 0;
  int producer = 0;   ///< Tile.
  TouchSpec touch{};  ///< How it makes the tensor.
  SharedLoops shared{};
};

struct ProgramStep {
  enum class Kind : unsigned char { kLoop, kTile, kEnd } kind{};
  int id = 0;      ///< Number of the loop or tile.
  int target = 0;  ///< kEnd: first step of the body.
};

/// How much of a group is one tile, and what runs side by side.
enum class Tiling : unsigned char {
  kPerCore,    ///< Runs of leaves on one core; each core has its own sequence of them.
  kWhole,      ///< Runs of leaves, whatever cores they need, in one sequence.
  kOneByOne,   ///< The same tiles, all in one sequence, whatever core each runs on.
  kOperators,  ///< Operators and chains, all in one sequence.
};

/// What a tile stores of the slab that it writes.
struct StoredSlab {
  const SlabSpec* slab = nullptr;  ///< Null: nothing.
  bool final = false;              ///< Its content is complete.
};

/// What the producer's tile, below `loops` loops, has made leaves when the slab is complete for the first
/// time, or when it must make place for another part of the sum.
[[nodiscard]] StoredSlab stored_slab(const BufferSpec& buffer, const TouchSpec& touch, int loops,
                                     const Odometer& at);

struct GroupProgram {
  std::uint32_t group = 0;
  std::uint32_t first_tile = 0;  ///< Position in SimResult::tiles of the first part of `tiles[0]`.
  std::vector<NestLoop> loops{};
  std::vector<TileSpec> tiles{};
  std::vector<BufferSpec> buffers{};
  std::vector<EdgeSpec> edges{};
  std::vector<SpillSpec> spills{};
  Tiling tiling{};
  std::vector<std::vector<ProgramStep>> steps{};  ///< Per core, loops without tiles of it left out.
  Bytes footprint{};                              ///< Static peak.
  Bytes all_at_once{};                            ///< If no two buffers share memory.
  Bytes reserved{};                               ///< Retained across the group.
  Bytes room{};                                   ///< That its buffers may use.
  std::int64_t prefetch_depth = 1;                ///< Tiles by which streamed inputs may be ahead.
  bool countable = true;                          ///< No count of one tile can leave 64 bits.
  Bytes moved{};                                  ///< Over all its ports and links, at most.

  /// The loop at `depth` of `path`.
  [[nodiscard]] const NestLoop& loop(const std::vector<int>& path, int depth) const {
    return loops[static_cast<std::size_t>(path[static_cast<std::size_t>(depth)])];
  }

  /// The loop at `depth` around `loop`, or itself.
  [[nodiscard]] int loop_above(int loop, int depth) const {
    while (loops[static_cast<std::size_t>(loop)].depth > depth)
      loop = loops[static_cast<std::size_t>(loop)].above;
    return loop;
  }

  [[nodiscard]] std::uint32_t part_count() const {
    return tiles.empty() ? 0
                         : tiles.back().first_part + static_cast<std::uint32_t>(tiles.back().parts.size());
  }
  /// Not all buffers fit side by side.
  [[nodiscard]] bool shares_memory() const { return all_at_once > room; }
  /// The most that it may hold, with what is retained.
  [[nodiscard]] Bytes needed() const { return (shares_memory() ? footprint : all_at_once) + reserved; }
};

/// What does not change from group to group.
struct SimContext {
  const Cascade& cascade;
  const Plan& plan;
  const Layout& layout;
  const Accelerator& accelerator;
  Machine machine{};
  std::vector<int> core_of{};       ///< Per operator: position in `cores`; -1: nowhere.
  std::vector<Engine> engine_of{};  ///< Per operator.
  std::vector<SimResource> resources{};
  int core_count = 0;
  int dram_read = 0;  ///< Positions in `resources`.
  int dram_write = 0;
  int sram_read = 0;
  int sram_write = 0;
  int first_link = 0;
  std::int64_t link_ticks_per_byte = 0;
  Ticks link_latency{};

  [[nodiscard]] int link(int from, int to) const;
};

[[nodiscard]] GroupProgram compile(const SimContext& context, std::uint32_t group,
                                   Tiling tiling = Tiling::kPerCore);

/// To the next tile of `steps`, from `step` on: its number, or -1 at the end. Tells `on_loop(loop, enters)`
/// of each iteration that begins, the first ones as `enters`.
template <class OnLoop>
int next_tile(const std::vector<NestLoop>& loops, const std::vector<ProgramStep>& steps, Odometer& at,
              std::size_t& step, const OnLoop& on_loop) {
  for (; step < steps.size(); ++step) {
    const ProgramStep& now = steps[step];
    if (now.kind == ProgramStep::Kind::kTile) return now.id;
    const bool enters = now.kind == ProgramStep::Kind::kLoop;
    if (!enters && (at.not_last() & loop_at(loops[static_cast<std::size_t>(now.id)].depth)) == 0) continue;
    enters ? at.enter(now.id) : at.step(now.id);
    on_loop(now.id, enters);
    if (!enters) step = static_cast<std::size_t>(now.target) - 1;
  }
  return -1;
}

/// Sizes of memory with each of which another part of what turns load first can come before their turn, from
/// `footprint` to `all_at_once` (docs/adr/places.md). They depend on nothing but the plan; at most
/// kMostThresholds.
[[nodiscard]] std::vector<Bytes> place_thresholds(const GroupProgram& program);
inline constexpr std::size_t kMostThresholds = 32;

/// What `tile` takes where its core is.
[[nodiscard]] TileCost tile_cost(const SimContext& context, const GroupProgram& program, const TileSpec& tile,
                                 const Odometer& at);

}  // namespace fusescape
