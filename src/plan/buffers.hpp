// Which buffers does each group of a legal plan need, where do they live, and how long?
#pragma once

#include "fusescape/plan/layout.hpp"
#include "placement.hpp"

namespace fusescape {

/// Expects a plan without violations.
[[nodiscard]] GroupLayout group_layout(const Cascade& cascade, const Plan& plan, const Placement& placed,
                                       NodeId group);

}  // namespace fusescape
