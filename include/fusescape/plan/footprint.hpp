// How many on-chip bytes does a group need at its most crowded point?
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fusescape/plan/layout.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// A buffer's static allocation.
struct Allocation {
  Bytes bytes;  ///< slots x largest slab.
  NodeId node = kRoot;
  std::int32_t first_child = 0;
  std::int32_t last_child = 0;
  std::optional<std::int32_t> inside{};  ///< Position of the allocation whose memory it shares.
};

/// max over the children of each node of (what is alive there + what the child needs), from the group down.
[[nodiscard]] Bytes peak_bytes(const Plan& plan, NodeId group, std::vector<Allocation> allocations);

/// "group 0 needs 192 B on chip, 191 B are there". Groups count from 0.
[[nodiscard]] std::string describe_shortage(std::size_t group, Bytes needed, Bytes available);

}  // namespace fusescape
