#include "least_time.hpp"

#include <algorithm>

namespace fusescape {

LeastTime::LeastTime(const Planner& planner, OpId op, const Machine& machine)
    : machine_{machine},
      ticks_per_cycle_{static_cast<double>(machine.scale.ticks_per_cycle())},
      launch_{static_cast<double>(machine.launch.value())},
      port_ticks_{static_cast<double>(
          std::min(machine.sram_read_ticks_per_byte, machine.sram_write_ticks_per_byte))} {
  if (machine.sram_ports == Ports::kSeparate) {
    port_ticks_ /= 2.0;
    half_ = 1.0;
  }
  const std::vector<OpId>& unit = planner.unit(op);
  side_by_side_ = std::any_of(unit.begin(), unit.end(), [&](OpId member) {
    return planner.spatial()[index_of(member)].operand_loads == OperandLoads::kConcurrent;
  });
  if (side_by_side_) return;
  ends_ticks_ = static_cast<double>(machine.dram_ticks_per_byte);
  moved_ticks_ = machine.dram_ports == Ports::kShared ? ends_ticks_ : ends_ticks_ / 2.0;
}

Ticks LeastTime::exactly(const Weights& weights) const {
  if (weights.array.compute.overflow() || weights.array.onchip.overflow() || weights.moved.overflow() ||
      weights.ends.overflow()) {
    return {};
  }
  const std::int64_t each = std::min(machine_.sram_read_ticks_per_byte, machine_.sram_write_ticks_per_byte);
  const std::int64_t onchip = weights.array.onchip.value();
  const Ticks ports = Ticks{machine_.sram_ports == Ports::kShared ? onchip : onchip / 2} * each;
  const Ticks tiles = longest(machine_.scale.ticks(weights.array.compute), ports);
  if (side_by_side_) return tiles + machine_.launch;
  const std::int64_t moved = weights.moved.value();
  const std::int64_t busier = machine_.dram_ports == Ports::kShared ? moved : ceil_div(moved, 2);
  const Ticks ends = Ticks{weights.ends.value()} * machine_.dram_ticks_per_byte;
  return longest(tiles + ends, Ticks{busier} * machine_.dram_ticks_per_byte) + machine_.launch;
}

}  // namespace fusescape
