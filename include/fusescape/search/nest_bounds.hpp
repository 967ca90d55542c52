// What does a loop nest around one operator move, hold and ask of the array at the very least? Without laying
// it out.
#pragma once

#include <vector>

#include "fusescape/arch/engines.hpp"
#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/work.hpp"
#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Lower bounds of what the nest's profile says: exact where every visit is a whole number of granules, zero
/// where nothing is known (windows, operators that read their own output, counts beyond 64 bits).
struct NestBounds {
  Bytes moved;  ///< Over the DRAM port.
  Bytes held;   ///< On chip.
  Bytes ends;   ///< Moved before the first tile computes, and after the last one.
};

/// Expects at most one loop over each rank, and no tile beyond its extent.
[[nodiscard]] NestBounds nest_bounds(const Cascade& cascade, const ProfileOptions& options, OpId op,
                                     const std::vector<LoopSpec>& loops);

/// What a group of operators asks of the PEs and of the on-chip memory's ports, over all of its tiles.
struct ArrayWork {
  Cycles compute;
  Bytes onchip;  ///< Read and written.
  friend bool operator==(const ArrayWork&, const ArrayWork&) = default;
};

/// Of a profiled group. Overflowed if a tile's counts may leave 64 bits, or if no core runs an operator.
[[nodiscard]] ArrayWork array_work(const GroupProfile& group, const ArrayModel& array);

/// Of nests around one operator, exactly, without laying them out. Keeps its buffers from one to the next.
class NestWork {
 public:
  NestWork(const Cascade& cascade, const std::vector<SpatialMapping>& spatial, const ArrayModel& array,
           OpId op);

  /// Expects at most one loop over each rank.
  [[nodiscard]] ArrayWork of(const std::vector<LoopSpec>& loops);

 private:
  void add_tile(std::int64_t count, ArrayWork& sum);

  const Cascade& cascade_;
  const ArrayModel& array_;
  Plan plan_;
  NodeId leaf_;
  WorkTable table_;
  std::vector<std::int64_t> extent_;  ///< Of a tile, per rank.
};

}  // namespace fusescape
