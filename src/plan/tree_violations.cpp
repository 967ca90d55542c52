// The tree itself: is each operator placed once, and every node of a kind that may be there?
#include <fmt/format.h>

#include <algorithm>

#include "legality.hpp"

namespace fusescape {
namespace {

Violation malformed(std::string detail) {
  return {.rule = Rule::kMalformedTree,
          .producer = {},
          .consumer = {},
          .rank = {},
          .tensor = {},
          .detail = std::move(detail)};
}

void check_loop(const Cascade& cascade, const Node& node, std::vector<Violation>& found) {
  if (index_of(node.rank) >= cascade.ranks.size()) {
    found.push_back(malformed("a loop is over a rank that the cascade lacks"));
  } else if (node.tile < 1) {
    found.push_back(malformed(fmt::format("the loop over {} has tile {}; the least is 1",
                                          cascade.rank(node.rank).name, node.tile)));
  }
}

void check_node(const Cascade& cascade, const Plan& plan, const Node& node, std::vector<Violation>& found) {
  const bool leaf = node.kind == NodeKind::kOperator;
  if (leaf != node.children.empty()) {
    found.push_back(malformed(leaf ? "an operator has children" : "a loop, sequence or chain is empty"));
  }
  if (node.kind == NodeKind::kLoop) check_loop(cascade, node, found);
  if (node.kind != NodeKind::kChain) return;
  for (const NodeId child : node.children) {
    if (plan.node(child).kind != NodeKind::kOperator) {
      found.push_back(malformed("a chain holds something other than operators"));
    }
  }
}

/// Traffic tells by one bit of 64 for each loop above a buffer whether its slab stays (Movement::kept).
constexpr std::size_t kMostLoopsAbove = 64;

void check_depth(const Plan& plan, std::vector<Violation>& found) {
  const auto is_loop = [](const Node& node) { return node.kind == NodeKind::kLoop; };
  const auto loops = std::count_if(plan.nodes.begin(), plan.nodes.end(), is_loop);
  if (static_cast<std::size_t>(loops) <= kMostLoopsAbove) return;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (!is_loop(plan.nodes[i])) continue;
    if (loops_above(plan, NodeId{static_cast<std::uint16_t>(i)}).size() <= kMostLoopsAbove) continue;
    found.push_back(malformed(fmt::format("more than {} loops lie in one another", kMostLoopsAbove)));
    return;
  }
}

void check_placement(const Cascade& cascade, const Plan& plan, Coverage coverage,
                     std::vector<Violation>& found) {
  std::vector<int> times(cascade.operators.size(), 0);
  for (const Node& node : plan.nodes) {
    if (node.kind != NodeKind::kOperator) continue;
    if (index_of(node.op) >= times.size()) {
      found.push_back(malformed("a leaf names an operator that the cascade lacks"));
    } else {
      ++times[index_of(node.op)];
    }
  }
  for (std::size_t op = 0; op < times.size(); ++op) {
    if (times[op] == 1 || (times[op] == 0 && coverage == Coverage::kPart)) continue;
    found.push_back(malformed(times[op] == 0 ? "the plan does not run it" : "the plan runs it twice"));
    found.back().producer = OpId{static_cast<std::uint16_t>(op)};
  }
}

}  // namespace

std::vector<Violation> tree_violations(const Cascade& cascade, const Plan& plan, Coverage coverage) {
  std::vector<Violation> found;
  for (const Node& node : plan.nodes) check_node(cascade, plan, node, found);
  for (const NodeId group : plan.node(kRoot).children) {
    if (plan.node(group).kind != NodeKind::kSequence) {
      found.push_back(malformed("a child of the root is not a group (a sequence)"));
    }
  }
  check_depth(plan, found);
  check_placement(cascade, plan, coverage, found);
  if (!plan.spatial.empty() && plan.spatial.size() != cascade.operators.size()) {
    found.push_back(malformed("the plan maps a different number of operators to hardware than there are"));
  }
  return found;
}

}  // namespace fusescape
