// What must a reader of an energy know: whose numbers, how much of the DRAM, which part is modelled, why
// null?
#pragma once

#include <string>
#include <vector>

#include "fusescape/arch/energy.hpp"
#include "fusescape/cost/energy.hpp"

namespace fusescape {

/// One line each, shown beside the figures; none without a technology.
[[nodiscard]] std::vector<std::string> energy_notes(const EnergyBreakdown& energy, const EnergyPrices& prices,
                                                    const Technology* technology);

}  // namespace fusescape
