// What happens, tick by tick, while one group runs? Cores take tiles in order; ports, links and slots make
// them wait.
//
// Everything that changes lies in flat arrays that are allocated before the first event. Parts:
// group_run.cpp the loop over time and the tiles, feeds.cpp what goes in and out of buffers, steady.cpp what
// repeats, waits.cpp who waits for whom.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "keep.hpp"
#include "program.hpp"
#include "sim_state.hpp"
#include "spill.hpp"
#include "stored_slab.hpp"

namespace fusescape {

/// What is to be known of one visit's slab.
struct Place {
  std::int64_t held = -1;  ///< Bytes that it takes; -1: none yet.
  std::int64_t owed = 0;   ///< Stores that must be done before it is free.
  bool there = false;      ///< It was loaded, maybe before another that was asked for earlier.
};

struct BufferState {
  std::vector<std::int64_t> left{};  ///< Per core that touches it: visits that it is done with.
  std::int64_t released = 0;         ///< Visits whose place is free again.
  std::int64_t requested = 0;        ///< Visits that its feed has asked for,
  std::int64_t arrived = 0;          ///< and those that are there.
  std::int64_t stores_issued = 0;
  std::int64_t stores_done = 0;
  std::vector<Place> places{};  ///< Of visits not released, in a circle; a power of two of them.
  std::size_t oldest = 0;       ///< Of them, that of the first visit not released.
  std::int64_t finals = 0;      ///< Visits that were complete.
  std::int64_t loaded = 0;      ///< Bytes that feeds asked for, those that stayed on chip included.
  std::int64_t stored = 0;
  std::int64_t in_lane = 0;  ///< Bytes that it asked for beside others of its lane.
  std::int64_t on_chip = 0;
  Odometer feed{};                              ///< The visit that it asks for next.
  std::vector<std::int64_t> feed_iterations{};  ///< Per loop; only if it waits for spills.
  bool fed_all = false;

  [[nodiscard]] std::size_t position(std::int64_t visit) const {
    return (oldest + static_cast<std::size_t>(visit - released)) & (places.size() - 1);
  }
  [[nodiscard]] Place& place(std::int64_t visit) { return places[position(visit)]; }
  [[nodiscard]] const Place& place(std::int64_t visit) const { return places[position(visit)]; }
};

/// What a core's next tile waits for.
struct Wait {
  Stall cause{};
  int touch = -1;  ///< Of the tile,
  int edge = -1;   ///< or of the program.
};

struct CoreState {
  Odometer at{};
  std::vector<std::int64_t> iterations{};  ///< Per loop: bodies begun.
  std::size_t step = 0;
  int head = -1;  ///< The tile that it runs, or runs next; -1: none is left.
  bool running = false;
  bool computed = false;  ///< Its tile has run, and waits for what passes through.
  Ticks compute{};        ///< Of its tile, on the PEs alone.
  Ticks started{};
  Ticks end{};
  std::int64_t spare =
      0;  ///< Bytes that its tile's slabs take less than all together, since not all live at once.
  bool blocked = false;
  Wait wait{};  ///< If it is blocked.
  Ticks blocked_since{};
};

struct SpillState {
  std::int64_t finished = 0;         ///< Iterations in which its producer is done,
  std::vector<std::int64_t> owed{};  ///< and of the last ones the stores that are still to come.
};

struct Delivery {
  Ticks at{};
  int edge = 0;
};

/// What a loop looked like at an earlier iteration.
struct Snapshot {
  std::int64_t iterations = 0;  ///< Since the loop was entered.
  std::int64_t next = 1;        ///< When to take another one.
  std::int64_t index = 0;
  bool taken = false;
  Ticks time{};
  std::vector<std::int64_t> shape{};     ///< Relative to the loop's position and time.
  std::vector<std::int64_t> counters{};  ///< What grows.
  std::vector<Ticks> times{};
  std::vector<Ticks> port_busy{};
};

class GroupRun {
 public:
  /// With `spills`, of a program of one sequence, memory is managed.
  GroupRun(const SimContext& context, const GroupProgram& program, SimState& state, bool steady_state,
           const std::optional<SpillRules>& spills = std::nullopt);

