// How many tiles of which extents does a loop nest have? Full and ragged ones, without enumerating tiles.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/plan/traffic.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Iterations whose extents along every rank are the same.
struct Iterations {
  std::vector<std::int64_t> extent;  ///< Per rank of the cascade.
  std::int64_t count = 0;            ///< -1 if it does not fit 64 bits.
};

/// The classes of iterations of the nest `loops` (outermost first), each once, largest extents first.
[[nodiscard]] std::vector<Iterations> iteration_classes(const Cascade& cascade,
                                                        const std::vector<PathLoop>& loops);

/// Iterations of the nest `loops` within `bounds`, of all classes together.
[[nodiscard]] Elements iteration_count(const TileBounds& bounds, const std::vector<PathLoop>& loops);
/// Within everything.
[[nodiscard]] Elements iteration_count(const Cascade& cascade, const std::vector<PathLoop>& loops);

}  // namespace fusescape
