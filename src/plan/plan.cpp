#include "fusescape/plan/plan.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

NodeId add_node(Plan& plan, NodeId parent, Node node) {
  node.parent = parent;
  const NodeId id{static_cast<std::uint16_t>(plan.nodes.size())};
  plan.nodes.push_back(std::move(node));
  plan.nodes[index_of(parent)].children.push_back(id);
  return id;
}

int depth_of(const Plan& plan, NodeId node) {
  int depth = 0;
  for (; node != kRoot; node = plan.node(node).parent) ++depth;
  return depth;
}

void append_operators(const Plan& plan, NodeId node, std::vector<OpId>& found) {
  const Node& here = plan.node(node);
  if (here.kind == NodeKind::kOperator) found.push_back(here.op);
  for (const NodeId child : here.children) append_operators(plan, child, found);
}

}  // namespace

NodeId add_sequence(Plan& plan, NodeId parent) {
  return add_node(plan, parent, {});
}

NodeId add_loop(Plan& plan, NodeId parent, RankId rank, std::int64_t tile) {
  return add_node(plan, parent, {.kind = NodeKind::kLoop, .rank = rank, .tile = tile});
}

NodeId add_chain(Plan& plan, NodeId parent) {
  return add_node(plan, parent, {.kind = NodeKind::kChain});
}

NodeId add_operator(Plan& plan, NodeId parent, OpId op) {
  return add_node(plan, parent, {.kind = NodeKind::kOperator, .op = op});
}

std::vector<PathLoop> loops_above(const Plan& plan, NodeId node) {
  std::vector<PathLoop> loops;
  loops.reserve(static_cast<std::size_t>(depth_of(plan, node)));
  for (;; node = plan.node(node).parent) {
    const Node& here = plan.node(node);
    if (here.kind == NodeKind::kLoop) loops.push_back({node, here.rank, here.tile});
    if (node == kRoot) break;
  }
  std::reverse(loops.begin(), loops.end());
  return loops;
}

bool is_above(const Plan& plan, NodeId ancestor, NodeId node) {
  while (node != ancestor && node != kRoot) node = plan.node(node).parent;
  return node == ancestor;
}

NodeId group_of(const Plan& plan, NodeId node) {
  FUSESCAPE_EXPECTS(node != kRoot);
  while (plan.node(node).parent != kRoot) node = plan.node(node).parent;
  return node;
}

NodeId common_ancestor(const Plan& plan, NodeId a, NodeId b) {
  int depth_a = depth_of(plan, a);
  int depth_b = depth_of(plan, b);
  for (; depth_a > depth_b; --depth_a) a = plan.node(a).parent;
  for (; depth_b > depth_a; --depth_b) b = plan.node(b).parent;
  while (a != b) {
    a = plan.node(a).parent;
    b = plan.node(b).parent;
  }
  return a;
}

std::vector<OpId> operators_below(const Plan& plan, NodeId node) {
  std::vector<OpId> found;
  append_operators(plan, node, found);
  return found;
}

int dram_bits(const Cascade& cascade, const Plan& plan, TensorId tensor) {
  for (const StorageFormat& format : plan.formats) {
    if (format.tensor == tensor) return format.bits;
  }
  return bits_of(cascade.tensor(tensor).type);
}

}  // namespace fusescape
