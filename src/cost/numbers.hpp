// In which integers is a group evaluated? 64-bit ones where no figure can leave them, else checked counts and
// 128-bit times.
//
// Both give the same figures; the first ones in less than half of the time.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

#include "fusescape/arch/machine.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// Ticks in 64 bits.
class ShortTicks {
 public:
  constexpr ShortTicks() = default;
  constexpr explicit ShortTicks(std::int64_t value) : value_{value} {}
  [[nodiscard]] constexpr std::int64_t value() const { return value_; }

  friend constexpr ShortTicks operator+(ShortTicks a, ShortTicks b) {
    return ShortTicks{a.value_ + b.value_};
  }
  friend constexpr ShortTicks operator-(ShortTicks a, ShortTicks b) {
    return ShortTicks{a.value_ - b.value_};
  }
  friend constexpr ShortTicks operator*(ShortTicks a, std::int64_t factor) {
    return ShortTicks{a.value_ * factor};
  }
  constexpr ShortTicks& operator+=(ShortTicks o) { return *this = *this + o; }
  friend constexpr auto operator<=>(const ShortTicks&, const ShortTicks&) = default;

 private:
  std::int64_t value_ = 0;
};

[[nodiscard]] constexpr ShortTicks longest(ShortTicks a, ShortTicks b) {
  return ShortTicks{a.value() > b.value() ? a.value() : b.value()};
}
[[nodiscard]] constexpr ShortTicks longest(ShortTicks a, ShortTicks b, ShortTicks c) {
  return longest(longest(a, b), c);
}

/// For groups of any size: counts that do not fit 64 bits are seen to.
struct CheckedNumbers {
  static constexpr bool kAllFit = false;
  using Time = Ticks;
  template <class Tag>
  static constexpr Count<Tag> product(Count<Tag> each, std::int64_t count) {
    return each * count;
  }
  template <class Tag>
  static constexpr void add(Count<Tag>& sum, Count<Tag> part) {
    sum += part;
  }
};

/// For groups with is_small().
struct SmallNumbers {
  static constexpr bool kAllFit = true;
  using Time = ShortTicks;
  template <class Tag>
  static constexpr Count<Tag> product(Count<Tag> each, std::int64_t count) {
    return Count<Tag>{each.value() * count};
  }
  template <class Tag>
  static constexpr void add(Count<Tag>& sum, Count<Tag> part) {
    sum = Count<Tag>{sum.value() + part.value()};
  }
};

/// Times of one machine. `Numbers`: CheckedNumbers or SmallNumbers.
template <class Numbers>
class MachineTimes {
 protected:
  using Time = typename Numbers::Time;

  explicit MachineTimes(const Machine& machine) : machine_{machine} {}

  [[nodiscard]] Time core_time(Cycles cycles) const {
    return Time{cycles.value()} * machine_.scale.ticks_per_cycle();
  }
  [[nodiscard]] Time dram_time(Bytes bytes) const {
    return Time{bytes.value()} * machine_.dram_ticks_per_byte;
  }
  /// Ports of the on-chip memory.
  [[nodiscard]] Time port_time(Bytes read, Bytes written) const {
    const Time reads = Time{read.value()} * machine_.sram_read_ticks_per_byte;
    const Time writes = Time{written.value()} * machine_.sram_write_ticks_per_byte;
    return machine_.sram_ports == Ports::kShared ? reads + writes : longest(reads, writes);
  }

  const Machine& machine_;
};

/// How long parts of an operation, and one byte from DRAM, take at most on a machine; in ticks, at least 1.
struct SmallLimits {
  double cycle = 0.0;
  double besides = 0.0;  ///< What an operation takes besides its cycles: filling the array, and its operands.
  double byte = 0.0;
  double operation = 0.0;  ///< Time of all operations of the slowest kind.
};
[[nodiscard]] inline SmallLimits limits_of(const Machine& machine) {
  constexpr double kBytesPerOp =
      40.0;  // Four operands of 64 bits, one of which is a sum that comes and goes.
  const auto cycle = static_cast<double>(machine.scale.ticks_per_cycle());
  const std::int64_t onchip = 1 + machine.sram_read_ticks_per_byte + machine.sram_write_ticks_per_byte;
  const double besides = cycle * static_cast<double>(machine.model.fill_cycles.value()) +
                         kBytesPerOp * static_cast<double>(onchip);
  std::int64_t cycles = 1;
  for (const Engine& engine : machine.engines) cycles = std::max(cycles, engine.most_cycles_per_op());
  return {cycle, besides, static_cast<double>(1 + machine.dram_ticks_per_byte),
          cycle * static_cast<double>(cycles) + besides};
}

/// Whether no count and no time of the group can come near 64 bits: with 2^57, sums of up to 32 times fit,
/// and so do products of a tile's time and any number of the group's tiles. Expects a countable group.
[[nodiscard]] inline bool is_small(const GroupProfile& group, const Machine& machine,
                                   const SmallLimits& limits) {
  constexpr auto kMost = static_cast<double>(std::int64_t{1} << 57U);
  if (group.most_ops * limits.operation + group.most_bytes * limits.byte < kMost) return true;
  std::int64_t cycles = 1;
  for (const OperatorWork& work : group.work.operators) {
    cycles = std::max(cycles, machine.engines[static_cast<std::size_t>(work.kind)].most_cycles_per_op());
  }
  const double each = limits.cycle * static_cast<double>(cycles) + limits.besides;
  return group.most_ops * each + group.most_bytes * limits.byte < kMost;
}

}  // namespace fusescape
