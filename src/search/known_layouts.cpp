#include "known_layouts.hpp"

#include <algorithm>
#include <utility>

namespace fusescape {
namespace {

/// What the loops above `loop` leave of its rank.
std::int64_t extent_above(const Cascade& cascade, const Plan& plan, const Node& loop) {
  std::int64_t extent = cascade.extent(loop.rank).value();
  for (NodeId node = loop.parent; node != kRoot; node = plan.node(node).parent) {
    const Node& above = plan.node(node);
    if (above.kind == NodeKind::kLoop && above.rank == loop.rank) extent = std::min(extent, above.tile);
  }
  return extent;
}

}  // namespace

bool has_chain(const Plan& plan) {
  return std::any_of(plan.nodes.begin(), plan.nodes.end(),
                     [](const Node& node) { return node.kind == NodeKind::kChain; });
}

KnownLayouts::KnownLayouts(const Planner& planner) : planner_{planner} {
  const Cascade& cascade = planner.cascade();
  for (const Recurrence& recurrence : cascade.recurrences) {
    longest_ = std::max(longest_, recurrence.min_distance);
  }
  for (const Operator& op : cascade.operators) {
    for (const Access& input : op.inputs) {
      for (const Index& index : input.indices) longest_ = std::max(longest_, reach(cascade, index));
    }
  }
}

/// All that rules and buffers depend on.
KnownLayouts::Form KnownLayouts::form_of(const Plan& plan) const {
  const Cascade& cascade = planner_.cascade();
  Form form;
  form.reserve(plan.nodes.size());
  for (const Node& node : plan.nodes) {
    if (node.kind != NodeKind::kLoop) {
      form.push_back({node.kind, node.parent, index_of(node.op), 0, false, false});
      continue;
    }
    form.push_back({node.kind, node.parent, index_of(node.rank), std::min(node.tile, longest_ + 1),
                    node.tile < extent_above(cascade, plan, node),
                    Elements{node.tile} < cascade.extent(node.rank)});
  }
  return form;
}

const GroupLayout* KnownLayouts::of(const Plan& plan) {
  const auto [entry, is_new] = known_.try_emplace(form_of(plan));
  std::optional<GroupLayout>& group = entry->second;
  if (is_new && (!has_chain(plan) || planner_.runs_on_hardware(plan))) {
    auto layout = lay_out(planner_.cascade(), plan, Coverage::kPart);
    if (layout) group = std::move(layout->groups.front());
  }
  return group ? &*group : nullptr;
}

}  // namespace fusescape
