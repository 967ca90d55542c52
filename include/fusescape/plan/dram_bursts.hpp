// How many bytes go over the DRAM port for a slab?
#pragma once

#include "fusescape/support/units.hpp"

namespace fusescape {

/// Every transfer is a whole number of granules (dram.granule of an accelerator).
[[nodiscard]] constexpr Bytes in_bursts(Bytes bytes, Bytes granule) {
  return round_up(bytes, granule);
}

}  // namespace fusescape
