// What area, energy and power does a technology table give for an accelerator and what ran on it?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/area.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/cost/evaluate.hpp"

namespace fusescape {

/// Holes of the table stay holes.
struct Silicon {
  std::optional<double> area_mm2;
  std::optional<double> energy_pj;  ///< Of one block, without leakage.
  std::optional<double> power_w;    ///< Average over the block, leakage included.
  std::vector<std::string> notes;   ///< What the numbers rest on; shown beside them.
};

/// Everything is empty without a technology, and energy and power without a cost. Operations are priced as
/// multiply-accumulates of the PEs' type, once per cycle that they occupy a PE.
[[nodiscard]] Silicon silicon_of(const Accelerator& accelerator, const Technology* technology, PhyArea phy,
                                 const Cost* cost);

}  // namespace fusescape
