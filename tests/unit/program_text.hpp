// What does a group's program read like?
#pragma once

#include <string>

#include "../../src/sim/program.hpp"

namespace fusescape {

/// One line per sequence of tiles, per buffer, and per tile that waits for one on another core:
///
///     pe: L:2{ [exp] }
///     vector: L:2{ [mul] }
///     x: fetched, 2 places of 8 B, per L; read by [exp]
///     e: exchanged, 1 place of 8 B, per L; made by [exp]; read by [mul]
///     [mul] waits for e of [exp]
[[nodiscard]] std::string text_of(const SimContext& context, const GroupProgram& program);

}  // namespace fusescape
