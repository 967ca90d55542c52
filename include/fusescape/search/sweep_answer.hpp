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

#include "fusescape/search/sweep.hpp"
#include "fusescape/search/sweep_spec.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// The figures of one evaluated design, ready to be printed.
struct DesignFigures {
  DesignPoint design;
  PointOutcome::Status status{};
  std::int64_t pes = 0;
  std::int64_t rows = 0;  ///< Of the first core's array.
  std::int64_t cols = 0;
  std::int64_t cores = 0;  ///< Identical arrays of that shape.
  Bytes sram;
  std::optional<SquareMm> area;
  std::string_view strategy;
  Cycles latency;                        ///< Per block; with the two below only if feasible.
  std::optional<double> ms_per_token{};  ///< Of the whole model.
  Bound bound{};                         ///< What most of the time goes to.
  BitsPerCycle onchip_read{};            ///< Zero: unlimited.
  Bytes needed;                          ///< If infeasible.
};

struct Comparison {
  std::string baseline;
  DesignFigures figures;
  std::optional<double> speedup;  ///< Baseline's latency over the best's. None unless both are feasible.
};

/// Designs whose latency is within kNearBest of the best's: where they differ widely, the choice hardly
/// matters.
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
  std::optional<std::size_t> best;  ///< Point id; the first of equals. None: nothing feasible in budget.
  DesignFigures figures;            ///< Of the best.
  NearBest near;
  std::vector<Comparison> comparisons;
  std::vector<std::size_t> pareto;  ///< Ids of the non-dominated points in budget.
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
  std::vector<std::string> scenario_axes;
  std::vector<ScenarioAnswer> scenarios;
  SweepCounts counts;
  std::vector<PublishedFigure> published;
};

[[nodiscard]] SweepAnswer answer(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result);

/// Area <= budget * (1 + tolerance) in the point's scenario; true without a budget, and false where the area
/// is not known but a budget is set.
[[nodiscard]] bool in_budget(const SweepSpec& spec, const BoundSweep& sweep, std::size_t point);

/// The columns that `minimize` and `pareto` may name.
[[nodiscard]] std::vector<std::string_view> sweep_metrics();

}  // namespace fusescape
