#include "prefetch.hpp"

#include <algorithm>
#include <utility>

namespace fusescape {

GroupProgram with_prefetch_depth(GroupProgram program, std::int64_t depth, Bytes capacity) {
  program.prefetch_depth = depth;
  Bytes more;  // For one place more each.
  for (BufferSpec& buffer : program.buffers) {
    buffer.on_demand = buffer.streamed && depth == 0;
    if (buffer.streamed) more += buffer.slab_bytes;
  }
  if (depth < 2 || more == Bytes{}) return program;
  const Bytes room = capacity - std::min(capacity, program.all_at_once + program.reserved);
  const std::int64_t extra = std::min(depth - 1, room.value() / more.value());
  for (BufferSpec& buffer : program.buffers) buffer.slots += buffer.streamed ? static_cast<int>(extra) : 0;
  program.all_at_once += more * extra;
  program.prefetch_depth = 1 + extra;
  return program;
}

}  // namespace fusescape
