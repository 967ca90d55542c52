// What does an operator ask of the PEs and of the memory above them in one tile?
#pragma once

#include <vector>

#include "fusescape/cost/profile.hpp"

namespace fusescape {

/// Appends the work of `node` (an operator, or a chain of them) in a tile of the given extents to `profile`.
void append_work(const Cascade& cascade, const Plan& plan, NodeId node,
                 const std::vector<std::int64_t>& extent, PlanProfile& profile);

}  // namespace fusescape
