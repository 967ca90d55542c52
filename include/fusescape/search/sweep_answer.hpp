// Which design is best, by how much, and compared with what? A sweep's result, read per scenario.
//
// docs/model/sweep.md defines budget, best and speed-up, and lists sources of optimism and pessimism.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/search/point_ids.hpp"
#include "fusescape/search/sweep.hpp"
#include "fusescape/search/sweep_source.hpp"
#include "fusescape/search/sweep_spec.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// One evaluated design, ready to be printed.
struct DesignFigures {
  PointOutcome::Status status{};
  std::string_view strategy;
  std::int64_t cores = 0;  ///< Identical arrays of the first core's shape.
  std::vector<std::pair<const Metric*, MetricValue>> figures;  ///< Those that an answer shows.
  std::optional<Bound> bound;  ///< What most of the time goes to; of one block, if feasible.
  Bytes needed;                ///< If infeasible.

  [[nodiscard]] bool has(std::string_view name) const;
  /// The figure of this name. Expects one of answer_metrics().
  [[nodiscard]] const MetricValue& figure(std::string_view name) const;
};

/// The metrics that an answer shows of a design.
[[nodiscard]] std::vector<const Metric*> answer_metrics(const SweepSpec& spec);
[[nodiscard]] DesignFigures design_figures(const SweepSpec& spec, const SweepPoint& point,
                                           const PointOutcome& outcome);

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
/// widely, the choice hardly matters. Where more than kMostNearFigures different figures are, they are told
/// apart to a part of 2^20 only, and those a millionth farther away may be counted.
inline constexpr double kNearBest = 0.01;
inline constexpr std::size_t kMostNearFigures = 4096;
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
  TradeOffPoints pareto;  ///< The non-dominated points that may be the best.
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

/// What an answer needs to know of a point of the grid, or of a design of a baseline.
struct AnswerPoint {
  std::size_t number = 0;  ///< In the grid, or among the designs of the baselines.
  std::size_t scenario = 0;
  PointOutcome::Status status{};
  bool in_budget = false;
  bool meets_constraints = false;  ///< If feasible: every one of SweepSpec::constraints.
  MetricValue minimized;           ///< If feasible.
  std::vector<Figure> traded{};    ///< If feasible and all known: of SweepSpec::pareto.
  Bytes sram;
};
[[nodiscard]] AnswerPoint answer_point(const SweepSpec& spec, const SweepPoint& point,
                                       const PointOutcome& outcome);

/// What there is to know about the figures of points that were seen, each line once.
class SweepNotes {
 public:
  /// `replaced`: kinds of layers that run another strategy than was asked for.
  void see(const SweepPoint& point, bool energy, bool feasible, std::span<const std::string> replaced);
  /// What points that come after these had to say.
  void join(const SweepNotes& later);

 private:
  friend class SweepAnswerBuilder;

  void see_stack(const SweepPoint& point, bool feasible);

  std::vector<std::string> technologies_;
  std::vector<std::string> dtypes_;
  std::vector<std::string> models_;
  std::vector<std::string> stacks_;
  std::vector<std::string> energies_;
  std::optional<Hertz> clock_;
  bool clocks_differ_ = false;
  std::shared_ptr<const Workload> last_workload_;
  std::shared_ptr<const Technology> last_technology_;
};

/// An answer, one point after another, in grid order. What it keeps is as large as the answer.
class SweepAnswerBuilder {
 public:
  using Figures = std::function<DesignFigures()>;

  explicit SweepAnswerBuilder(const SweepSpec& spec);
  SweepAnswerBuilder(const SweepAnswerBuilder&) = delete;
  SweepAnswerBuilder(SweepAnswerBuilder&&) = delete;
  SweepAnswerBuilder& operator=(const SweepAnswerBuilder&) = delete;
  SweepAnswerBuilder& operator=(SweepAnswerBuilder&&) = delete;
  ~SweepAnswerBuilder();

  /// `figures` is asked for the design if it is the best so far.
  void add(const AnswerPoint& point, const Figures& figures);
  void add_baseline(const AnswerPoint& design, const Figures& figures);
  void add(const SweepNotes& notes) { notes_.join(notes); }

  [[nodiscard]] const SweepCounts& counts() const { return counts_; }
  /// The best in the scenario of the last point, if there is one yet: "latency_cycles 645,880 (point 12)".
  [[nodiscard]] std::string best_text() const;
  /// `budget` tells the largest area in a scenario.
  [[nodiscard]] SweepAnswer finish(std::span<const SweepStrategy> strategies, bool energy,
                                   const std::function<std::optional<SquareMm>(std::size_t)>& budget);

 private:
  struct Scenario;

  ScenarioAnswer answer_of(std::size_t scenario, std::optional<SquareMm> budget);
  [[nodiscard]] std::string why_none(const Scenario& scenario, std::optional<SquareMm> budget) const;

  const SweepSpec& spec_;
  SweepCounts counts_;
  SweepNotes notes_;
  std::vector<Scenario> scenarios_;
  std::size_t last_ = 0;  ///< Scenario of the last point.
};

/// Per point, up to the last one, whether some scenario's trade-off has it.
[[nodiscard]] std::vector<bool> trade_off_points(const SweepAnswer& answer);

/// Of a sweep that is held whole.
[[nodiscard]] SweepAnswer answer(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result);

}  // namespace fusescape
