// How many tiles ahead are inputs loaded?
#pragma once

#include "program.hpp"

namespace fusescape {

/// The streamed inputs of `program` may be loaded up to `depth` tiles ahead: with a place for each, as far as
/// memory of `capacity` holds all places side by side.
[[nodiscard]] GroupProgram with_prefetch_depth(GroupProgram program, std::int64_t depth, Bytes capacity);

}  // namespace fusescape
