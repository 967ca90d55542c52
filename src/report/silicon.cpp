#include "fusescape/report/silicon.hpp"

#include <fmt/format.h>

#include "fusescape/arch/energy.hpp"

namespace fusescape {
namespace {

void add_energy(const Accelerator& accelerator, const Technology& technology, const Cost& cost,
                Silicon& silicon) {
  EnergyCounts counts{.dram = cost.total.dram_read + cost.total.dram_write,
                      .onchip_read = cost.total.onchip_read,
                      .onchip_write = cost.total.onchip_write,
                      .ops = {}};
  counts.ops[static_cast<std::size_t>(accelerator.pe_type)] = Ops{cost.total.pe_cycles.value()};
  const EnergyBreakdown energy = energy_of(counts, accelerator.sram, technology);
  const std::optional<Picojoules> total = energy.total();
  if (!total) return;
  silicon.energy_pj = total->value();
  if (energy.extrapolated) silicon.notes.emplace_back("SRAM energy extrapolated beyond the table's sizes");
  const std::optional<Watts> power = average_power(total, duration(cost.latency, accelerator.clock),
                                                   leakage_of(accelerator.sram, technology));
  if (power) silicon.power_w = power->value();
}

}  // namespace

Silicon silicon_of(const Accelerator& accelerator, const Technology* technology, PhyArea phy,
                   const Cost* cost) {
  Silicon silicon;
  if (technology == nullptr) return silicon;
  const AreaBreakdown area = area_of(accelerator, *technology, phy);
  if (area.total) silicon.area_mm2 = area.total->value();
  if (area.total && area.extrapolated) {
    silicon.notes.emplace_back("SRAM area extrapolated beyond the table's sizes");
  }
  const std::optional<Closure> closure = closure_of(*technology);
  if (closure) {
    silicon.notes.push_back(fmt::format("the area table explains {:.0f} of the {:.0f} mm2 of {}",
                                        closure->explained().value(), closure->die.value(),
                                        technology->reference->name));
  }
  if (cost != nullptr) add_energy(accelerator, *technology, *cost, silicon);
  return silicon;
}

}  // namespace fusescape
