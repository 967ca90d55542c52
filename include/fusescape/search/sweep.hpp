// What does every point of a sweep cost? Evaluates the grid on all cores; the result does not depend on how
// many.
//
// docs/model/sweep.md defines points, baselines and budgets. The answer to the sweep's question is in
// search/sweep_answer.hpp.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "fusescape/cost/evaluate.hpp"
#include "fusescape/cost/metrics.hpp"
#include "fusescape/search/sweep_binding.hpp"
#include "fusescape/search/sweep_point.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

struct SweepResult {
  std::vector<PointOutcome> points;     ///< Parallel to BoundSweep::points.
  std::vector<PointOutcome> baselines;  ///< Parallel to BoundSweep::baselines.
  SweepCounts counts;                   ///< Of the points.
  bool complete = true;                 ///< No point and no baseline was skipped.
};

/// How far a run is, for other threads to read while it goes on. Equal points and baselines count once.
struct SweepProgress {
  std::atomic<std::size_t> done{0};
  std::atomic<std::size_t> total{0};
};

struct SweepRun {
  int jobs = 0;            ///< Threads; 0: one per core.
  std::stop_token stop{};  ///< When requested, the run ends soon, whatever a point costs.
  SweepProgress* progress = nullptr;
};

/// A point of a sweep that is held whole. Refers to the sweep.
[[nodiscard]] SweepPoint point_of(const BoundSweep& sweep, const DesignPoint& point);

/// What the figures of a point are read from. Refers to all three.
[[nodiscard]] Evaluated evaluated_point(const BoundSweep& sweep, const DesignPoint& point,
                                        const PointOutcome& outcome);

[[nodiscard]] SweepResult run_sweep(const BoundSweep& sweep, const SweepRun& run = {});

/// Outcomes of `points`, parallel to them, which may be any part of the sweep's.
[[nodiscard]] std::vector<PointOutcome> evaluate_points(const BoundSweep& sweep,
                                                        std::span<const DesignPoint> points,
                                                        const SweepRun& run = {});

}  // namespace fusescape
