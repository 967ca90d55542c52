#include "fusescape/plan/leaf_runs.hpp"

#include <algorithm>

namespace fusescape {
namespace {

bool has(const std::vector<OpId>& operators, OpId op) {
  return std::find(operators.begin(), operators.end(), op) != operators.end();
}

/// True if one of `members` reads from DRAM what `run` spills.
bool fetches_from(const Cascade& cascade, const GroupLayout& group, const LeafRun& run,
                  const std::vector<OpId>& members) {
  return std::any_of(group.buffers.begin(), group.buffers.end(), [&](const Buffer& buffer) {
    const auto& producer = cascade.producer[index_of(buffer.tensor)];
    return buffer.role == BufferRole::kFetched && producer && has(run.operators, *producer) &&
           std::any_of(buffer.uses.begin(), buffer.uses.end(),
                       [&](const Use& use) { return has(members, use.op); });
  });
}

void append(const Cascade& cascade, const Plan& plan, const GroupLayout& group, NodeId node,
            std::vector<LeafRun>& runs) {
  bool joins = false;
  for (const NodeId child : plan.node(node).children) {
    const NodeKind kind = plan.node(child).kind;
    if (kind != NodeKind::kOperator && kind != NodeKind::kChain) {
      append(cascade, plan, group, child, runs);
      joins = false;
      continue;
    }
    const std::vector<OpId> members = operators_below(plan, child);
    if (!joins || fetches_from(cascade, group, runs.back(), members)) runs.push_back({node, {}, {}});
    runs.back().leaves.push_back(child);
    runs.back().operators.insert(runs.back().operators.end(), members.begin(), members.end());
    joins = true;
  }
}

}  // namespace

std::vector<LeafRun> leaf_runs(const Cascade& cascade, const Plan& plan, const GroupLayout& group) {
  std::vector<LeafRun> runs;
  append(cascade, plan, group, group.node, runs);
  return runs;
}

}  // namespace fusescape
