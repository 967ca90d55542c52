// What can a simulation be told beside plan and accelerator? Allocation, eviction, prefetch, unrolling.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fusescape/support/wording.hpp"

namespace fusescape {

/// How operators get cores (docs/model/simulation.md).
enum class CoreAllocation : unsigned char {
  kGiven,  ///< `SimOptions::core_of`, or if that is empty the first core that can run each, as the closed
           ///< form: identical cores are one core, an outer spatial level.
  kRoundRobin,  ///< The leaves of a group take turns over the single cores that can run them.
  kSearched,    ///< Round robin, improved one leaf at a time while the simulated latency falls.
};

inline constexpr std::array<Wording<CoreAllocation>, 3> kAllocations{
    {{"given", CoreAllocation::kGiven},
     {"round-robin", CoreAllocation::kRoundRobin},
     {"searched", CoreAllocation::kSearched}}};

/// What to do when a slab has no room. A new policy is a value and a row here, and what it lets go first in
/// src/sim/eviction.cpp.
enum class Eviction : unsigned char {
  kNone,  ///< Every buffer has its static place, as in the closed form; a plan that does not fit is refused.
  kLru,   ///< Memory is shared by all; the slab used longest ago goes to DRAM and is fetched again.
  kFurthestNextUse,  ///< Memory is shared by all; the slab that is needed last goes to DRAM (Belady).
};

inline constexpr std::array<Wording<Eviction>, 3> kEvictions{
    {{"none", Eviction::kNone},
     {"lru", Eviction::kLru},
     {"furthest", Eviction::kFurthestNextUse, "next use"}}};

/// With an eviction policy: what may stay on chip between the group that makes it and those that read it.
enum class Keep : unsigned char {
  kNone,
  kFusedGroups,  ///< What groups of several operators exchange among themselves.
  kAll,
};

inline constexpr std::array<Wording<Keep>, 3> kKeeps{
    {{"none", Keep::kNone},
     {"fused", Keep::kFusedGroups, "what fused groups exchange"},
     {"all", Keep::kAll}}};

struct SimOptions {
  CoreAllocation allocation = CoreAllocation::kGiven;
  std::vector<std::uint32_t>
      core_of{};  ///< Per operator, a position in single_cores(); for kGiven. May be empty.
  /// With cores as in the closed form: cores of several kinds may each run tiles of their own at the same
  /// time, where that is faster; else they take turns.
  bool side_by_side = true;
  Eviction eviction =
      Eviction::kNone;  ///< Others only with cores as in the closed form: kGiven, no `core_of`.
  Keep keep = Keep::kNone;
  bool prefetch = false;  ///< A group's first loads go into memory that the group before it leaves free.
  /// How many tiles ahead of its use an operand that the layout gives two slots may be loaded. 0: on demand,
  /// once the tile before has ended; 1: the plan's two slots; more: up to one place more than that, as far as
  /// memory holds the places side by side.
  std::int64_t prefetch_depth = 1;
  bool steady_state = true;  ///< Skips periods that repeat exactly; the result is the same.
};

}  // namespace fusescape
