// How long does a transfer take, exactly? Time in ticks, a common fraction of a cycle for all ports of a
// machine.
//
// 512 bytes over 724 bits per cycle take 5.657... cycles. Rounding that at every tile would add up, so every
// time is an integer number of ticks, where a cycle has lcm(bits per cycle of all ports) ticks; only the end
// of an evaluation rounds up to cycles (whole_cycles, the one place that does).
#pragma once

#include <compare>
#include <cstdint>
#include <numeric>

#include "fusescape/support/contract.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

__extension__ using Int128 = __int128;

/// A duration in ticks of some TickScale. Ticks per cycle are at most 2^52 and counts at most 2^63, so
/// neither sums nor products of the model leave 128 bits.
class Ticks {
 public:
  constexpr Ticks() = default;
  constexpr explicit Ticks(Int128 value) : value_{value} {}
  [[nodiscard]] constexpr Int128 value() const { return value_; }

  friend constexpr Ticks operator+(Ticks a, Ticks b) { return Ticks{a.value_ + b.value_}; }
  friend constexpr Ticks operator-(Ticks a, Ticks b) { return Ticks{a.value_ - b.value_}; }
  friend constexpr Ticks operator*(Ticks a, std::int64_t factor) { return Ticks{a.value_ * factor}; }
  friend constexpr Ticks operator*(std::int64_t factor, Ticks a) { return a * factor; }
  constexpr Ticks& operator+=(Ticks o) { return *this = *this + o; }
  friend constexpr auto operator<=>(const Ticks&, const Ticks&) = default;

 private:
  Int128 value_ = 0;
};

/// The longest. Without a branch: which of two resources is busier is hard to predict.
[[nodiscard]] constexpr Ticks longest(Ticks a, Ticks b) {
  const Int128 more = b.value() - a.value();
  return Ticks{a.value() + (more & ~(more >> 127))};
}
[[nodiscard]] constexpr Ticks longest(Ticks a, Ticks b, Ticks c) {
  return longest(longest(a, b), c);
}

/// Width of a port in bits moved per cycle. Zero stands for `unlimited`: transfers take no time.
struct BitsPerCycle {
  std::int64_t value = 0;
  [[nodiscard]] constexpr bool unlimited() const { return value == 0; }
  friend constexpr auto operator<=>(const BitsPerCycle&, const BitsPerCycle&) = default;
};

/// Converts cycles and transfers to ticks of one machine.
class TickScale {
 public:
  static constexpr std::int64_t kMaxTicksPerCycle = std::int64_t{1} << 52;

  constexpr TickScale() = default;

  /// Widens the scale so that one bit through `port` is a whole number of ticks.
  /// False, and no change, if a cycle would then have more than kMaxTicksPerCycle ticks.
  [[nodiscard]] constexpr bool include(BitsPerCycle port) {
    if (port.unlimited()) return true;
    const std::int64_t step = port.value / std::gcd(port.value, ticks_per_cycle_);
    if (step > kMaxTicksPerCycle / ticks_per_cycle_) return false;
    ticks_per_cycle_ *= step;
    return true;
  }

  [[nodiscard]] constexpr std::int64_t ticks_per_cycle() const { return ticks_per_cycle_; }

  [[nodiscard]] constexpr Ticks ticks(Cycles cycles) const {
    return Ticks{static_cast<Int128>(cycles.value()) * ticks_per_cycle_};
  }

  /// Ticks that one byte occupies `port`; nothing on an unlimited one. Expects an included port.
  [[nodiscard]] constexpr std::int64_t ticks_per_byte(BitsPerCycle port) const {
    if (port.unlimited()) return 0;
    FUSESCAPE_EXPECTS(ticks_per_cycle_ % port.value == 0);
    return ticks_per_cycle_ / port.value * 8;
  }

  /// The one place where time is rounded: up to whole cycles.
  [[nodiscard]] constexpr Cycles whole_cycles(Ticks t) const {
    const Int128 cycles = (t.value() + ticks_per_cycle_ - 1) / ticks_per_cycle_;
    const bool fits = cycles < std::numeric_limits<std::int64_t>::max();
    return fits ? Cycles{static_cast<std::int64_t>(cycles)} : Cycles::overflowed();
  }

 private:
  std::int64_t ticks_per_cycle_ = 1;
};

}  // namespace fusescape
