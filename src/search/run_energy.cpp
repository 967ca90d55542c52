#include "fusescape/search/run_energy.hpp"

namespace fusescape {

EnergyOfRun run_of(const Cascade& cascade, const Design& design, const Assessment& assessment) {
  return {energy_counts(cascade, assessment.plan, assessment.layout, assessment.profile,
                        profile_options(design.accelerator)),
          activities_of(assessment.groups, design.machine, design.accelerator.clock)};
}

PlanEnergy plan_energy(const EnergyOfRun& run, const Design& design) {
  return energy_of(run.counts, run.activities, prices_of(design.accelerator, design.technology.get()));
}

}  // namespace fusescape
