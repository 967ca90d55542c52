// Which ranks lie on which part of a core, and can the hardware do what a plan asks of it?
#pragma once

#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// The mapping that the first matching rule of the first core able to run each operator gives. Ranks along
/// which an operator recurs are never mapped. An operator that no core can run gets an empty mapping
/// (hardware_violations reports it).
[[nodiscard]] std::vector<SpatialMapping> spatial_mappings(const Cascade& cascade,
                                                           const Accelerator& accelerator);

/// Core that runs `kind`: the first that can. None if no core can.
[[nodiscard]] std::optional<std::size_t> core_for(const Accelerator& accelerator, OpKind kind);

/// What `accelerator` cannot do: operators without a core, reductions where nothing reduces, sequential ranks
/// on hardware, chains on several kinds of core, or that need more registers than a PE has.
[[nodiscard]] std::vector<Violation> hardware_violations(const Cascade& cascade, const Plan& plan,
                                                         const Accelerator& accelerator);

}  // namespace fusescape
