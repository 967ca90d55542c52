// When may a buffer be loaded and stored if each has its places, and who must wait for that?
//
// A buffer's content is numbered in visits. Its feed asks for the visits in order, as far as there are
// places; docs/model/simulation.md has the rules.
#pragma once

#include <optional>
#include <vector>

#include "kept.hpp"
#include "places.hpp"

namespace fusescape {

class StaticPlaces final : public Places {
 public:
  /// `kept`: what moves of tensors that are kept between groups; null if none is.
  StaticPlaces(GroupState& group, const KeptMoves* kept);

  void begin() override;
  void prefetch(std::int64_t room) override;
  [[nodiscard]] std::optional<Wait> wait(const CoreState& core) const override;
  [[nodiscard]] bool still_waits(const CoreState& core) const override;
  [[nodiscard]] bool passes_through() const override { return false; }
  void start(const CoreState& core) override;
  void end(const CoreState& core, int next) override;
  void reach(const CoreState& core) override;
  void complete(const Transfer& transfer) override;

  [[nodiscard]] std::int64_t on_chip() const override { return at_once(held_ - spare_) + kept_bytes_; }
  [[nodiscard]] std::int64_t peak() const override { return at_once(peak_); }
  [[nodiscard]] std::int64_t least_lacked() const override {
    return shared_memory_ ? std::min(least_lacked_, group_.program.all_at_once.value()) : kAnyMemory;
  }
  [[nodiscard]] bool is_stuck() const override { return false; }
  [[nodiscard]] SimFailure failure() const override;

  void pass(LoopPass& pass) override;

 private:
  /// What is to be known of one visit's slab.
  struct Place {
    std::int64_t held = -1;  ///< Bytes that it takes; -1: none yet.
    std::int64_t owed = 0;   ///< Stores that must be done before it is free.
    bool there = false;      ///< It was loaded, maybe before another that was asked for earlier.
  };

  /// One buffer and its feed.
  struct Visits {
    std::vector<std::int64_t> left{};  ///< Per core that touches it: visits that it is done with.
    std::int64_t released = 0;         ///< Visits whose place is free again.
    std::int64_t requested = 0;        ///< Visits that its feed has asked for.
    std::int64_t arrived = 0;          ///< Visits that are there.
    std::int64_t stores_issued = 0;
    std::int64_t stores_done = 0;
    std::int64_t finals = 0;      ///< Visits that were complete.
    std::int64_t loaded = 0;      ///< Bytes that its feed asked for, those that stayed on chip included.
    std::int64_t stored = 0;      ///< Bytes that were complete, those that stay on chip included.
    std::int64_t in_lane = 0;     ///< Bytes that it asked for beside others of its lane.
    std::vector<Place> places{};  ///< Places of the first visits not released, one per slot.
    std::int64_t on_chip = 0;     ///< Bytes.
    Odometer feed{};              ///< The visit that it asks for next.
    std::vector<std::int64_t> feed_iterations{};  ///< Per loop; only if it waits for spills.
    bool fed_all = false;
    int early = 0;        ///< Slabs that it asked for before their turn.
    Odometer early_at{};  ///< That turn, while there are any.

    [[nodiscard]] const Place& place(std::int64_t visit) const {
      return places[static_cast<std::size_t>(visit - released)];
    }
    [[nodiscard]] Place& place(std::int64_t visit) {
      return places[static_cast<std::size_t>(visit - released)];
    }
  };

  /// A buffer that could ask for its next visit.
  struct Candidate {
    int id = 0;
    bool early = false;  ///< The visit's turn has not begun.
  };

  /// Stores of a spilled tensor that loads wait for.
  struct Spilled {
    std::int64_t finished = 0;         ///< Iterations in which its producer is done.
    std::vector<std::int64_t> owed{};  ///< Stores of the last visits that are still to come.
  };

  [[nodiscard]] Visits& visits(int buffer) { return visits_[static_cast<std::size_t>(buffer)]; }
  [[nodiscard]] const Visits& visits(int buffer) const { return visits_[static_cast<std::size_t>(buffer)]; }
  [[nodiscard]] const BufferSpec& spec(int buffer) const { return group_.buffer(buffer); }
  /// The visit that a core's tile uses.
  [[nodiscard]] std::int64_t visit_of(const TouchSpec& touch) const {
    return visits(touch.buffer).left[static_cast<std::size_t>(touch.toucher)];
  }

  void pass_counts(LoopPass& pass);

