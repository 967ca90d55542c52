// What does a group cost whose tiles are all equal? Its work, and the exact formula of its latency.
#pragma once

#include <cstdint>

#include "fusescape/arch/machine.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/plan/array_time.hpp"
#include "numbers.hpp"

namespace fusescape {

/// What one tile takes. Plain integers: of a countable group all of one tile fit.
struct TileWorkCost {
  WorkCost work;
  std::int64_t pe_cycles = 0;
};

/// False if no core runs some operator.
[[nodiscard]] inline bool add_work(const GroupProfile& group, const TileClass& tiles, const Machine& machine,
                                   TileWorkCost& tile) {
  const std::int64_t fill = machine.model.fill_cycles.value();
  for (std::uint32_t i = 0; i < tiles.work_count; ++i) {
    const OperatorWork& work = group.work.operators[tiles.first_work + i];
    const Engine& engine = machine.engines[static_cast<std::size_t>(work.kind)];
    if (engine.cycles_per_op == 0) return false;
    tile.work += work_cost(group.work, work, engine, fill);
    tile.pe_cycles += engine.cycles(work.ops);
  }
  return true;
}

/// The busiest resource; ties go to the first.
template <class Time>
[[nodiscard]] Bound bound_of(Time compute, Time dram, Time onchip) {
  if (compute >= dram && compute >= onchip) return Bound::kCompute;
  return dram >= onchip ? Bound::kDram : Bound::kOnChip;
}

/// Fills what no machine changes.
inline void fill_profiled(const GroupProfile& group, GroupCost& cost) {
  cost.dram_read = group.dram_read;
  cost.dram_write = group.dram_write;
  cost.peak = group.peak + group.reserved;
  cost.ops = group.ops;
}

/// `latency`: once the group has started.
template <class Time>
void fill_times(const Machine& machine, Time latency, Time compute, Time dram, Time onchip, GroupCost& cost) {
  cost.latency = Ticks{latency.value()} + machine.launch;
  cost.compute = Ticks{compute.value()};
  cost.dram = Ticks{dram.value()};
  cost.onchip = Ticks{onchip.value()};
  cost.bound = bound_of(compute, dram, onchip);
}

/// A group of equal tiles that all move the same: its exact latency.
template <class Numbers>
class EqualTilesEvaluation : MachineTimes<Numbers> {
  using Base = MachineTimes<Numbers>;
  using Base::core_time;
  using Base::dram_time;
  using Base::machine_;
  using Base::port_time;
  using Ticks = typename Numbers::Time;

 public:
  EqualTilesEvaluation(const GroupProfile& group, const Machine& machine)
      : Base{machine}, group_{group}, tiles_{group.classes.front()} {}

  /// False if no core runs some operator.
  [[nodiscard]] bool count(GroupCost& cost) {
    if (!add_work(group_, tiles_, machine_, tile_)) return false;
    fill_profiled(group_, cost);
    cost.compute_cycles = Numbers::product(Cycles{tile_.work.compute}, tiles_.count);
    cost.pe_cycles = Numbers::product(Cycles{tile_.pe_cycles}, tiles_.count);
    cost.onchip_read = Numbers::product(tile_.work.read(), tiles_.count);
    cost.onchip_write = Numbers::product(tile_.work.written(), tiles_.count);
    return true;
  }

  /// After that, if no count has overflowed.
  void time(GroupCost& cost) const {
    const Ticks compute = core_time(cost.compute_cycles);
    const Ticks onchip = port_time(cost.onchip_read, cost.onchip_write);
    const Ticks latency = dram_time(group_.equal_tiles->outside) + pipeline(longest(compute, onchip));
    fill_times(machine_, latency, compute, dram_time(group_.transfers[machine_.dram_ports]), onchip, cost);
  }

 private:
  [[nodiscard]] [[gnu::always_inline]] inline Ticks pipeline(Ticks all_tiles) const;

  const GroupProfile& group_;
  const TileClass& tiles_;
  TileWorkCost tile_;
};

/// Time of equal tiles with two slots each way (docs/model/latency.md): load r, compute c, store w. T(n) from
/// the load of the first tile on, or, if the second one's comes before what stays is there, from when both
/// are.
template <class Numbers>
auto EqualTilesEvaluation<Numbers>::pipeline(Ticks all_tiles) const -> Ticks {
  const EqualTiles& tile = *group_.equal_tiles;
  const std::int64_t n = tiles_.count;
  const Ticks r = dram_time(tile.load);
  const Ticks w = dram_time(tile.store);
  const Ticks c =
      longest(core_time(Cycles{tile_.work.compute}), port_time(tile_.work.read(), tile_.work.written()));
  const Ticks none;
  if (n == 1) return r + c + w;
  const bool two_there = group_.lead.ahead > Bytes{0};
  if (machine_.dram_ports == Ports::kSeparate) {
    const Ticks reads = two_there ? r * (n - 2) + c : r * (n - 1);
    return (two_there ? r * 2 : r) + c + w + longest(reads, c * (n - 1), w * (n - 1));
  }
  const Ticks idle = (two_there ? c : longest(none, c - r)) + longest(none, c - w);
  return longest((two_there ? r * 2 : r) + all_tiles + w, (r + w) * n + idle);
}

}  // namespace fusescape
