#include "fusescape/plan/retention.hpp"

#include <algorithm>

#include "fusescape/plan/traffic.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// The position of the group that runs `op`; the number of groups if none does.
std::size_t group_running(const Layout& layout, OpId op) {
  const auto runs = [&](const GroupLayout& group) {
    return std::find(group.operators.begin(), group.operators.end(), op) != group.operators.end();
  };
  const auto found = std::find_if(layout.groups.begin(), layout.groups.end(), runs);
  return static_cast<std::size_t>(found - layout.groups.begin());
}

}  // namespace

GroupSpan retained_span(const Cascade& cascade, const Layout& layout, TensorId tensor) {
  const std::size_t made = group_running(layout, *cascade.producer[index_of(tensor)]);
  FUSESCAPE_EXPECTS(made < layout.groups.size());
  GroupSpan span{made, made};
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    const std::size_t read = group_running(layout, use.op);
    if (read < layout.groups.size()) span.last = std::max(span.last, read);
  }
  return span;
}

Bytes reserved_bytes(const Cascade& cascade, const Plan& plan, const Layout& layout, std::size_t group) {
  Bytes reserved = cascade.resident;
  for (const Retention& retention : plan.retentions) {
    if (retained_span(cascade, layout, retention.tensor).includes(group)) reserved += retention.bytes;
  }
  return reserved;
}

bool is_read_whole(const Cascade& cascade, TensorId tensor) {
  const auto& uses = cascade.uses[index_of(tensor)];
  return std::all_of(uses.begin(), uses.end(), [&](const Use& use) { return reads_whole(cascade, use); });
}

bool is_loaded_evenly(const Cascade& cascade, const Plan& plan, const Layout& layout, TensorId tensor) {
  const auto evenly = [&](const Buffer& buffer) {
    if (buffer.tensor != tensor || buffer.role != BufferRole::kFetched) return true;
    const Slab slab{.access = buffer.access, .bits = 1};
    return movement(cascade, loops_above(plan, buffer.node), slab, Bytes{1}).passes > Visits{};
  };
  return std::all_of(layout.groups.begin(), layout.groups.end(), [&](const GroupLayout& group) {
    return std::all_of(group.buffers.begin(), group.buffers.end(), evenly);
  });
}

}  // namespace fusescape
