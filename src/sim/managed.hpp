// How does a plan run when memory is managed: groups that do not fit spill, and tensors stay between groups?
#pragma once

#include "fusescape/sim/simulate.hpp"

namespace fusescape {

/// What `simulate` does with an eviction policy. Groups that spill, or use what is kept between groups, run
/// their operators one after another; the others as without eviction, each on its own. Expects
/// options.eviction != Eviction::kNone.
[[nodiscard]] expected<SimResult, SimFailure> simulate_managed(const Cascade& cascade, const Plan& plan,
                                                               const Layout& layout,
                                                               const Accelerator& accelerator,
                                                               const SimOptions& options,
                                                               SimObserver* observer);

}  // namespace fusescape
