// What area, energy and power does a technology table give for an accelerator and what ran on it?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/area.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/cost/energy.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/support/time.hpp"

namespace fusescape {

/// Holes of the table stay holes.
struct Silicon {
  std::optional<double> area_mm2;
  std::optional<double> energy_pj;   ///< Of one block: all components.
  std::optional<double> power_w;     ///< Average over the block.
  std::optional<PlanEnergy> energy;  ///< Its components and groups; of a run.
  std::vector<std::string> notes;    ///< What the numbers rest on; shown beside them.
};

/// What ran: counts of each group, what the machine added, and how long all took.
struct EnergyOfRun {
  std::vector<EnergyCounts> counts;
  std::vector<Activity> activities;
  Seconds time;
};
[[nodiscard]] EnergyOfRun run_of(const Cascade& cascade, const Accelerator& accelerator,
                                 const Assessment& assessment);

/// Everything is empty without a technology, and energy and power without a run.
[[nodiscard]] Silicon silicon_of(const Accelerator& accelerator, const Technology* technology, PhyArea phy,
                                 const EnergyOfRun* run);

}  // namespace fusescape
