// When has a buffer memory, and how much do others leave free before that? Turns on the core, and what is
// alive in them (docs/adr/places.md).
#pragma once

#include <vector>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/footprint.hpp"
#include "fusescape/plan/leaf_runs.hpp"
#include "fusescape/plan/plan.hpp"

namespace fusescape {

/// The part of a group's tree in which a buffer has memory; each time that the core comes to it is a turn.
struct Turn {
  NodeId within = kRoot;  ///< Each iteration of this node and of the loops above it has a turn of its own.
  NodeId first = kRoot;   ///< From the first leaf at or below this node
  NodeId last = kRoot;    ///< to the last leaf at or below this one; siblings.
  bool only = false;      ///< The group has no other: whatever runs lies in it.
};

/// That of a buffer with `memory`. `runs` are what the core runs in one piece; if none are given, each leaf
/// is. What lives throughout a body that nothing runs beside has a turn as long as that of the body, whatever
/// loops are above.
[[nodiscard]] Turn turn_of(const Plan& plan, NodeId group, const std::vector<LeafRun>& runs,
                           const Allocation& memory);

/// Bytes alive while each node of the plan runs, at its most crowded leaf: its own, and what lives beside it
/// in nodes further out. 0 outside the group. peak_bytes() is that of the group.
[[nodiscard]] std::vector<Bytes> bytes_alive(const Plan& plan, NodeId group,
                                             std::vector<Allocation> allocations);

/// Slabs of a fed buffer that each of so many turns loads before it needs a slot again.
[[nodiscard]] int first_slabs(const BufferFlow& flow, Elements turns);

}  // namespace fusescape
