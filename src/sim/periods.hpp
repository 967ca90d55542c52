// Does a loop repeat itself? If so, its periods are counted, not run.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "loop_pass.hpp"
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
  /// The state that iterations are compared with.
  struct Snapshot {
    std::int64_t iterations = 0;  ///< Since the loop was entered.
    std::int64_t next = 1;        ///< When to take another one.
    bool taken = false;
    LoopState state{};
  };

  LoopPass pass(LoopPass::Kind kind, int loop, LoopState& state, std::int64_t repeats = 0);
  void pass_ports(LoopPass& pass);
  void pass_counts(LoopPass& pass);
  void repeat(int loop, LoopState& before, std::int64_t repeats);

  GroupState& group_;
  Places& places_;
  std::vector<int> watched_by_;      ///< Per loop: the core whose iterations count.
  std::vector<Snapshot> snapshots_;  ///< Per loop.
  std::set<TensorId> tensors_;       ///< Tensors with a buffer in the group: no others move.
  LoopState now_;
};

/// Adds the time that a core has stood still so far to that of the cause.
void count_stall(GroupState& group, CoreState& core);

}  // namespace fusescape
