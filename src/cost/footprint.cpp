#include "footprint.hpp"

#include <algorithm>

namespace fusescape {
namespace {

/// Memory that is shared has room for, and lives as long as, anything in it.
void extend_hosts(std::vector<Allocation>& allocations) {
  for (const Allocation& guest : allocations) {
    std::optional<std::int32_t> host = guest.inside;
    while (host) {
      Allocation& memory = allocations[static_cast<std::size_t>(*host)];
      if (memory.node == guest.node) {
        memory.first_child = std::min(memory.first_child, guest.first_child);
        memory.last_child = std::max(memory.last_child, guest.last_child);
        memory.bytes = std::max(memory.bytes, guest.bytes);
      }
      host = memory.inside;
    }
  }
}

Bytes peak_below(const Plan& plan, NodeId node, const std::vector<Allocation>& allocations) {
  Bytes peak;
  const std::vector<NodeId>& children = plan.node(node).children;
  for (std::size_t child = 0; child < children.size(); ++child) {
    Bytes alive = peak_below(plan, children[child], allocations);
    for (const Allocation& memory : allocations) {
      const auto at = static_cast<std::int32_t>(child);
      const bool counts = memory.node == node && !memory.inside;
      if (counts && memory.first_child <= at && at <= memory.last_child) alive += memory.bytes;
    }
    peak = std::max(peak, alive);
  }
  return peak;
}

}  // namespace

Bytes peak_bytes(const Plan& plan, NodeId group, std::vector<Allocation> allocations) {
  extend_hosts(allocations);
  return peak_below(plan, group, allocations);
}

}  // namespace fusescape
