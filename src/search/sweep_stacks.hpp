// What does every point of a sweep over stacks cost? Each kind of layers is a point of its own.
#pragma once

#include <span>
#include <vector>

#include "fusescape/search/sweep.hpp"

namespace fusescape {

/// evaluate_points of a sweep with `kinds`.
[[nodiscard]] std::vector<PointOutcome> evaluate_stacks(const BoundSweep& sweep,
                                                        std::span<const DesignPoint> points,
                                                        const SweepRun& run);

}  // namespace fusescape
