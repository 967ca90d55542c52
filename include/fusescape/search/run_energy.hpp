// What energy did a run take? Its counts, what the machine added, and the design's prices.
#pragma once

#include <vector>

#include "fusescape/arch/design.hpp"
#include "fusescape/cost/energy.hpp"
#include "fusescape/search/assessment.hpp"

namespace fusescape {

/// Per group, what was counted in the plan and what the machine added.
struct EnergyOfRun {
  std::vector<EnergyCounts> counts;
  std::vector<Activity> activities;
};
[[nodiscard]] EnergyOfRun run_of(const Cascade& cascade, const Design& design, const Assessment& assessment);

/// Under the design's technology; without one all is null.
[[nodiscard]] PlanEnergy plan_energy(const EnergyOfRun& run, const Design& design);

}  // namespace fusescape
