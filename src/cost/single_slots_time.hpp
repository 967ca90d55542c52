// How long do a group's single slots hold it up on a machine? (docs/model/latency.md, single slots)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "numbers.hpp"

namespace fusescape {

/// Of a group of several runs, which are added one after another.
template <class Numbers>
class SingleSlotsTime : MachineTimes<Numbers> {
  using Base = MachineTimes<Numbers>;
  using Base::dram_time;
  using Base::machine_;
  using Ticks = typename Numbers::Time;

 public:
  SingleSlotsTime(const GroupProfile& group, const Machine& machine) : Base{machine}, group_{group} {}

  /// Run `run`, which takes at least `in_turn` if all that its turns load first was there before.
  [[gnu::noinline]] void add(std::uint32_t run, Ticks in_turn, const RunPlaces& beside) {
    for (std::size_t i = 0; i < group_.single_slots.size(); ++i) {
      const SingleSlots& slots = group_.single_slots[i];
      if (!holds(slots)) continue;
      Sum& sum = sums_[i];
      const RunTurns& own = group_.runs[run].turns;
      const bool leads = (slots.leads >> run & 1U) != 0;
      const Bytes counted = leads ? slots.lead_bytes : Bytes{};
      const Ticks late = longest(Ticks{}, dram_time(beside.late) - dram_time(counted));
      if ((slots.runs >> run & 1U) != 0) {
        sum.tiles += in_turn;
        sum.loads += late;
        continue;
      }
      const Ticks loads = dram_time(own.loads) + late;
      sum.loads += leads ? loads : longest(loads, dram_time(beside.loads));
      sum.stores += dram_time(own.stores);
    }
  }

  /// The least that the group takes, which is at least `bound`; `lead` and `tail` are its own.
  [[nodiscard, gnu::noinline]] Ticks bound(Ticks bound, Ticks lead, Ticks tail) const {
    const bool shared = machine_.dram_ports == Ports::kShared;
    for (std::size_t i = 0; i < group_.single_slots.size(); ++i) {
      const SingleSlots& slots = group_.single_slots[i];
      if (!holds(slots)) continue;
      const Ticks loads = sums_[i].loads + dram_time(slots.loads);
      const Ticks stores = sums_[i].stores + dram_time(slots.stores);
      const Ticks moved =
          shared ? loads + stores + dram_time(slots.before_loads) : longest(loads + tail, lead + stores);
      bound = longest(bound, sums_[i].tiles + moved);
    }
    return bound;
  }

 private:
  /// What takes its time one after another.
  struct Sum {
    Ticks tiles;  ///< Of runs beside which the slots do not move.
    Ticks loads;  ///< Of the others: their own.
    Ticks stores;
  };

  [[nodiscard]] bool holds(const SingleSlots& slots) const {
    return machine_.capacity - group_.reserved < slots.room;
  }

  const GroupProfile& group_;
  std::array<Sum, kMostSingleSlots> sums_;  ///< Per entry of the group's.
};

/// Of a group without them.
template <class Numbers>
struct NoSingleSlots {
  using Ticks = typename Numbers::Time;
  NoSingleSlots(const GroupProfile& /*group*/, const Machine& /*machine*/) {}
  void add(std::uint32_t /*run*/, Ticks /*in_turn*/, const RunPlaces& /*beside*/) const {}
  [[nodiscard]] Ticks bound(Ticks bound, Ticks /*lead*/, Ticks /*tail*/) const { return bound; }
};

}  // namespace fusescape
