// What stays on chip between groups? Retentions that a plan's free memory allows.
#pragma once

#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Keeps of each tensor that one of `makers` makes and only `makers` read, in later groups, as many whole
/// tokens as fit beside the larger working set; tensors in cascade order. `makers` holds operators of fused
/// groups.
void retain_between(Plan& plan, const Planner& planner, const Machine& machine,
                    const std::vector<OpId>& makers);

/// Keeps of all tensors between groups the amounts that save the most DRAM traffic (docs/model/retention.md).
void retain_best(Plan& plan, const Planner& planner, const Machine& machine);

/// Keeps each tensor whole where it fits, in cascade order, and nothing of it where it does not.
void retain_whole(Plan& plan, const Planner& planner, const Machine& machine);

}  // namespace fusescape
