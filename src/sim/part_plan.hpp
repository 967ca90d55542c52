// How is one group of a plan simulated on its own? As a plan of that group alone.
#pragma once

#include "fusescape/plan/plan.hpp"

namespace fusescape {

/// The plan whose only group is `group` of `plan`, with its storages and no retention.
[[nodiscard]] Plan part_of(const Plan& plan, NodeId group);

}  // namespace fusescape
