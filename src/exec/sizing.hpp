// How much memory does each buffer need, and when? Found by running through all iterations once, without
// numbers, as a compiler that allocates statically has to know it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/exec/execute.hpp"
#include "slab.hpp"

namespace fusescape {

/// The memory of one buffer: slots of its largest slab.
struct Allotment {
  Bytes bytes;
  int slots = 1;
  std::vector<std::int64_t>
      widths;           ///< Most elements along each dimension of the tensor that it holds at a time.
  NodeId node = kRoot;  ///< Alive within its iterations, from one child to another ...
  std::int32_t first_child = 0;
  std::int32_t last_child = 0;
  bool lasting = false;  ///< ... or from its first iteration to its last: one finds what another left.
  std::optional<std::size_t> host;  ///< It lives in this buffer's memory.
};

/// Per group and buffer.
[[nodiscard]] std::vector<std::vector<Allotment>> allotments(const Cascade& cascade, const Plan& plan,
                                                             const Layout& layout,
                                                             const ExecOptions& options);

}  // namespace fusescape