  // Loads.
  void advance_feed(int id);
  void poll(int id);
  void poll_all();
  [[nodiscard]] bool may_request(int id) const;
  [[nodiscard]] bool is_due(int id) const;
  [[nodiscard]] bool lacks_spill(int id) const { return !spec(id).spills.empty() && waits_for_spill(id); }
  [[nodiscard]] bool waits_for_spill(int id) const;
  [[nodiscard]] bool in_scope(int id, const Odometer& visit) const;
  void request(int id, bool early = false);

  // Turns (static_places_turns.cpp).
  void poll_in_order();
  void begin_turns();
  [[nodiscard]] std::optional<Candidate> candidate(int id) const;
  [[nodiscard]] bool comes_before(const Candidate& a, const Candidate& b) const;
  [[nodiscard]] bool fits(std::int64_t bytes) const;
  [[nodiscard]] bool has_room(std::int64_t bytes, bool early = false) const;
  [[nodiscard]] bool has_early_room(int id) const;
  [[nodiscard]] std::int64_t alive_now() const;
  [[nodiscard]] std::int64_t alive_until(int id) const;

  [[nodiscard]] std::int64_t missing_bytes(int id);
  [[nodiscard]] std::int64_t port_bytes(int id, std::int64_t bytes);

  // Stores.
  void store(int id, const StoredSlab& stored, const Odometer& at);
  void send_out(int id, TensorId tensor, std::int64_t bytes);
  void finish_spills(const CoreState& core);

  // Places.
  void leave(const CoreState& core, const TouchSpec& touch, int next);
  void release(int id);
  void hold(int id, std::int64_t visit, std::int64_t bytes);
  void free_oldest(int id);
  void count(int id, std::int64_t change);
  void show_kept();
  void note_peak() { peak_ = std::max(peak_, held_ - spare_); }
  [[nodiscard]] std::int64_t at_once(std::int64_t bytes) const;
  [[nodiscard]] std::int64_t bytes_of(const CoreState& core, const TouchSpec& touch) const;
  [[nodiscard]] std::int64_t spare_bytes(const CoreState& core) const;
  [[nodiscard]] std::int64_t room_for(const CoreState& core) const;

  // Waits.
  [[nodiscard]] int edge_to_come(const CoreState& core) const;
  [[nodiscard]] bool lacks_place(const TouchSpec& touch) const;
  [[nodiscard]] bool lacks_load(const TouchSpec& touch) const;
  [[nodiscard]] Stall cause_of_load(const TouchSpec& touch) const;
  [[nodiscard]] SimWait wait_text(const CoreState& core) const;
  [[nodiscard]] std::vector<std::uint32_t> keepers_of(int buffer, const CoreState& waiting) const;
  [[nodiscard]] std::vector<std::uint32_t> holders_beside(const CoreState& waiting) const;
  [[nodiscard]] int without_place(const CoreState& core) const;

  GroupState& group_;
  const KeptMoves* kept_;
  bool takes_turns_;     ///< There is one sequence of tiles, some of whose loads belong to a turn.
  bool shared_memory_;   ///< Not all buffers fit at once: each has memory only in its scope.
  bool counts_room_;     ///< Then only counting says that all fits, but for one core in one turn.
  bool ending_ = false;  ///< A tile ends: what it frees is shared out when all of it is known.
  mutable std::int64_t least_lacked_ = kAnyMemory;  ///< Memory that something waited for, the least.
  std::int64_t early_asked_ = 0;                    ///< Loads so far that came before their turn.
  std::int64_t capacity_;                           ///< Bytes.
  std::vector<Visits> visits_;                      ///< Per buffer.
  std::vector<Spilled> spills_;                     ///< Per GroupProgram::spills.
  std::vector<std::int64_t> lanes_;  ///< Per operator whose inputs come side by side: bytes of the longest.
  std::vector<std::int64_t> spare_of_;  ///< Per core, of its tile: bytes that its slabs take less than all
                                        ///< together, since not all live at once.
  std::int64_t spare_ = 0;              ///< Bytes of all tiles that run.
  std::int64_t held_ = 0;               ///< Bytes of all slabs that have a place.
  std::int64_t peak_ = 0;
  std::int64_t kept_bytes_ = 0;        ///< Kept between groups, as told.
  std::vector<std::int64_t> kept_of_;  ///< Bytes kept, per tensor.
  std::size_t next_kept_ = 0;          ///< Into KeptMoves::samples.
  std::int64_t started_ = 0;           ///< Tiles.
};

}  // namespace fusescape
