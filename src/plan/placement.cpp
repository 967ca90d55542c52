#include "placement.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"

namespace fusescape {

Placement place(const Cascade& cascade, const Plan& plan) {
  Placement placed;
  placed.leaf.resize(cascade.operators.size(), kRoot);
  placed.order.resize(cascade.operators.size(), 0);
  placed.group.resize(cascade.operators.size(), 0);
  std::int32_t order = 0;
  for (const OpId op : operators_below(plan, kRoot)) placed.order[index_of(op)] = order++;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    if (node.kind != NodeKind::kOperator) continue;
    const NodeId id{static_cast<std::uint16_t>(i)};
    placed.leaf[index_of(node.op)] = id;
    placed.group[index_of(node.op)] = child_position(plan, kRoot, id);
  }
  return placed;
}

NodeId storing_parent(const Plan& plan, NodeId leaf) {
  const NodeId parent = plan.node(leaf).parent;
  return plan.node(parent).kind == NodeKind::kChain ? plan.node(parent).parent : parent;
}

std::int32_t child_position(const Plan& plan, NodeId node, NodeId below) {
  while (plan.node(below).parent != node) {
    FUSESCAPE_EXPECTS(below != kRoot);
    below = plan.node(below).parent;
  }
  const std::vector<NodeId>& children = plan.node(node).children;
  const auto found = std::find(children.begin(), children.end(), below);
  return static_cast<std::int32_t>(found - children.begin());
}

std::int64_t tile_extent(const Cascade& cascade, const Plan& plan, NodeId node, RankId rank) {
  std::int64_t extent = cascade.extent(rank).value();
  for (;; node = plan.node(node).parent) {
    const Node& here = plan.node(node);
    if (here.kind == NodeKind::kLoop && here.rank == rank) extent = std::min(extent, here.tile);
    if (node == kRoot) return extent;
  }
}

std::vector<LiveLoop> live_loops(const Cascade& cascade, const Plan& plan, NodeId node) {
  const std::vector<PathLoop> above = loops_above(plan, node);
  std::vector<LiveLoop> live;
  live.reserve(above.size());
  for (const PathLoop& loop : above) {
    const NodeId parent = plan.node(loop.node).parent;
    if (loop.tile < tile_extent(cascade, plan, parent, loop.rank)) live.push_back({loop.node, loop.rank});
  }
  return live;
}

}  // namespace fusescape
