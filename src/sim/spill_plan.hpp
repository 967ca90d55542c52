// What is on chip where a group does not fit, and what does each tile load, evict and store for that?
//
// Decided tile by tile, in their order, before any of it is timed. docs/model/memory.md has the rules.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fusescape/sim/eviction.hpp"
#include "group_state.hpp"
#include "loop_pass.hpp"
#include "tile_order.hpp"

namespace fusescape {

struct SpillRules {
  Eviction policy{};
  Bytes page{1};           ///< What leaves, leaves in whole ones.
  std::int64_t ahead = 0;  ///< Tiles before its own with the first of which a load may start.
};

/// Tiles further ahead than this are not looked at.
inline constexpr std::int64_t kMostAhead = std::int64_t{1} << 16;

/// A transfer that a tile asks for.
struct SpillTransfer {
  enum class When : unsigned char {
    kMayStart,  ///< A load, of this or a later tile, for which there is room from this tile on.
    kBefore,    ///< A store that makes room for the tile.
    kPassing,   ///< It passes through while the tile runs.
    kAfter,     ///< A store of the tile's results.
  } when{};
  int buffer = 0;
  bool store = false;
  bool extra = false;  ///< Only because there is no room: an eviction, or a load after one.
  std::int64_t bytes = 0;
  std::int64_t timed = 0;  ///< Bytes for which it takes the port; 0 beside a longer load.
  std::int64_t number =
      0;  ///< Ordinal of a store among stores as they were decided; of a load that of its tile.
  std::int64_t after = -1;  ///< Store that must be over before a load; -1: none.
  std::int64_t from = 0;    ///< Number of the tile with which a load before its tile may start.
};

/// A store that a tile waits for.
struct StoreWait {
  std::int64_t store = 0;
  Stall cause{};
};

/// Bytes of a buffer on chip.
struct HeldBytes {
  int buffer = 0;
  std::int64_t bytes = 0;
};

/// A tile that was decided and has not ended.
struct PlannedTile {
  int tile = 0;
  std::int64_t room = 0;        ///< Bytes free while it runs, which loads ahead and draining results share.
  std::int64_t loads_left = 0;  ///< Loads still to come before it can start.
  std::vector<StoreWait> waits{};
  std::vector<SpillTransfer> transfers{};  ///< In the order in which they are asked for.
  std::vector<HeldBytes> held{};           ///< From when it is the core's next tile on.
  std::vector<HeldBytes> left{};           ///< Once it has ended.
};

class SpillPlan {
 public:
  SpillPlan(const GroupState& group, const SpillRules& rules);

  /// Whether there are further tiles, and none was found that cannot run.
  [[nodiscard]] bool goes_on() const { return tile_ >= 0 && !failure_; }
  /// Decides the next tile. Expects that it goes on.
  void plan_next();
  /// The first tile that was planned and has not ended ends.
  void drop_first();

  /// Planned tiles that have not ended.
  [[nodiscard]] std::deque<PlannedTile>& tiles() { return tiles_; }
  [[nodiscard]] const std::deque<PlannedTile>& tiles() const { return tiles_; }
  /// Number of the first of them.
  [[nodiscard]] std::int64_t first() const { return first_; }
  /// Number of the next tile to be decided.
  [[nodiscard]] std::int64_t planned() const { return first_ + static_cast<std::int64_t>(tiles_.size()); }
  /// Stores decided so far.
  [[nodiscard]] std::int64_t stores() const { return stores_; }
  [[nodiscard]] const SpillRules& rules() const { return rules_; }
  [[nodiscard]] std::int64_t peak() const { return peak_; }
  /// Why the next tile cannot run: what it needs at once is larger than the memory.
  [[nodiscard]] const std::optional<SimFailure>& failure() const { return failure_; }

  /// All that decisions from here on depend on; `store(number)` tells a store.
  template <class Store>
  void pass(LoopPass& pass, const Store& store);

 private:
  using When = SpillTransfer::When;
  static constexpr std::int64_t kTwoSlots = 2;

  /// Slabs of one buffer, one after another.
  struct Slab {
    bool live = false;
    bool used = false;  ///< By a tile before.
    std::int64_t bytes = 0;
    std::int64_t load = 0;       ///< From DRAM, before its first use.
    std::int64_t visit = 0;      ///< Ordinal.
    std::int64_t last_use = -1;  ///< Tile.
    std::int64_t last_store = -1;
    std::int64_t drain = -1;                     ///< Last store of it after a tile.
    std::array<std::int64_t, 2> ended{-1, -1};   ///< Per visit, even or odd: its last tile.
    std::array<std::int64_t, 2> drains{-1, -1};  ///< Ordinal of its last store after a tile.
  };
  /// What a use stores in any case.
  struct Stored {
    int buffer = 0;
    std::int64_t bytes = 0;
  };

