// What do groups of operators ask of the array? Sums over full and ragged tiles.
#pragma once

#include <vector>

#include "fusescape/arch/engines.hpp"
#include "fusescape/plan/work.hpp"
#include "fusescape/search/candidate.hpp"

namespace fusescape {

/// Of a profiled group. Overflowed if a tile's counts may leave 64 bits, or if no core runs an operator.
[[nodiscard]] ArrayWork array_work(const GroupProfile& group, const ArrayModel& array);

/// Adds that of so many tiles of `work`; overflowed as above.
void add_tiles(const WorkTable& work, const ArrayModel& array, std::int64_t count, ArrayWork& sum);

/// `visit(times)` for each extent that tiles of `loop` have, with that in `extent` (per rank): the full one,
/// and that of the shorter last tile. So many tiles of the loop have it.
template <class Visit>
void for_each_tile(std::vector<std::int64_t>& extent, const LoopSpec& loop, const Visit& visit) {
  std::int64_t& along = extent[index_of(loop.rank)];
  const std::int64_t whole = along;
  if (whole >= loop.tile) {
    along = loop.tile;
    visit(whole / loop.tile);
  }
  if (whole % loop.tile > 0) {
    along = whole % loop.tile;
    visit(std::int64_t{1});
  }
  along = whole;
}

/// Of nests around one operator, exactly, without laying them out. Keeps its buffers from one to the next.
class NestWork {
 public:
  NestWork(const Cascade& cascade, const std::vector<SpatialMapping>& spatial, const ArrayModel& array,
           OpId op);

  /// Expects at most one loop over each rank.
  [[nodiscard]] ArrayWork of(const std::vector<LoopSpec>& loops);

 private:
  void add_tiles(const std::vector<LoopSpec>& loops, std::size_t loop, std::int64_t count, ArrayWork& sum);

  const ArrayModel& array_;
  WorkShape shape_;
  WorkTable table_;
  std::vector<std::int64_t> extent_;  ///< Of a tile, per rank.
};

}  // namespace fusescape
