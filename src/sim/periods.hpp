// Does a loop repeat itself? If so, its periods are counted, not run.
#pragma once

#include <cstdint>
#include <vector>

#include "places.hpp"

namespace fusescape {

class Periods {
 public:
  Periods(GroupState& group, Places& places);

  /// A core has entered a loop.
  void enter(int loop) { snapshots_[static_cast<std::size_t>(loop)].iterations = 0; }
  /// Whether this core's iterations of a loop are those that count: it is the first one that has the loop.
  [[nodiscard]] bool watches(int core, int loop) const {
    return watched_by_[static_cast<std::size_t>(loop)] == core;
  }
  /// An iteration of the loop has begun: skips the periods that follow, if those before repeat.
  void check(int loop);

 private:
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

  void add_counters();
  [[nodiscard]] LoopView view_of(int loop);
  void describe(LoopView& loop);
  void describe_core(LoopView& loop, CoreState& core) const;
  void describe_transfers(LoopView& loop) const;
  void save(Snapshot& snapshot, std::int64_t index) const;
  [[nodiscard]] std::int64_t periods_left(const Snapshot& before, const LoopView& loop) const;
  void repeat(const Snapshot& before, const LoopView& loop, std::int64_t times);
  [[nodiscard]] const std::vector<int>& path_of(const CoreState& core) const;

  GroupState& group_;
  Places& places_;
  std::vector<int> watched_by_;      ///< Per loop: the core whose iterations count.
  std::vector<Snapshot> snapshots_;  ///< Per loop.
  Growing growing_;
  std::vector<std::int64_t> shape_;
};

/// Adds the time that a core has stood still so far to that of the cause.
void count_stall(GroupState& group, CoreState& core);

}  // namespace fusescape
