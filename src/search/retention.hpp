// What stays on chip between groups? Retentions that a plan's free memory allows.
#pragma once

#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Operators of groups that run token by token along `tokens`.
struct TokenGroups {
  RankId tokens{};
  std::vector<OpId> operators;
};

/// Keeps of each tensor that one of `fused` makes and only itself reads, in later groups, as many whole
/// tokens as fit beside the larger working set; tensors in cascade order.
void retain_between(Plan& plan, const Planner& planner, const Machine& machine,
                    const std::vector<TokenGroups>& fused);

/// Keeps of all tensors between groups the amounts that save the most DRAM traffic (docs/model/retention.md).
void retain_best(Plan& plan, const Planner& planner, const Machine& machine);

/// Keeps each tensor whole where it fits, in cascade order, and nothing of it where it does not.
void retain_whole(Plan& plan, const Planner& planner, const Machine& machine);

}  // namespace fusescape
