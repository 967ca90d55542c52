#include "fusescape/search/sweep.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "fusescape/search/parallel_for.hpp"
#include "fusescape/search/point_evaluator.hpp"

namespace fusescape {
namespace {

using Status = PointOutcome::Status;

/// Points of a sweep, and which of them stands for each of its points and baselines: equal ones are evaluated
/// once.
struct Distinct {
  std::vector<DesignPoint> points;
  std::vector<std::size_t> of_point;
  std::vector<std::size_t> of_baseline;
};

Distinct distinct_points(const BoundSweep& sweep) {
  Distinct found;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::size_t> known;
  const auto id_of = [&](const DesignPoint& point) {
    const auto [entry, is_new] =
        known.try_emplace({point.workload, point.design, point.strategy}, found.points.size());
    if (is_new) found.points.push_back(point);
    return entry->second;
  };
  for (const DesignPoint& point : sweep.points) found.of_point.push_back(id_of(point));
  for (const DesignPoint& point : sweep.baselines) found.of_baseline.push_back(id_of(point));
  return found;
}

SweepCounts counts_of(std::span<const PointOutcome> outcomes) {
  SweepCounts counts;
  for (const PointOutcome& outcome : outcomes) counts.add(outcome.status);
  return counts;
}

}  // namespace

void SweepCounts::add(Status status) {
  switch (status) {
    case Status::kFeasible:
      ++feasible;
      break;
    case Status::kInfeasible:
      ++infeasible;
      break;
    case Status::kFailed:
      ++failed;
      break;
    case Status::kSkipped:
      ++skipped;
      break;
  }
}

Evaluated evaluated_point(const SweepPoint& point, const PointOutcome& outcome) {
  return {.workload = *point.workload,
          .design = *point.design,
          .cost = outcome.feasible() && outcome.layers.empty() ? &outcome.cost : nullptr,
          .energy = outcome.energy ? &*outcome.energy : nullptr,
          .head = outcome.head.get(),
          .layers = outcome.layers,
          .generation = outcome.generation ? &*outcome.generation : nullptr};
}

SweepPoint point_of(const BoundSweep& sweep, const DesignPoint& point) {
  static const StrategyInputs plain;
  const std::shared_ptr<const void> owned_by_sweep;
  SweepPoint made{.workload = {owned_by_sweep, &sweep.workloads[point.workload]},
                  .design = &sweep.designs[point.design],
                  .hardware = point.design,
                  .strategy = sweep.strategies[point.strategy],
                  .inputs = sweep.inputs.empty() ? &plain : &sweep.inputs[point.strategy]};
  if (!sweep.kinds.empty()) made.kinds = {owned_by_sweep, &sweep.kinds[point.workload]};
  if (!sweep.generations.empty()) made.generation = sweep.generations[point.workload];
  return made;
}

Evaluated evaluated_point(const BoundSweep& sweep, const DesignPoint& point, const PointOutcome& outcome) {
  return evaluated_point(point_of(sweep, point), outcome);
}

std::vector<PointOutcome> evaluate_points(const BoundSweep& sweep, std::span<const DesignPoint> points,
                                          const SweepRun& run) {
  if (run.progress != nullptr) run.progress->total = points.size();
  PointEvaluator evaluate{sweep.energy ? WithEnergy::kYes : WithEnergy::kNo, run.stop};
  std::vector<PointOutcome> outcomes(points.size());
  const auto evaluate_one = [&](std::size_t i) {
    PointOutcome outcome = evaluate(point_of(sweep, points[i]));
    if (run.stop.stop_requested()) return;  // Its planner may have left candidates out.
    outcomes[i] = std::move(outcome);
    if (run.progress != nullptr) ++run.progress->done;
  };
  parallel_for(points.size(), run.jobs, evaluate_one, run.stop);
  return outcomes;
}

SweepResult run_sweep(const BoundSweep& sweep, const SweepRun& run) {
  const Distinct distinct = distinct_points(sweep);
  const std::vector<PointOutcome> outcomes = evaluate_points(sweep, distinct.points, run);
  SweepResult result;
  for (const std::size_t id : distinct.of_point) result.points.push_back(outcomes[id]);
  for (const std::size_t id : distinct.of_baseline) result.baselines.push_back(outcomes[id]);
  result.counts = counts_of(result.points);
  result.complete = counts_of(outcomes).skipped == 0;
  return result;
}

}  // namespace fusescape
