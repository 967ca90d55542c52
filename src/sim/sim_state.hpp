// What goes on from group to group while a simulation runs?
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "dram_port.hpp"
#include "fusescape/sim/observer.hpp"
#include "fusescape/sim/simulate.hpp"

namespace fusescape {

/// No event: sorts after every real time.
inline constexpr Ticks kNever{std::numeric_limits<Int128>::max()};

struct SimState {
  Ticks now{};
  std::vector<DramPort> ports{};         ///< One, or one for reads and one for writes.
  std::vector<Ticks> onchip_free{};      ///< When each on-chip port has done all that was asked of it.
  std::vector<Ticks> link_free{};        ///< Likewise, of each link.
  std::vector<SimResource> resources{};  ///< What DRAM ports did, and all bytes, are filled in at the end.
  std::vector<std::int64_t> moved{};     ///< Bytes, per resource.
  SimObserver* observer = nullptr;
  std::int64_t events = 0;
  std::int64_t skipped = 0;

  [[nodiscard]] DramPort& port(bool store) { return ports[store ? ports.size() - 1 : 0]; }
};

/// Bytes of one tensor between DRAM and chip, in one group.
struct TensorMoves {
  std::int64_t read = 0;
  std::int64_t written = 0;
  std::int64_t evicted = 0;   ///< Written because there was no room.
  std::int64_t reloaded = 0;  ///< Read again after that.
};

}  // namespace fusescape
