// How long is a group busy, whatever its transfers wait for? What no overlap can shorten.
#pragma once

#include "fusescape/arch/machine.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/support/time.hpp"

namespace fusescape {

struct BusyTime {
  Ticks tiles;   ///< One tile after another, each as long as the PEs or the on-chip ports have work.
  Ticks dram;    ///< The busier DRAM port.
  Ticks launch;  ///< Before any of that.

  /// What evaluate_group says is no less.
  [[nodiscard]] Ticks least() const { return launch + longest(tiles, dram); }
};

/// Nothing if its counts do not fit, or if no core runs some operator.
[[nodiscard]] BusyTime busy_time(const GroupProfile& group, const Machine& machine);

}  // namespace fusescape
