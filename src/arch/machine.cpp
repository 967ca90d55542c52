#include "fusescape/arch/machine.hpp"

#include <algorithm>
#include <tuple>

#include "fusescape/arch/engines.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

Engine engine_of(const Core& core, std::size_t kind) {
  return {.count = core.count,
          .rows = core.rows,
          .cols = core.cols,
          .cycles_per_op = core.cycles_per_op[kind],
          .efficiency = core.efficiency[kind]};
}

auto parts_of(const Engine& engine) {
  return std::tie(engine.count, engine.rows, engine.cols, engine.cycles_per_op, engine.efficiency);
}

}  // namespace

Engines engines_of(const Accelerator& accelerator) {
  Engines engines{};
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind) {
    for (const Core& core : accelerator.cores) {
      FUSESCAPE_EXPECTS(core.cycles_per_op[kind] <= kMostCyclesPerOp);
      FUSESCAPE_EXPECTS(core.efficiency[kind] > Ratio{0} && core.efficiency[kind] <= Ratio{1});
      if (engines[kind].cycles_per_op == 0) engines[kind] = engine_of(core, kind);
    }
  }
  return engines;
}

ArrayModel array_model(const Accelerator& accelerator) {
  ArrayModel array{.engines = engines_of(accelerator), .fill = accelerator.model.fill_cycles};
  for (const Core& core : accelerator.cores) array.registers.push_back(core.registers_per_pe);
  return array;
}

bool operator==(const ArrayModel& a, const ArrayModel& b) {
  const auto same = [](const Engine& x, const Engine& y) { return parts_of(x) == parts_of(y); };
  return a.fill == b.fill && a.registers == b.registers &&
         std::equal(a.engines.begin(), a.engines.end(), b.engines.begin(), same);
}

expected<Machine, NoTimeBase> make_machine(const Accelerator& accelerator) {
  Machine machine;
  machine.engines = engines_of(accelerator);
  machine.pes = accelerator.pes();
  machine.capacity = accelerator.sram.capacity;
  const BitsPerCycle dram = accelerator.dram.effective_bandwidth();
  const BitsPerCycle read = accelerator.sram.read_bandwidth();
  const BitsPerCycle write = accelerator.sram.write_bandwidth();
  for (const BitsPerCycle port : {dram, read, write}) {
    if (!machine.scale.include(port)) return unexpected{NoTimeBase{}};
  }
  machine.dram_ticks_per_byte = machine.scale.ticks_per_byte(dram);
  machine.sram_read_ticks_per_byte = machine.scale.ticks_per_byte(read);
  machine.sram_write_ticks_per_byte = machine.scale.ticks_per_byte(write);
  machine.dram_ports = accelerator.dram.ports;
  machine.sram_ports = accelerator.sram.ports;
  machine.model = accelerator.model;
  machine.launch = Ticks{accelerator.model.launch_cycles.value()} * machine.scale.ticks_per_cycle();
  return machine;
}

}  // namespace fusescape
