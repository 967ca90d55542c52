// Does a tile complete a slab, so that it leaves for DRAM?
#pragma once

#include "program.hpp"

namespace fusescape {

/// What a tile stores of the slab that it writes.
struct StoredSlab {
  const SlabSpec* slab = nullptr;  ///< Null: nothing.
  bool final = false;              ///< Its content is complete.
};

/// What the producer's tile, below `loops` loops, has made leaves when the slab is complete for the first
/// time, or when it must make place for another part of the sum.
[[nodiscard]] inline StoredSlab stored_slab(const BufferSpec& buffer, const TouchSpec& touch, int loops,
                                            const Odometer& at) {
  if (!buffer.stored) return {};
  const LoopMask not_last = at.not_last();
  const LoopMask inside = outermost(loops) & ~outermost(buffer.loops());
  if ((not_last & buffer.sums) == 0) {
    const bool complete = (not_last & inside & touch.completes) == 0 && (at.moved() & touch.repeats) == 0;
    return complete ? StoredSlab{&buffer.store, true} : StoredSlab{};
  }
  const bool leaves =
      buffer.partial && (not_last & inside) == 0 && (at.changing(buffer.loops()) & buffer.keys) != 0;
  return leaves ? StoredSlab{&buffer.partial_slab, false} : StoredSlab{};
}

}  // namespace fusescape
