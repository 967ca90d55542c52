// In which order do the tiles of one sequence run, and when does a later one come back to a slab?
#pragma once

#include <cstdint>
#include <vector>

#include "program.hpp"

namespace fusescape {

/// Positions of tiles: later tiles have greater ones. A position is a number in a mixed radix, one digit per
/// loop, so that nothing is counted; shorter last runs of a loop leave gaps.
struct TileOrder {
  std::vector<std::int64_t> first;      ///< Per loop: from the start of an iteration around it to its own.
  std::vector<std::int64_t> stride;     ///< Per loop: from one iteration to the next.
  std::vector<std::int64_t> length;     ///< Per loop: of all its iterations.
  std::vector<std::int64_t> offset;     ///< Per tile: from the start of the innermost iteration around it.
  std::vector<std::vector<int>> users;  ///< Per buffer that counts: tiles that use its memory, in order.
  std::vector<LoopMask> keys;           ///< Per buffer that counts: loops whose steps replace its content.
  bool overflow = false;                ///< Positions do not fit 64 bits: nothing else is set.
};

/// Expects a program of one sequence.
[[nodiscard]] TileOrder tile_order(const GroupProgram& program);

/// Positions in [begin, end).
struct PositionRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// From the start of the current iteration of `loop` to the end of its last one.
[[nodiscard]] PositionRange positions_of(const TileOrder& order, const GroupProgram& program, int loop,
                                         const Odometer& at);

/// Position of the next tile that uses what `buffer` holds while `tile` runs; kNeverUsed if there is none.
[[nodiscard]] std::int64_t next_use(const TileOrder& order, const GroupProgram& program, int buffer, int tile,
                                    const Odometer& at);

}  // namespace fusescape
