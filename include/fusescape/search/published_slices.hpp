// How many slices of the channels does the fine-grained-fusion paper's memory-aware schedule take?
#pragma once

#include <cstdint>

#include "fusescape/support/units.hpp"

namespace fusescape {

/// The paper's rule: ceil((5 + 2/64) * D * N * 32 bit * 1.01 / SRAM bits), raised to the next divisor of D.
/// The 2/64 is literal, for every N. Expects positive arguments.
[[nodiscard]] std::int64_t published_slices(std::int64_t channels, std::int64_t entries, Bytes sram);

}  // namespace fusescape
