// Which candidate was the best on machines with one array, and on which others is it?
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fusescape/arch/machine.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/search/recent.hpp"

namespace fusescape {

/// What the best candidate depends on beside the size of the memory, of machines with the planner's array:
/// how long ports take. Of a unit of several operators the size may also tell how long it takes.
struct PortTimes {
  Bytes capacity;  ///< If so.
  std::int64_t ticks_per_cycle = 0;
  std::int64_t dram = 0;  ///< Ticks per byte, as the others.
  std::int64_t read = 0;
  std::int64_t write = 0;
  std::int64_t launch = 0;  ///< Cycles.
  Ports dram_ports{};
  Ports sram_ports{};
  friend bool operator==(const PortTimes&, const PortTimes&) = default;
};

struct PortTimesHash {
  std::size_t operator()(const PortTimes& times) const {
    std::size_t hash = 0;
    for (const std::int64_t value :
         {times.capacity.value(), times.ticks_per_cycle, times.dram, times.read, times.write}) {
      hash = (hash ^ static_cast<std::size_t>(value)) * 0x9E3779B97F4A7C15U;
      hash ^= hash >> 32U;
    }
    return hash;
  }
};

[[nodiscard]] inline PortTimes port_times(const Machine& machine, Bytes capacity) {
  const std::int64_t common =
      std::gcd(std::gcd(machine.scale.ticks_per_cycle(), machine.dram_ticks_per_byte),
               std::gcd(machine.sram_read_ticks_per_byte, machine.sram_write_ticks_per_byte));
  return {.capacity = capacity,
          .ticks_per_cycle = machine.scale.ticks_per_cycle() / common,
          .dram = machine.dram_ticks_per_byte / common,
          .read = machine.sram_read_ticks_per_byte / common,
          .write = machine.sram_write_ticks_per_byte / common,
          .launch = machine.model.launch_cycles.value(),
          .dram_ports = machine.dram_ports,
          .sram_ports = machine.sram_ports};
}

/// Of a machine with on-chip ports that nothing waits for.
[[nodiscard]] inline PortTimes fast_port_times(const Machine& machine) {
  PortTimes times = port_times(machine, Bytes{});
  const std::int64_t common = std::gcd(times.ticks_per_cycle, times.dram);
  times.ticks_per_cycle /= common;
  times.dram /= common;
  times.read = times.write = 0;
  return times;
}

/// As `machine`, with such ports, and that much memory.
[[nodiscard]] inline Machine with_fast_ports(Machine machine, Bytes capacity) {
  machine.sram_read_ticks_per_byte = machine.sram_write_ticks_per_byte = 0;
  machine.capacity = capacity;
  return machine;
}

/// How long on-chip ports take, in ticks per byte.
struct OnchipTimes {
  std::int64_t ticks_per_cycle = 1;
  std::int64_t read = 0;
  std::int64_t write = 0;

  [[nodiscard]] bool at_most(const OnchipTimes& other) const {
    const auto within = [&](std::int64_t own, std::int64_t others) {
      return Int128{own} * other.ticks_per_cycle <= Int128{others} * ticks_per_cycle;
    };
    return within(read, other.read) && within(write, other.write);
  }
};

[[nodiscard]] inline OnchipTimes onchip_times(const Machine& machine) {
  return {machine.scale.ticks_per_cycle(), machine.sram_read_ticks_per_byte,
          machine.sram_write_ticks_per_byte};
}

inline constexpr std::size_t kMachines = 2048;
inline constexpr Bytes kAnything{std::int64_t{1} << 50U};  ///< Holds it.

/// What is the best with ports of some widths.
struct BestAnswer {
  BestWithin within{};
  std::optional<OnchipTimes> waits_not{};  ///< With ports as fast as these neither of the two waits for them,
  std::optional<OnchipTimes> waits{};      ///< with these one does.
};

/// What was asked for lately.
class BestAnswers {
 public:
  [[nodiscard]] bool some(const PortTimes& times) { return recent_.find(times) != nullptr; }
  [[nodiscard]] BestAnswer* find(const PortTimes& times, Bytes capacity) {
    std::vector<BestAnswer>* all = recent_.find(times);
    if (all == nullptr) return nullptr;
    const auto found = std::find_if(all->begin(), all->end(),
                                    [&](const BestAnswer& one) { return one.within.has(capacity); });
    return found != all->end() ? &*found : nullptr;
  }
  /// The largest size, from `capacity` on, of which the best is not known.
  [[nodiscard]] Bytes unknown_above(const PortTimes& times, Bytes capacity) {
    Bytes unknown = kAnything;
    if (const std::vector<BestAnswer>* all = recent_.find(times)) {
      for (const BestAnswer& one : *all) {
        if (one.within.from > capacity) unknown = std::min(unknown, one.within.from - Bytes{1});
      }
    }
    return unknown;
  }
  void note(const PortTimes& times, const BestWithin& best) {
    std::vector<BestAnswer>* all = recent_.find(times);
    (all != nullptr ? *all : recent_.insert(times, {})).push_back({.within = best});
  }

 private:
  Recent<std::unordered_map<PortTimes, std::vector<BestAnswer>, PortTimesHash>> recent_{kMachines};
};

}  // namespace fusescape
