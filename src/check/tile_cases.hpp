// Which tiles of a shorter rank make the same tiling cases as those of a longer one?
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Everything that a plan and a cascade do along one rank.
struct RankTiling {
  std::set<std::vector<std::int64_t>> nests;  ///< Tiles of loops below each other, outermost first.
  std::set<std::int64_t> landmarks;           ///< Distances and reaches of shifted reads.
};

/// Per rank of the cascade.
[[nodiscard]] std::vector<RankTiling> rank_tilings(const Cascade& cascade, const Plan& plan);

/// From each tile below `extent` to one that makes the same cases of `scaled`, in the same order of sizes.
/// Nothing if there are none.
[[nodiscard]] std::optional<std::map<std::int64_t, std::int64_t>> scaled_tiles(const RankTiling& tiling,
                                                                               std::int64_t extent,
                                                                               std::int64_t scaled);

}  // namespace fusescape
