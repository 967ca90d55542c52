// How many slots does a buffer have, and how many of them take memory?
#pragma once

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/layout.hpp"

namespace fusescape {

/// What the plan says; else two where slabs take turns and the machine buffers twice. `moves`: they do.
[[nodiscard]] inline int slots_of(const Buffer& buffer, bool moves, const ProfileOptions& options) {
  return buffer.slots.value_or(moves && options.double_buffering ? 2 : 1);
}

[[nodiscard]] inline int slots_in_memory(int slots, const ProfileOptions& options) {
  return options.count_second_slots ? slots : 1;
}

}  // namespace fusescape
