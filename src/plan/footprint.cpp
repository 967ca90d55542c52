#include "fusescape/plan/footprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fusescape/plan/places.hpp"

namespace fusescape {
namespace {

/// Memory that is shared has room for, and lives as long as, anything in it.
void extend(Allocation& host, const Allocation& guest) {
  if (host.node != guest.node) return;  // A host further out lives throughout.
  host.first_child = std::min(host.first_child, guest.first_child);
  host.last_child = std::max(host.last_child, guest.last_child);
  host.bytes = std::max(host.bytes, guest.bytes);
}

void extend_hosts(std::vector<Allocation>& allocations) {
  for (const Allocation& guest : allocations) {
    for (auto host = guest.inside; host; host = allocations[static_cast<std::size_t>(*host)].inside) {
      extend(allocations[static_cast<std::size_t>(*host)], guest);
    }
  }
}

/// Fills what is alive while each node below `node` runs, where `beside` lives further out.
void add_alive(const Plan& plan, NodeId node, Bytes beside, const std::vector<Allocation>& allocations,
               std::vector<Bytes>& alive) {
  const std::vector<NodeId>& children = plan.node(node).children;
  Bytes& most = alive[index_of(node)];
  if (children.empty()) most = beside;
  for (std::size_t child = 0; child < children.size(); ++child) {
    Bytes all = beside;
    for (const Allocation& memory : allocations) {
      const auto at = static_cast<std::int32_t>(child);
      const bool counts = memory.node == node && !memory.inside;
      if (counts && memory.first_child <= at && at <= memory.last_child) all += memory.bytes;
    }
    add_alive(plan, children[child], all, allocations, alive);
    most = std::max(most, alive[index_of(children[child])]);
  }
}

}  // namespace

std::vector<Bytes> bytes_alive(const Plan& plan, NodeId group, std::vector<Allocation> allocations) {
  extend_hosts(allocations);
  std::vector<Bytes> alive(plan.nodes.size());
  add_alive(plan, group, {}, allocations, alive);
  return alive;
}

Bytes peak_bytes(const Plan& plan, NodeId group, std::vector<Allocation> allocations) {
  return bytes_alive(plan, group, std::move(allocations))[index_of(group)];
}

std::string describe_shortage(std::size_t group, Bytes needed, Bytes available) {
  return fmt::format("group {} needs {} B on chip, {} B are there", group, needed.value(), available.value());
}

}  // namespace fusescape
