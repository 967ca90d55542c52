// What is on chip where a group does not fit, and what does each tile load, evict and store for that?
//
// Tiles run one after another. What is on chip is decided tile by tile in their order, some tiles ahead of
// the one that runs, so that loads can start as soon as there is room for them. Times follow from decisions,
// never the other way round. docs/model/memory.md has the rules.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "fusescape/sim/memory.hpp"
#include "places.hpp"
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
  int buffer = 0;
  bool store = false;
  bool extra = false;  ///< Only because there is no room: an eviction, or a load after one.
  std::int64_t bytes = 0;
  std::int64_t timed = 0;   ///< Bytes for which it takes the port; 0 beside a longer load.
  std::int64_t number = 0;  ///< Of a store, among stores as they were decided; of a load, of its tile.
  std::int64_t after = -1;  ///< Of a load: store that must be over first; -1: none.
  std::int64_t from = 0;    ///< Of a load: tile with which it may start.
};

/// A store that a tile waits for.
struct StoreWait {
  std::int64_t store = 0;
  Stall cause{};
};

/// A tile that was decided and has not ended.
struct PlannedTile {
  int tile = 0;
  std::int64_t room = 0;        ///< Bytes free while it runs, which loads ahead and draining results share.
  std::int64_t loads_left = 0;  ///< Loads still to come before it can start.
  std::vector<StoreWait> waits{};
  std::vector<SpillTransfer> starting{};             ///< Loads of this or later tiles that may start with it.
  std::vector<SpillTransfer> before{};               ///< Stores that make room for it.
  std::vector<SpillTransfer> passing{};              ///< What passes through while it runs.
  std::vector<SpillTransfer> after{};                ///< Stores of its results.
  std::vector<std::pair<int, std::int64_t>> held{};  ///< Buffers, and bytes on chip from when it is next on,
  std::vector<std::pair<int, std::int64_t>> left{};  ///< and once it has ended.
};

class Spill final : public Places {
 public:
  /// Expects a program of one sequence.
  Spill(GroupState& group, const SpillRules& rules);

  void begin() override { reach(group_.cores.front()); }
  void prefetch(std::int64_t /*room*/) override {}
  [[nodiscard]] std::optional<Wait> wait(const CoreState& core) const override;
  [[nodiscard]] bool still_waits(const CoreState& /*core*/) const override { return false; }
  [[nodiscard]] bool passes_through() const override { return true; }
  void start(const CoreState& core) override;
  void end(const CoreState& core, int next) override;
  /// Decides what can be, and asks for what may start.
  void reach(const CoreState& core) override;
  void complete(const Transfer& transfer) override;

  [[nodiscard]] std::int64_t on_chip() const override { return shown_; }
  [[nodiscard]] std::int64_t peak() const override { return peak_; }
  /// What a tile needs at once is larger than the memory.
  [[nodiscard]] bool is_stuck() const override { return failure_.has_value(); }
  [[nodiscard]] SimFailure failure() const override { return *failure_; }

  void add_counters(Growing& /*growing*/) override {}
  void describe(LoopView& loop) const override;
  void describe(LoopView& loop, const Transfer& transfer) const override {
    loop.add(transfer.number - (transfer.store ? stores_ : first_));
  }
  void limit(PeriodLimit& limit, const std::vector<std::int64_t>& before) const override;
  void jump(const LoopView& loop, std::int64_t iterations) override;

 private:
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
    std::array<std::int64_t, 2> ended{-1, -1};   ///< Per visit, odd or even: its last tile,
    std::array<std::int64_t, 2> drains{-1, -1};  ///< and its last store after a tile.
    std::int64_t shown = 0;                      ///< Bytes on chip, as told.
  };
  /// What a tile stores of a slab in any case.
  struct Planned {
    int buffer = 0;
    std::int64_t bytes = 0;
  };

  [[nodiscard]] Slab& slab(int buffer) { return slabs_[static_cast<std::size_t>(buffer)]; }
  [[nodiscard]] const Slab& slab(int buffer) const { return slabs_[static_cast<std::size_t>(buffer)]; }
  [[nodiscard]] const BufferSpec& spec(int buffer) const { return group_.buffer(buffer); }
  [[nodiscard]] std::optional<Stall> wait_to_start() const;
  [[nodiscard]] std::optional<Stall> wait_to_end() const;
  [[nodiscard]] const std::vector<int>& path() const;
  void next();
  [[nodiscard]] bool is_done(std::int64_t store) const;
  void plan_tile();
  void set_uses(PlannedTile& made);
  void use(const TouchSpec& touch, PlannedTile& made);
  void open(int buffer, PlannedTile& made);
  void add_moves(std::span<const SlabMovement> moved, PlannedTile& made);
  void add_loads(const SlabMovement& moved, std::vector<SpillTransfer>& loads);
  void set_times(const PlannedTile& made, std::vector<SpillTransfer>& loads) const;
  void add_store(int buffer, int of, std::int64_t bytes, bool extra, std::vector<SpillTransfer>& when);
  void add_stores(std::span<const SlabMovement> moved, PlannedTile& made);
  [[nodiscard]] std::int64_t leaving(std::size_t use, const SlabMovement& moved) const;
  [[nodiscard]] std::int64_t pages(Bytes bytes) const;
  [[nodiscard]] std::int64_t earliest(int buffer, std::int64_t bytes);
  void close();
  void issue(const SpillTransfer& transfer);
  void show(int buffer, std::int64_t bytes);
  [[nodiscard]] std::int64_t planned() const { return first_ + static_cast<std::int64_t>(tiles_.size()); }
  void describe_store(LoopView& loop, std::int64_t store) const;
  void describe_slab(LoopView& loop, std::size_t buffer) const;
  void describe_tile(LoopView& loop, const PlannedTile& tile) const;
  void describe_all(LoopView& loop, const std::vector<SpillTransfer>& transfers) const;
  void describe_bytes(LoopView& loop, const std::vector<std::pair<int, std::int64_t>>& bytes) const;

  GroupState& group_;
  SpillRules rules_;
  TileOrder order_;
  Odometer at_;           ///< Of the next tile to be decided.
  std::size_t step_ = 0;  ///< Likewise.
  int tile_ = -1;         ///< Likewise; -1: all are.
  ManagedMemory memory_;  ///< Slab n is what buffer n holds.
  std::vector<Slab> slabs_;
  std::vector<std::int64_t> tensor_stored_;  ///< Per tensor: last store that the plan asks for; -1: none.
  std::vector<SlabUse> uses_;                ///< Of the tile that is decided,
  std::vector<Planned> stored_;              ///< and per use.
  std::deque<PlannedTile> tiles_;
  std::int64_t first_ = 0;  ///< Number of the first of tiles_.
  bool running_ = false;    ///< It has started.
  std::int64_t passing_loads_ = 0;
  std::int64_t stores_ = 0;               ///< Decided so far.
  std::int64_t first_open_ = 0;           ///< Stores before this one are over,
  std::deque<bool> done_;                 ///< and of those from it on, these.
  std::vector<SpillTransfer> held_back_;  ///< Loads that wait for stores.
  std::vector<SpillTransfer> drains_;     ///< Results that are on their way out.
  std::int64_t shown_ = 0;                ///< Bytes on chip, as told.
  std::int64_t peak_ = 0;
  std::optional<SimFailure> failure_;
};

}  // namespace fusescape
