#include "fusescape/search/sweep_answer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "fusescape/search/model_head.hpp"
#include "fusescape/search/pareto.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/overloaded.hpp"
#include "lines_once.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kGenerationTime = "generation_total_ms";

const Metric& metric_named(std::string_view name) {
  const Metric* found = find_metric(name);
  FUSESCAPE_EXPECTS(found != nullptr);  // problems_of
  return *found;
}

std::optional<double> ratio_of(const DesignFigures& above, const DesignFigures& below,
                               std::string_view metric) {
  const MetricValue& larger = above.figure(metric);
  const MetricValue& smaller = below.figure(metric);
  return larger && smaller ? std::optional{ratio(*larger, *smaller)} : std::nullopt;
}

/// What speed-ups are of: a generation, a block, or a model of several.
std::string_view time_of(const DesignFigures& figures) {
  if (figures.has(kGenerationTime) && figures.figure(kGenerationTime)) return kGenerationTime;
  return figures.figure("latency_s") ? "latency_s" : "latency_ms";
}

AnsweredBaseline answered(const SweepSpec& spec, std::size_t baseline) {
  const Baseline& asked = spec.baselines[baseline];
  AnsweredBaseline made{
      .name = asked.name, .open = {}, .designs = 1, .refines = refined_baseline(spec, asked)};
  for (const std::size_t axis : open_axes(spec, asked)) made.open.push_back(spec.axes[axis].name);
  made.designs = baseline_designs(spec, 0, baseline).count;
  return made;
}

/// Labels of the point on the axes outside the scenario.
std::vector<std::string> chosen_values(const SweepSpec& spec, std::size_t point) {
  std::vector<std::string> labels;
  const std::vector<std::size_t> at = coordinates_of(spec, point);
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (!is_scenario_axis(spec, spec.axes[i].name)) labels.push_back(spec.axes[i].values[at[i]].label);
  }
  return labels;
}

std::string text_of(const std::vector<Setting>& settings) {
  std::string text;
  for (const Setting& setting : settings) {
    text += (text.empty() ? "" : ", ") + setting.key + "=" + setting.value;
  }
  return text;
}

std::vector<std::string> assumptions_of(const SweepSpec& spec) {
  std::vector<std::string> lines;
  if (!spec.fixed.empty()) lines.push_back("every point: " + text_of(spec.fixed));
  for (const Constraint& constraint : spec.constraints) lines.push_back("constraint: " + constraint.text);
  if (spec.sample) {
    lines.push_back(fmt::format("a sample of {} points of the grid: {}, seed {}", spec.sample->count,
                                name_of(spec.sample->method), spec.sample->seed));
  }
  for (const Axis& axis : spec.axes) {
    for (const AxisValue& value : axis.values) {
      const bool is_case = value.settings.size() != 1 || value.settings.front().key != axis.name;
      if (is_case) lines.push_back(axis.name + " " + value.label + ": " + text_of(value.settings));
    }
  }
  return lines;
}

/// What a name that is minimised does not say by itself.
std::vector<std::string> notes_of(const SweepSpec& spec, bool clocks_differ) {
  std::vector<std::string> lines;
  std::vector<std::string> names{spec.minimize};
  add_once(names, spec.pareto);
  for (const std::string& name : names) {
    const Metric& metric = metric_named(name);
    if (metric.unit == "cycles" && clocks_differ) {
      lines.push_back(name + ": the designs' clocks differ, so it is compared as time");
    }
    if (metric.better == Better::kMore) {
      lines.push_back(name + ": more is better, and the least was asked for");
    }
  }
  return lines;
}

struct Smaller {
  bool operator()(const Figure& a, const Figure& b) const { return compare(a, b) < 0; }
};

/// Points, and what is traded off between them.
using DesignFront = ParetoFront<Figure, PointIds, Smaller>;

