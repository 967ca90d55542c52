// What does a way to run one operator take a machine at the least, before it is laid out?
#pragma once

#include <algorithm>
#include <limits>

#include "fusescape/search/planner.hpp"

namespace fusescape {

inline constexpr double kForever = std::numeric_limits<double>::infinity();

/// The longest time that is at most a part above `least`.
[[nodiscard]] inline Ticks most_above(Ticks least, std::int64_t parts) {
  return Ticks{least.value() * (parts + 1) / parts};
}

/// No less than the time.
[[nodiscard]] inline double at_most(Ticks time) {
  constexpr double kRounding = 1e-15;
  return static_cast<double>(time.value()) * (1.0 + kRounding);
}

/// No more than the time.
[[nodiscard]] inline double at_least(Ticks time) {
  constexpr double kRounding = 1e-15;
  return static_cast<double>(time.value()) * (1.0 - kRounding);
}

/// Of groups around one operator: whatever runs, or the DRAM port, whichever is busy for longer; what moves
/// before the first tile and after the last one is beside all tiles. Less weight never makes it more.
class LeastTime {
 public:
  LeastTime(const Planner& planner, OpId op, const Machine& machine);

  /// Nothing if a weight has overflowed.
  [[nodiscard]] Ticks exactly(const Weights& weights) const;
  /// Likewise, rounded down by a few parts in 10^14: quicker.
  [[nodiscard]] double of(const Weights& weights) const {
    if (weights.array.compute.overflow() || weights.array.onchip.overflow() || weights.moved.overflow() ||
        weights.ends.overflow()) {
      return 0.0;
    }
    // Of an odd number of bytes one of two ports moves half a byte less than the other.
    const double onchip = (number(weights.array.onchip) - half_) * port_ticks_;
    return of(weights.moved, weights.ends, weights.array.compute, std::max(onchip, 0.0));
  }
  /// Likewise, where the on-chip ports take so long. Expects that nothing has overflowed.
  [[nodiscard]] double of(Bytes moved, Bytes ends, Cycles compute, double onchip = 0.0) const {
    constexpr double kRounding = 1e-14;
    const double tiles = std::max(number(compute) * ticks_per_cycle_, onchip);
    const double busy = std::max(tiles + number(ends) * ends_ticks_, number(moved) * moved_ticks_);
    return (busy + launch_) * (1.0 - kRounding);
  }

 private:
  const Machine& machine_;
  bool side_by_side_ = false;  ///< Inputs are loaded so: it is not known how long the DRAM port is busy.

  template <class Tag>
  [[nodiscard]] static double number(Count<Tag> count) {
    return static_cast<double>(count.value());
  }

  double ticks_per_cycle_ = 0.0;
  double launch_ = 0.0;
  double port_ticks_ = 0.0;   ///< Per byte, of the on-chip ports.
  double moved_ticks_ = 0.0;  ///< Per byte, of the DRAM port; 0: it is not known how long that is busy,
  double ends_ticks_ = 0.0;   ///< since inputs load side by side. Likewise.
  double half_ = 0.0;
};

}  // namespace fusescape
