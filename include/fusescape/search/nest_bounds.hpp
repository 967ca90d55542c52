// What does a loop nest around one operator move and hold at the very least? Without laying it out.
#pragma once

#include <vector>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Lower bounds of what the nest's profile says: exact where every visit is a whole number of granules, zero
/// where nothing is known (windows, operators that read their own output, counts beyond 64 bits).
struct NestBounds {
  Bytes moved;  ///< Over the DRAM port.
  Bytes held;   ///< On chip.
};

/// Expects at most one loop over each rank, and no tile beyond its extent.
[[nodiscard]] NestBounds nest_bounds(const Cascade& cascade, const ProfileOptions& options, OpId op,
                                     const std::vector<LoopSpec>& loops);

}  // namespace fusescape