void add_trade_off(DesignFront& front, std::size_t columns, ScenarioAnswer& answer) {
  std::vector<PointIds>& rows = answer.pareto.rows = std::move(front.rows());
  if (rows.empty()) return;
  const std::span<const Figure> figures = front.values();
  for (std::size_t c = 0; c < columns; ++c) {
    std::size_t least = 0;
    for (std::size_t r = 1; r < rows.size(); ++r) {
      if (compare(figures[r * columns + c], figures[least * columns + c]) < 0) least = r;
    }
    answer.pareto_least.push_back(rows[least].first());
  }
  std::vector<double> values(figures.size());
  std::transform(figures.begin(), figures.end(), values.begin(), magnitude);
  if (const auto knee = knee_of(values, columns)) answer.pareto_knee = rows[*knee].first();
}

/// Designs for which what is minimised is near the least so far: those of one figure together, or if there
/// are many figures, those of nearly one.
class NearDesigns {
 public:
  void add(const Figure& figure, const Figure& least, Bytes sram) {
    if (!is_near(figure, least)) return;
    const NearBest one{1, sram, sram};
    if (rounds_) {
      join(rounded_[rounded(figure)], one);
      return;
    }
    join(by_figure_[figure], one);
    if (by_figure_.size() <= kMostNearFigures) return;
    for (const auto& [exact, designs] : by_figure_) join(rounded_[rounded(exact)], designs);
    by_figure_.clear();
    rounds_ = true;
  }

  /// Drops what a new least leaves behind.
  void drop_far(const Figure& least) {
    while (!by_figure_.empty() && !is_near(std::prev(by_figure_.end())->first, least)) {
      by_figure_.erase(std::prev(by_figure_.end()));
    }
    const double most = magnitude(least) * (1.0 + kNearBest);
    while (!rounded_.empty() && std::prev(rounded_.end())->first > most) {
      rounded_.erase(std::prev(rounded_.end()));
    }
  }

  [[nodiscard]] NearBest all() const {
    NearBest near = kNone;
    for (const auto& [figure, same] : by_figure_) join(near, same);
    for (const auto& [figure, same] : rounded_) join(near, same);
    return near;
  }

 private:
  /// What joins anything and leaves it as it is.
  static constexpr NearBest kNone{.designs = 0, .least_sram = Bytes::overflowed(), .most_sram = Bytes{0}};
  struct Designs : NearBest {
    Designs() : NearBest{kNone} {}
  };

  static void join(NearBest& into, const NearBest& other) {
    into.designs += other.designs;
    into.least_sram = std::min(into.least_sram, other.least_sram);
    into.most_sram = std::max(into.most_sram, other.most_sram);
  }

  static bool is_near(const Figure& figure, const Figure& least) {
    return compare(figure, least) <= 0 || ratio(figure, least) <= 1.0 + kNearBest;
  }

  /// Down to 20 bits after the first one. No more than some 20,000 such lie within kNearBest.
  static double rounded(const Figure& figure) {
    constexpr int kBits = 21;
    int exponent = 0;
    const double fraction = std::frexp(magnitude(figure), &exponent);
    return std::ldexp(std::floor(std::ldexp(fraction, kBits)), exponent - kBits);
  }

  std::map<Figure, Designs, Smaller> by_figure_;
  std::map<double, Designs> rounded_;
  bool rounds_ = false;  ///< There were more than kMostNearFigures.
};

/// What a baseline came to so far.
struct BestOfBaseline {
  bool some = false;       ///< One of its designs was seen,
  bool runs = false;       ///< and one of them runs, with a known figure.
  std::size_t design = 0;  ///< The best of them, counted from its first one; else the first.
  Figure least{};
  DesignFigures figures{};
};

}  // namespace

struct SweepAnswerBuilder::Scenario {
  /// There may be many scenarios, of which few have long trade-offs.
  static constexpr std::size_t kFewRows = 16;
  explicit Scenario(const SweepSpec& spec)
      : trade_off{std::max<std::size_t>(spec.pareto.size(), 1), {}, kFewRows},
        baselines(spec.baselines.size()) {}

