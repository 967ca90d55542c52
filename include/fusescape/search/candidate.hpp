// One way to run a group of operators on its own, and what it costs whatever the capacity, bandwidth and
// clock.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "fusescape/cost/profile.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

struct LoopSpec {
  RankId rank{};
  std::int64_t tile = 0;
  friend bool operator==(const LoopSpec&, const LoopSpec&) = default;
};

/// What a group of operators asks of the PEs and of the on-chip memory's ports, over all of its tiles.
struct ArrayWork {
  Cycles compute;
  Bytes onchip;  ///< Read and written.
  friend bool operator==(const ArrayWork&, const ArrayWork&) = default;
};

/// What a group is judged by before a machine is known: it can be no better than another on any, in any of
/// its figures, that is no worse in each of these (docs/adr/tiling-of-single-operators.md).
struct Weights {
  Bytes moved;  ///< Over the DRAM port.
  Bytes held;   ///< On chip.
  Bytes ends;   ///< Moved before the first tile computes, and after the last one.
  ArrayWork array;
  Bytes exposed{};  ///< Moved while bodies have their turns, since slots hold no more before and after them.
  friend bool operator==(const Weights&, const Weights&) = default;
};

/// Made when first asked for, by any thread. A copy has yet to be made.
class LazyProfile {
 public:
  LazyProfile() : state_{std::make_unique<State>()} {}
  LazyProfile(const LazyProfile& /*other*/) : LazyProfile{} {}
  LazyProfile(LazyProfile&&) noexcept = default;
  LazyProfile& operator=(const LazyProfile& other) { return *this = LazyProfile{other}; }
  LazyProfile& operator=(LazyProfile&&) noexcept = default;
  ~LazyProfile() = default;

  /// What `make` returned the first time; none: the group is illegal.
  template <class Make>
  [[nodiscard]] const std::optional<GroupProfile>& get(const Make& make) const {
    std::call_once(state_->once, [&] { state_->made = make(); });
    return state_->made;
  }

 private:
  struct State {
    std::once_flag once{};
    std::optional<GroupProfile> made{};
  };
  std::unique_ptr<State> state_;
};

/// Loops, outermost first, around the operators in order. Planner::profile says the rest.
struct Candidate {
  std::vector<LoopSpec> loops;
  std::vector<OpId> operators;
  std::vector<TensorId> spilled{};  ///< Go through DRAM between these operators.
  bool holds_windows = false;       ///< A fetched window keeps its halo.
  Weights weights{};
  LazyProfile profile{};
};

}  // namespace fusescape
