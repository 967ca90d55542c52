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

}  // namespace fusescape
