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
#include "fusescape/support/units.hpp"

namespace fusescape {

struct PointOutcome {
  enum class Status : unsigned char {
    kFeasible,
    kInfeasible,  ///< A row with feasible=false: the design cannot hold what the strategy needs.
    kFailed,      ///< It could not be evaluated at all (exit code 5).
    kSkipped,     ///< The run was stopped before it was evaluated.
  } status = Status::kSkipped;
  Cost cost;                                ///< If feasible: of one block.
  std::optional<EnergyBreakdown> energy;    ///< If feasible, and asked for: likewise.
  std::shared_ptr<const HeadOutcome> head;  ///< If feasible: of final norm and head; null if there are none.
  std::optional<GenerationTimes> generation{};  ///< If feasible, of a prompt with a generation.
  std::vector<LayerCost> layers{};  ///< If feasible, of a stack of several kinds, whose `cost` means nothing.
  bool lacks_operators = false;     ///< If failed: the workload has none of those that the strategy fuses.
  Bytes needed;                     ///< If infeasible: on-chip bytes, or zero where the strategy names none.
  Bytes available;                  ///< Likewise.
  std::string why;                  ///< Unless feasible.

  [[nodiscard]] bool feasible() const { return status == Status::kFeasible; }
};

struct SweepCounts {
  std::size_t feasible = 0;
  std::size_t infeasible = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
};

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

/// What the figures of a point are read from. Refers to all three.
[[nodiscard]] Evaluated evaluated_point(const BoundSweep& sweep, const DesignPoint& point,
                                        const PointOutcome& outcome);

[[nodiscard]] SweepResult run_sweep(const BoundSweep& sweep, const SweepRun& run = {});

/// Outcomes of `points`, parallel to them, which may be any part of the sweep's.
[[nodiscard]] std::vector<PointOutcome> evaluate_points(const BoundSweep& sweep,
                                                        std::span<const DesignPoint> points,
                                                        const SweepRun& run = {});

}  // namespace fusescape
