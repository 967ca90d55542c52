#include "fusescape/report/silicon.hpp"

#include <fmt/format.h>

#include <utility>

#include "fusescape/arch/energy.hpp"
#include "fusescape/report/energy_notes.hpp"

namespace fusescape {
namespace {

void add_energy(const Accelerator& accelerator, const Technology& technology, const EnergyOfRun& run,
                Silicon& silicon) {
  const EnergyPrices prices = prices_of(accelerator, &technology);
  silicon.energy = energy_of(run.counts, run.activities, prices);
  const EnergyBreakdown& plan = silicon.energy->plan;
  for (std::string& note : energy_notes(plan, prices, &technology)) silicon.notes.push_back(std::move(note));
  if (!plan.total) return;
  silicon.energy_pj = plan.total->value();
  silicon.power_w = average_power(plan.total, run.time)->value();
}

}  // namespace

EnergyOfRun run_of(const Cascade& cascade, const Accelerator& accelerator, const Assessment& assessment) {
  return {energy_counts(cascade, assessment.plan, assessment.layout, assessment.profile,
                        profile_options(accelerator)),
          activities_of(assessment.groups, assessment.machine, accelerator.clock),
          duration(assessment.cost.latency, accelerator.clock)};
}

Silicon silicon_of(const Accelerator& accelerator, const Technology* technology, PhyArea phy,
                   const EnergyOfRun* run) {
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
  if (run != nullptr) add_energy(accelerator, *technology, *run, silicon);
  return silicon;
}

}  // namespace fusescape
