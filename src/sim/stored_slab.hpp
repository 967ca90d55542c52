// Does a tile complete a slab, so that it leaves for DRAM?
#pragma once

#include "program.hpp"

namespace fusescape {

/// What a tile stores of the slab that it writes.
struct StoredSlab {
  const SlabSpec* slab = nullptr;  ///< Null: nothing.
  bool final = false;              ///< Its content is complete.
};

/// What the producer's tile has made leaves when the slab is complete for the first time, or when it must
/// make place for another part of the sum. `path` and `at`: loops above the tile, and where they are.
[[nodiscard]] inline StoredSlab stored_slab(const BufferSpec& buffer, const TouchSpec& touch,
                                            const LoopSet& path, const Odometer& at) {
  if (!buffer.stored) return {};
  const LoopSet& not_last = at.not_last();
  const LoopSet inside = path - buffer.path;
  if (!not_last.meets(buffer.sums)) {
    const bool complete = !not_last.meets(inside & touch.completes) && !at.moved().meets(touch.repeats);
    return complete ? StoredSlab{&buffer.store, true} : StoredSlab{};
  }
  const bool leaves =
      buffer.partial && !not_last.meets(inside) && at.changing(buffer.path).meets(buffer.keys);
  return leaves ? StoredSlab{&buffer.partial_slab, false} : StoredSlab{};
}

}  // namespace fusescape
