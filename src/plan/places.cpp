#include "fusescape/plan/places.hpp"

#include <algorithm>

namespace fusescape {
namespace {

bool is_only_child(const Plan& plan, NodeId node) {
  return plan.node(plan.node(node).parent).children.size() == 1;
}

/// Whether some run has both nodes among its leaves.
bool run_together(const std::vector<LeafRun>& runs, NodeId a, NodeId b) {
  const auto has = [](const LeafRun& run, NodeId leaf) {
    return std::find(run.leaves.begin(), run.leaves.end(), leaf) != run.leaves.end();
  };
  return a == b || std::any_of(runs.begin(), runs.end(),
                               [&](const LeafRun& run) { return has(run, a) && has(run, b); });
}

}  // namespace

Turn turn_of(const Plan& plan, NodeId group, const std::vector<LeafRun>& runs, const Allocation& memory) {
  const std::vector<NodeId>& children = plan.node(memory.node).children;
  const bool throughout =
      run_together(runs, children.front(), children[static_cast<std::size_t>(memory.first_child)]) &&
      run_together(runs, children.back(), children[static_cast<std::size_t>(memory.last_child)]);
  if (!throughout) {
    return {memory.node, children[static_cast<std::size_t>(memory.first_child)],
            children[static_cast<std::size_t>(memory.last_child)], false};
  }
  NodeId node = memory.node;
  while (node != group && is_only_child(plan, node)) node = plan.node(node).parent;
  if (node == group) return {kRoot, group, group, true};
  return {plan.node(node).parent, node, node, false};
}

int first_slabs(const BufferFlow& flow, Elements turns) {
  if (flow.loads.empty() || turns.overflow()) return 0;
  return static_cast<int>(std::min<std::int64_t>(flow.slots, flow.loads.front().visits / turns.value()));
}

}  // namespace fusescape
