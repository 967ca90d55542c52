// Which operators of a group run as one piece? Neighbours in the tree, unless one fetches what another
// spills.
#pragma once

#include <vector>

#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Consecutive leaves (operators, chains) of one node.
struct LeafRun {
  NodeId parent = kRoot;
  std::vector<NodeId> leaves;
  std::vector<OpId> operators;
};

/// The runs of a group in order of execution, each as long as possible: on one core they are its tiles. A
/// leaf that fetches from DRAM what an earlier one of its run stores there begins a new run.
[[nodiscard]] std::vector<LeafRun> leaf_runs(const Cascade& cascade, const Plan& plan,
                                             const GroupLayout& group);

}  // namespace fusescape