  /// False if it cannot go on: see failure().
  [[nodiscard]] bool run();

  /// Asks for the first slabs that fit `room`, while another group runs.
  void prefetch(std::int64_t room);
  /// A transfer of one of its buffers is done.
  void complete(const Transfer& transfer);
  /// What moves of tensors that are kept between groups. Expects that no periods are skipped.
  void keep(const KeptMoves& kept) {
    kept_ = &kept;
    kept_bytes_.resize(tensor_bytes_.size());
  }
  /// The group that has been prefetched.
  void set_next(GroupRun& next);

  [[nodiscard]] const std::vector<TensorMoves>& moves() const { return moves_; }
  [[nodiscard]] const std::vector<std::int64_t>& runs() const { return runs_; }
  [[nodiscard]] Ticks compute() const { return compute_; }
  [[nodiscard]] std::int64_t peak() const { return spill_ ? spill_->peak() : at_once(peak_) + ahead_; }
  /// Why it cannot go on; tiles and group are left to the caller.
  [[nodiscard]] SimFailure failure() const;

 private:
  // group_run.cpp
  void start();
  void complete_all();
  void report_spans();
  Ticks settle();
  [[nodiscard]] Ticks next_time() const;
  [[nodiscard]] bool finished() const;
  void advance(CoreState& core, int id);
  void try_start(int id);
  void start_tile(int id);
  void end_tile(int id);
  void finish_tile(int id);
  void take_places(CoreState& core, const TileSpec& tile);
  void reach();
  void count_spills();
  void send(const EdgeSpec& edge, int id, const CoreState& core);
  [[nodiscard]] std::int64_t room_for(const CoreState& core, const TileSpec& tile) const;
  [[nodiscard]] std::int64_t bytes_of_touch(const CoreState& core, const TouchSpec& touch) const;
  [[nodiscard]] std::int64_t spare_bytes(const CoreState& core, const TileSpec& tile) const;
  [[nodiscard]] const TileCost& cost_of(int tile, const Odometer& at);

  // waits.cpp
  void count_stall(int id);
  [[nodiscard]] bool still_blocked(const CoreState& core) const;
  [[nodiscard]] int edge_to_come(const CoreState& core, const TileSpec& tile) const;
  [[nodiscard]] bool lacks_place(const TouchSpec& touch) const;
  [[nodiscard]] bool lacks_load(const TouchSpec& touch) const;
  [[nodiscard]] Stall cause_of_load(const TouchSpec& touch) const;
  [[nodiscard]] bool is_blocked(CoreState& core) const;
  [[nodiscard]] std::vector<std::uint32_t> keepers_of(std::size_t buffer, const CoreState& waiting) const;
  [[nodiscard]] std::vector<std::uint32_t> holders_beside(const CoreState& waiting) const;
  [[nodiscard]] int without_place(const CoreState& core, const TileSpec& tile) const;

  // feeds.cpp
  void start_feed(int id);
  void advance_feed(const BufferSpec& spec, BufferState& buffer) const;
  void poll_feed(int id);
  void poll_all_feeds();
  void poll_due(const CoreState& core);
  [[nodiscard]] bool may_request(int id) const;
  [[nodiscard]] bool is_due(int id) const;
  [[nodiscard]] bool in_scope(const BufferSpec& spec, const BufferState& buffer) const;
  [[nodiscard]] std::int64_t feed_bytes(const BufferSpec& spec, const BufferState& buffer) const;
  void request(int id);
  [[nodiscard]] std::int64_t port_bytes(const BufferSpec& spec, BufferState& buffer, std::int64_t bytes);
  void arrive(BufferState& buffer);
  void store(int id, const StoredSlab& stored, const Odometer& at);
  void send_out(int id, TensorId tensor, std::int64_t bytes);
  void show_kept();
  void leave(int id, const TouchSpec& touch, int next);
  void release(int id);
  void hold(int id, std::int64_t visit, std::int64_t bytes);
  void free_oldest(int id);
  /// Of so many bytes of slabs: on one core they take turns with memory as the static footprint says.
  [[nodiscard]] std::int64_t at_once(std::int64_t bytes) const {
    return shared_memory_ && !counts_room_ ? std::min(bytes, program_.footprint.value()) : bytes;
  }
  void report_memory();
  void count_on_chip(int id, std::int64_t change);
  void add_on_chip(TensorId tensor, std::int64_t change);
  [[nodiscard]] static std::int64_t without_second_slot(const BufferState& buffer);
  void note_peak() { peak_ = std::max(peak_, on_chip_ - spare_); }