  std::size_t feasible = 0;
  std::size_t in_budget = 0;  ///< Of these,
  std::size_t allowed = 0;    ///< and of these the ones that meet all constraints.
  std::string why_unknown;    ///< Of the first one that is allowed, if its figure is null.
  std::optional<std::size_t> best;
  Figure least{};
  DesignFigures figures{};
  NearDesigns near;
  DesignFront trade_off;
  std::vector<BestOfBaseline> baselines;
};

SweepAnswerBuilder::SweepAnswerBuilder(const SweepSpec& spec) : spec_{spec} {
  const std::size_t scenarios = scenario_count(spec);
  scenarios_.reserve(scenarios);
  for (std::size_t s = 0; s < scenarios; ++s) scenarios_.emplace_back(spec);
}

SweepAnswerBuilder::~SweepAnswerBuilder() = default;

void SweepAnswerBuilder::add(const AnswerPoint& point, const Figures& figures) {
  counts_.add(point.status);
  last_ = point.scenario;
  if (point.status != PointOutcome::Status::kFeasible) return;
  Scenario& scenario = scenarios_[point.scenario];
  ++scenario.feasible;
  if (!point.in_budget) return;
  ++scenario.in_budget;
  if (!point.meets_constraints) return;
  if (scenario.allowed++ == 0 && !point.minimized) scenario.why_unknown = point.minimized.error();
  if (!point.traded.empty()) scenario.trade_off.add(point.traded, PointIds{point.number});
  if (!point.minimized) return;
  if (!scenario.best || compare(*point.minimized, scenario.least) < 0) {
    scenario.best = point.number;
    scenario.least = *point.minimized;
    scenario.figures = figures();
    scenario.near.drop_far(scenario.least);
  }
  scenario.near.add(*point.minimized, scenario.least, point.sram);
}

void SweepAnswerBuilder::add_baseline(const AnswerPoint& design, const Figures& figures) {
  std::size_t baseline = 0;
  BaselineDesigns designs = baseline_designs(spec_, design.scenario, baseline);
  while (design.number >= designs.first + designs.count) {
    designs = baseline_designs(spec_, design.scenario, ++baseline);
  }
  BestOfBaseline& best = scenarios_[design.scenario].baselines[baseline];
  const bool runs = design.status == PointOutcome::Status::kFeasible && design.minimized;
  const bool better = runs && (!best.runs || compare(*design.minimized, best.least) < 0);
  if (best.some && !better) return;
  best.some = true;
  best.runs = runs;
  best.design = design.number - designs.first;
  best.figures = figures();
  if (runs) best.least = *design.minimized;
}

std::string SweepAnswerBuilder::best_text() const {
  const Scenario& scenario = scenarios_[last_];
  if (!scenario.best) return {};
  const double number =
      std::visit(overloaded{[](std::int64_t whole) { return static_cast<double>(whole); },
                            [](double real) { return real; },
                            [](Unlimited) { return std::numeric_limits<double>::infinity(); }},
                 scenario.least.number);
  return fmt::format("{} {:.6g} (point {})", spec_.minimize, number, *scenario.best);
}

std::string SweepAnswerBuilder::why_none(const Scenario& scenario, std::optional<SquareMm> budget) const {
  if (scenario.feasible == 0) return "no point runs";
  if (scenario.allowed > 0) return fmt::format("{} is not known: {}", spec_.minimize, scenario.why_unknown);
  if (scenario.in_budget > 0) {
    return fmt::format("none of the points that run{} ({}) is known to meet every constraint",
                       spec_.budget ? " in budget" : "", scenario.in_budget);
  }
  if (!budget) return fmt::format("the area of baseline {} is not known", spec_.budget->baseline);
  return fmt::format("none of the points that run ({}) is known to lie within the budget of {:g} mm2",
                     scenario.feasible, budget->value());
}

