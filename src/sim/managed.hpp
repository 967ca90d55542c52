// How does a plan run when memory is managed: groups that do not fit spill, and tensors stay between groups?
#pragma once

#include "fusescape/sim/simulate.hpp"

namespace fusescape {

/// `simulate` with an eviction policy: operators run one after another, as in the closed form. Expects
/// options.eviction != Eviction::kNone.
[[nodiscard]] expected<SimResult, SimFailure> simulate_managed(const Cascade& cascade, const Plan& plan,
                                                               const Layout& layout,
                                                               const Accelerator& accelerator,
                                                               const SimOptions& options,
                                                               SimObserver* observer);

}  // namespace fusescape
