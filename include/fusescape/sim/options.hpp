// What can a simulation be told beside plan and accelerator? Allocation, links, memory, prefetch, unrolling.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// How operators get cores (docs/model/simulation.md).
enum class Allocation : unsigned char {
  kGiven,  ///< `SimOptions::core_of`, or if that is empty the first core that can run each, as the closed
           ///< form: identical cores are one core, an outer spatial level.
  kRoundRobin,  ///< The leaves of a group take turns over the single cores that can run them.
  kSearched,    ///< Round robin, improved one leaf at a time while the simulated latency falls.
};

/// How cores that differ pass each other what they make.
enum class LinkTopology : unsigned char {
  kPairwise,  ///< One link per ordered pair of cores.
  kBus,       ///< One link that all share.
};

/// A transfer occupies its link for bytes / bandwidth and arrives `latency` later. Cores of one accelerator
/// exchange values through the shared memory; a link is what that costs beside the memory's own port time.
struct Interconnect {
  LinkTopology topology = LinkTopology::kPairwise;
  BitsPerCycle bandwidth{};  ///< Per link; 0: unlimited.
  Cycles latency{0};
};

/// What to do when a slab has no room.
enum class Eviction : unsigned char {
  kNone,  ///< Every buffer has its static place, as in the closed form; a plan that does not fit is refused.
  kLru,   ///< Memory is shared by all; the slab used longest ago goes to DRAM and is fetched again.
  kFurthestNextUse,  ///< Likewise the slab that is needed last (Belady).
};

struct SimOptions {
  Allocation allocation = Allocation::kGiven;
  std::vector<std::uint32_t>
      core_of{};  ///< Per operator, a position in single_cores(); for kGiven. May be empty.
  Interconnect links{};
  Eviction eviction = Eviction::kNone;
  bool prefetch = false;     ///< A group's first loads go into memory that the group before it leaves free.
  bool steady_state = true;  ///< Skips periods that repeat exactly; the result is the same.
};

}  // namespace fusescape