ScenarioAnswer SweepAnswerBuilder::answer_of(std::size_t number, std::optional<SquareMm> budget) {
  Scenario& scenario = scenarios_[number];
  ScenarioAnswer answer;
  for (const AxisValue* value : scenario_values(spec_, number)) {
    if (value != nullptr) answer.values.push_back(value->label);
  }
  answer.budget = budget;
  answer.over_budget = scenario.feasible - scenario.in_budget;
  answer.beyond_constraints = scenario.in_budget - scenario.allowed;
  answer.best = scenario.best;
  add_trade_off(scenario.trade_off, spec_.pareto.size(), answer);
  if (scenario.best) {
    answer.figures = std::move(scenario.figures);
    answer.near = scenario.near.all();
    answer.chosen = chosen_values(spec_, *scenario.best);
  } else {
    answer.why_none = why_none(scenario, budget);
  }
  for (std::size_t b = 0; b < spec_.baselines.size(); ++b) {
    BestOfBaseline& best = scenario.baselines[b];
    Comparison comparison{.baseline = spec_.baselines[b].name,
                          .figures = std::move(best.figures),
                          .speedup = std::nullopt,
                          .gain = std::nullopt};
    if (answer.best) {
      comparison.speedup = ratio_of(comparison.figures, answer.figures, time_of(answer.figures));
      comparison.gain = ratio_of(comparison.figures, answer.figures, spec_.minimize);
    }
    for (const AxisValue* value : open_values(spec_, spec_.baselines[b], best.design)) {
      comparison.chosen.push_back(value->label);
    }
    answer.comparisons.push_back(std::move(comparison));
  }
  for (std::size_t b = 0; b < answer.comparisons.size(); ++b) {
    const auto wider = refined_baseline(spec_, spec_.baselines[b]);
    if (!wider) continue;
    answer.comparisons[b].choice_gain =
        ratio_of(answer.comparisons[b].figures, answer.comparisons[*wider].figures, spec_.minimize);
  }
  return answer;
}

SweepAnswer SweepAnswerBuilder::finish(std::span<const SweepStrategy> strategies, bool energy,
                                       const std::function<std::optional<SquareMm>(std::size_t)>& budget) {
  SweepAnswer answer;
  answer.sweep = spec_.name;
  answer.model = spec_.workload;
  answer.arch = spec_.arch;
  answer.technology = fmt::format("{}", fmt::join(notes_.technologies_, ", "));
  answer.dtype = fmt::format("{}", fmt::join(notes_.dtypes_, ", "));
  answer.minimize = spec_.minimize;
  answer.tolerance = spec_.budget ? spec_.budget->tolerance : 0.0;
  answer.assumptions = assumptions_of(spec_);
  add_once(answer.assumptions, notes_.models_);
  add_once(answer.assumptions, notes_.stacks_);
  for (const SweepStrategy& made : strategies) {
    if (!made.strategy->reads_entropy) continue;
    answer.assumptions.push_back(std::string{made.strategy->name} + "'s entropies are " +
                                 describe(made.inputs.entropy));
  }
  answer.notes = notes_of(spec_, notes_.clocks_differ_);
  if (energy) add_once(answer.notes, notes_.energies_);
  for (const Axis& axis : spec_.axes) {
    if (is_scenario_axis(spec_, axis.name)) {
      answer.scenario_axes.push_back(axis.name);
      continue;
    }
    TriedAxis& tried = answer.tried.emplace_back(TriedAxis{axis.name, {}});
    for (const AxisValue& value : axis.values) tried.values.push_back(value.label);
  }
  for (std::size_t b = 0; b < spec_.baselines.size(); ++b) answer.baselines.push_back(answered(spec_, b));
  answer.scenarios.reserve(scenarios_.size());
  for (std::size_t s = 0; s < scenarios_.size(); ++s) answer.scenarios.push_back(answer_of(s, budget(s)));
  answer.counts = counts_;
  answer.published = spec_.published;
  return answer;
}

std::vector<bool> trade_off_points(const SweepAnswer& answer) {
  std::vector<bool> points;
  const auto mark = [&](std::size_t id) {
    points[id] = true;
    return true;
  };
  for (const ScenarioAnswer& scenario : answer.scenarios) {
    for (const PointIds& row : scenario.pareto.rows) {
      points.resize(std::max(points.size(), row.last() + 1));
      row.for_each(mark);
    }
  }
  return points;
}

}  // namespace fusescape