  [[nodiscard]] static std::size_t parity(std::int64_t visit) {
    return static_cast<std::size_t>(visit % kTwoSlots);
  }
  [[nodiscard]] Slab& slab(int buffer) { return slabs_[static_cast<std::size_t>(buffer)]; }
  [[nodiscard]] const Slab& slab(int buffer) const { return slabs_[static_cast<std::size_t>(buffer)]; }
  [[nodiscard]] const BufferSpec& spec(int buffer) const { return group_.buffer(buffer); }
  [[nodiscard]] std::int64_t pages(Bytes bytes) const { return round_up(bytes, rules_.page).value(); }
  void next();
  void use(const TouchSpec& touch, PlannedTile& made);
  void open(int buffer, PlannedTile& made);
  void refuse(const MemoryDeadlock& why);
  void add_load(const SlabMovement& moved, PlannedTile& made);
  void add_store(SpillTransfer store, int of, PlannedTile& made);
  void add_stores(std::span<const SlabMovement> moved, PlannedTile& made);
  void set_held(std::span<const SlabMovement> moved, PlannedTile& made) const;
  void set_times(PlannedTile& made) const;
  void start_early(PlannedTile& made);
  [[nodiscard]] std::int64_t leaving(std::size_t use, const SlabMovement& moved) const;
  [[nodiscard]] std::int64_t earliest(int buffer, std::int64_t bytes);
  void close();

  const GroupState& group_;
  SpillRules rules_;
  TileOrder order_;
  Odometer at_;           ///< Position of the next tile to be decided.
  std::size_t step_ = 0;  ///< Step of the next tile to be decided.
  int tile_ = -1;         ///< The next tile to be decided; -1: all are.
  ManagedMemory memory_;  ///< Slab n is what buffer n holds.
  std::vector<Slab> slabs_;
  std::vector<std::int64_t> tensor_stored_;  ///< Per tensor: last store that the plan asks for; -1: none.
  std::vector<SlabUse> uses_;                ///< What the tile that is decided uses.
  std::vector<Stored> stored_;               ///< Per use.
  std::deque<PlannedTile> tiles_;
  std::int64_t first_ = 0;
  std::int64_t stores_ = 0;
  std::int64_t peak_ = 0;
  std::optional<SimFailure> failure_;
};

/// Positions from the start of the watched iteration to the loop's end move with it.
template <class Store>
void SpillPlan::pass(LoopPass& pass, const Store& store) {
  const auto [begin, end] = positions_of(order_, group_.program, pass.loop(), pass.watched());
  const auto since = [&](std::int64_t tile) { return std::min(planned() - tile, rules_.ahead + 2); };
  for (std::size_t i = 0; i < slabs_.size(); ++i) {
    const Slab& one = slabs_[i];
    const SlabId id{static_cast<std::uint32_t>(i)};
    const std::int64_t next = memory_.next_use(id);
    const bool moves = next >= begin && next < end;
    pass.same(one.live, one.used, one.bytes, one.load, since(one.last_use), std::min(one.visit, kTwoSlots),
              memory_.resident(id).value(), memory_.dirty(id).value(), moves, moves ? next - begin : next,
              store(one.last_store), store(one.drain));
    for (std::int64_t back = 1; back <= kTwoSlots; ++back) {
      const std::size_t visit = parity(one.visit + kTwoSlots - back);
      pass.same(since(one.ended[visit]), store(one.drains[visit]));
    }
  }
  for (const std::int64_t number : tensor_stored_) pass.same(store(number));
  // The next uses, which have been passed, say which of the residents gives way first; other policies' ranks
  // are told by their order.
  if (rules_.policy != Eviction::kFurthestNextUse) {
    for (const auto& [rank, id] : memory_.residents()) pass.same(static_cast<std::uint32_t>(id));
  }
  if (pass.iterations() > 0)
    memory_.shift_uses(begin, end, pass.iterations() * order_.stride[static_cast<std::size_t>(pass.loop())]);
  pass.same(tile_);
  pass.cursor(at_, group_.path_of(tile_));
  if (tile_ < 0) return;
  for (const BufferSpec& buffer : group_.program.buffers) pass.loads(buffer, at_);
}

}  // namespace fusescape
