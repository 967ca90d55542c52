// Which design is best, by how much, and compared with what? A sweep's result, read per scenario.
//
// docs/model/sweep.md defines budget, best and speed-up, and lists sources of optimism and pessimism.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/search/sweep.hpp"
#include "fusescape/search/sweep_spec.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// One evaluated design, ready to be printed.
struct DesignFigures {
  DesignPoint design;
  PointOutcome::Status status{};
  std::string_view strategy;
  std::int64_t cores = 0;            ///< Identical arrays of the first core's shape.
  std::vector<MetricValue> figures;  ///< Parallel to metrics().
  std::optional<Bound> bound;        ///< What most of the time goes to; of one block, if feasible.
  Bytes needed;                      ///< If infeasible.

  /// The figure of this name. Expects one of metrics().
  [[nodiscard]] const MetricValue& figure(std::string_view name) const;
};

/// A baseline in one scenario. Where it leaves axes open it is the best of its designs, the first of equals.
struct Comparison {
  std::string baseline;
  DesignFigures figures;
  std::optional<double> speedup;  ///< Baseline's time over the best's. None unless both are feasible.
  std::optional<double> gain;     ///< The same of the figure that is minimised. None where either is null.
  std::vector<std::string> chosen{};  ///< The best's values on the axes that it leaves open.
  /// Of the figure that is minimised, its own over that of the baseline that it refines: what choosing on
  /// that one's open axes gains there.
  std::optional<double> choice_gain{};
};

/// What a baseline stands for in every scenario.
struct AnsweredBaseline {
  std::string name;
  std::vector<std::string> open;         ///< Axes that it leaves open.
  std::size_t designs = 1;               ///< That were tried for it.
  std::optional<std::size_t> refines{};  ///< refined_baseline.
};

/// A design axis and what was tried on it.
struct TriedAxis {
  std::string name;
  std::vector<std::string> values;
};

/// Designs for which the figure that is minimised is within kNearBest of the best's: where they differ
/// widely, the choice hardly matters.
inline constexpr double kNearBest = 0.01;
struct NearBest {
  std::size_t designs = 0;  ///< Points, the best included.
  Bytes least_sram;
  Bytes most_sram;
};

struct ScenarioAnswer {
  std::vector<std::string> values;  ///< One per scenario axis: "64", "16", "unlimited".
  std::optional<SquareMm> budget;   ///< None: no budget, or a table with a hole.
  std::size_t over_budget = 0;      ///< Feasible points above it, which cannot be the best.
  std::size_t beyond_constraints =
      0;                            ///< Feasible points in budget that do not meet all constraints; likewise.
  std::optional<std::size_t> best;  ///< Point id; the first of equals. None: `why_none`.
  std::string why_none{};           ///< A clause without a full stop.
  std::vector<std::string> chosen;  ///< The best's value on each design axis, as scenarios have theirs.
  DesignFigures figures;            ///< Of the best.
  NearBest near;
  std::vector<Comparison> comparisons;
  std::vector<std::size_t> pareto;  ///< Ids of the non-dominated points that may be the best.
  std::vector<std::size_t>
      pareto_least{};  ///< Per objective, which of them has least of it; the first of equals.
  std::optional<std::size_t> pareto_knee{};  ///< Which of them is the knee (search/pareto.hpp).
};

/// Every figure in it is `modelled`, except `published`.
struct SweepAnswer {
  std::string sweep;
  std::string model;       ///< As the sweep's file names it.
  std::string arch;        ///< Likewise.
  std::string technology;  ///< Of the points' accelerators; ", " between them if an axis changes it.
  std::string dtype;       ///< Of the points' workloads; likewise.
  std::string minimize;
  double tolerance = 0.0;
  std::vector<std::string> assumptions;  ///< Settings of every point, and what named cases stand for.
  std::vector<std::string> notes;        ///< What to know about the figures that are minimised.
  std::vector<std::string> scenario_axes;
  std::vector<TriedAxis> tried;             ///< The other axes, in the order of the file.
  std::vector<AnsweredBaseline> baselines;  ///< In the order of the file, as each scenario's comparisons.
  std::vector<ScenarioAnswer> scenarios;
  SweepCounts counts;
  std::vector<PublishedFigure> published;
};

[[nodiscard]] SweepAnswer answer(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result);

/// Area <= budget * (1 + tolerance) in the point's scenario; true without a budget, and false where the area
/// is not known but a budget is set.
[[nodiscard]] bool in_budget(const SweepSpec& spec, const BoundSweep& sweep, std::size_t point);

}  // namespace fusescape