  // steady.cpp
  void collect_counters();
  void check_period(int loop);
  void describe(int loop);
  void save(Snapshot& snapshot, int loop);
  [[nodiscard]] const CoreState& watched(int loop) const {
    return cores_[static_cast<std::size_t>(watched_by_[static_cast<std::size_t>(loop)])];
  }
  [[nodiscard]] std::int64_t watched_index(int loop) const {
    return watched(loop).at[program_.loops[static_cast<std::size_t>(loop)].depth].index;
  }
  [[nodiscard]] std::int64_t periods_left(const Snapshot& before, int loop) const;
  [[nodiscard]] std::int64_t saving_limit(const Saving& saving, std::int64_t before, std::int64_t now) const;
  void repeat(const Snapshot& before, int loop, std::int64_t times);
  [[nodiscard]] bool moves_with(const Odometer& at, const std::vector<int>& path, int loop) const;
  void describe_odometer(const Odometer& at, const std::vector<int>& path, int loop);
  void describe_time(Ticks at);
  void describe_buffers(int loop);
  void describe_transfers();
  void move_odometer(Odometer& at, const std::vector<int>& path, int loop, std::int64_t iterations) const;
  [[nodiscard]] const std::vector<int>& path_of_tile(int tile) const;

  const SimContext& context_;
  const GroupProgram& program_;
  SimState& state_;
  bool steady_state_;
  bool shared_memory_ = false;  ///< Not all buffers fit at once: each has memory only in its scope.
  bool counts_room_ = false;    ///< Several cores share it: then only counting says that all fits.
  std::int64_t capacity_ = 0;
  GroupRun* next_ = nullptr;
  std::int64_t ahead_ = 0;  ///< Bytes that it has on chip.

  std::vector<CoreState> cores_;
  std::vector<BufferState> buffers_;
  std::vector<TensorMoves> moves_;  ///< Per tensor.
  std::optional<Spill> spill_;
  const KeptMoves* kept_ = nullptr;
  std::vector<std::int64_t> kept_bytes_;  ///< Per tensor, as told; only if something is kept.
  std::int64_t kept_total_ = 0;
  std::size_t next_kept_ = 0;            ///< Into KeptMoves::samples.
  std::int64_t started_ = 0;             ///< Tiles, if something is kept.
  std::vector<std::int64_t> delivered_;  ///< Per edge.
  std::vector<SpillState> spills_;
  std::vector<Delivery> deliveries_;
  std::vector<std::vector<TileCost>> costs_;  ///< Per tile.
  std::vector<std::int64_t> runs_;            ///< Per tile.
  std::vector<std::int64_t> lanes_;  ///< Per operator whose inputs come side by side: bytes of the longest.
  std::vector<std::int64_t> tensor_bytes_;  ///< On chip, per tensor; kept for observers.
  std::int64_t on_chip_ = 0;                ///< Of all slabs that have a place.
  std::vector<TensorId> changed_;           ///< They have other bytes on chip since this instant.
  std::int64_t spare_ = 0;                  ///< CoreState::spare of all running tiles.
  std::int64_t peak_ = 0;
  int running_ = 0;
  Ticks running_since_;
  Ticks compute_;
  mutable TileBounds scratch_;

  std::vector<int> boundaries_;      ///< Loops that began another iteration at this instant.
  std::vector<int> watched_by_;      ///< Per loop: the core whose iterations count.
  std::vector<Snapshot> snapshots_;  ///< Per loop.
  std::vector<std::int64_t*> counters_;
  std::vector<std::size_t> saving_at_;  ///< Per buffer: position of `loaded` in counters_; `stored` follows.
  std::vector<Ticks*> times_;
  std::vector<std::int64_t> shape_;
};

}  // namespace fusescape
