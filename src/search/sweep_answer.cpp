#include "fusescape/search/sweep_answer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/search/model_head.hpp"
#include "fusescape/search/pareto.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

const Metric& metric_named(std::string_view name) {
  const Metric* found = find_metric(name);
  FUSESCAPE_EXPECTS(found != nullptr);  // problems_of
  return *found;
}

DesignFigures figures_of(const BoundSweep& sweep, const DesignPoint& design, const PointOutcome& outcome) {
  const Evaluated evaluated = evaluated_point(sweep, design, outcome);
  DesignFigures figures;
  figures.design = design;
  figures.status = outcome.status;
  figures.strategy = sweep.strategies[design.strategy]->name;
  const std::vector<Core>& cores = evaluated.design.accelerator.cores;
  if (!cores.empty()) figures.cores = cores.front().count;
  for (const Metric& metric : metrics()) figures.figures.push_back(metric.value(evaluated));
  figures.needed = outcome.needed;
  if (evaluated.cost != nullptr) figures.bound = outcome.cost.total.bound;
  return figures;
}

std::size_t baseline_id(const SweepSpec& spec, std::string_view name) {
  const auto found = std::find_if(spec.baselines.begin(), spec.baselines.end(),
                                  [&](const Baseline& b) { return b.name == name; });
  FUSESCAPE_EXPECTS(found != spec.baselines.end());  // problems_of
  return static_cast<std::size_t>(found - spec.baselines.begin());
}

std::optional<SquareMm> budget_of(const SweepSpec& spec, const BoundSweep& sweep, std::size_t scenario) {
  if (!spec.budget) return std::nullopt;
  if (spec.budget->area) return spec.budget->area;
  const BaselineDesigns designs = baseline_designs(spec, scenario, baseline_id(spec, spec.budget->baseline));
  return sweep.designs[sweep.baselines[designs.first].design].area.total;
}

MetricValue figure_of(const Metric& metric, const BoundSweep& sweep, const SweepResult& result,
                      std::size_t point) {
  return metric.value(evaluated_point(sweep, sweep.points[point], result.points[point]));
}

/// Those of `ids` whose `columns` are all known, and integers that order like those columns, row by row.
struct Candidates {
  std::vector<std::size_t> ids;
  std::vector<std::int64_t> keys;
};

Candidates candidates(const BoundSweep& sweep, const SweepResult& result, std::span<const std::size_t> ids,
                      std::span<const std::string> columns) {
  Candidates found;
  std::vector<std::vector<Figure>> known(columns.size());
  for (const std::size_t id : ids) {
    std::vector<Figure> row;
    for (const std::string& column : columns) {
      if (const MetricValue figure = figure_of(metric_named(column), sweep, result, id))
        row.push_back(*figure);
    }
    if (row.size() != columns.size()) continue;
    found.ids.push_back(id);
    for (std::size_t c = 0; c < row.size(); ++c) known[c].push_back(row[c]);
  }
  found.keys.resize(found.ids.size() * columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::vector<std::int64_t> ranks = ranks_of(known[c]);
    for (std::size_t r = 0; r < ranks.size(); ++r) found.keys[r * columns.size() + c] = ranks[r];
  }
  return found;
}

/// The design of a baseline that has the least of what is minimised; the first of equals, or of all if none
/// runs.
std::size_t best_of(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result,
                    BaselineDesigns designs) {
  std::size_t best = designs.first;
  MetricValue least = unexpected<std::string>{"none runs"};
  for (std::size_t id = designs.first; id < designs.first + designs.count; ++id) {
    const MetricValue figure =
        metric_named(spec.minimize).value(evaluated_point(sweep, sweep.baselines[id], result.baselines[id]));
    if (!result.baselines[id].feasible() || !figure || (least && compare(*figure, *least) >= 0)) continue;
    best = id;
    least = figure;
  }
  return best;
}

std::optional<double> ratio_of(const DesignFigures& above, const DesignFigures& below,
                               std::string_view metric) {
  const MetricValue& larger = above.figure(metric);
  const MetricValue& smaller = below.figure(metric);
  return larger && smaller ? std::optional{ratio(*larger, *smaller)} : std::nullopt;
}

/// What speed-ups are of: a generation, a block, or a model of several.
std::string_view time_of(const DesignFigures& figures) {
  if (figures.figure("generation_total_ms")) return "generation_total_ms";
  return figures.figure("latency_s") ? "latency_s" : "latency_ms";
}

std::vector<Comparison> comparisons(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result,
                                    std::size_t scenario, const ScenarioAnswer& answer) {
  std::vector<Comparison> compared;
  for (std::size_t b = 0; b < spec.baselines.size(); ++b) {
    const BaselineDesigns designs = baseline_designs(spec, scenario, b);
    const std::size_t id = best_of(spec, sweep, result, designs);
    Comparison comparison{.baseline = spec.baselines[b].name,
                          .figures = figures_of(sweep, sweep.baselines[id], result.baselines[id]),
                          .speedup = std::nullopt,
                          .gain = std::nullopt};
    if (answer.best) {
      comparison.speedup = ratio_of(comparison.figures, answer.figures, time_of(answer.figures));
      comparison.gain = ratio_of(comparison.figures, answer.figures, spec.minimize);
    }
    for (const AxisValue* value : open_values(spec, spec.baselines[b], id - designs.first)) {
      comparison.chosen.push_back(value->label);
    }
    compared.push_back(std::move(comparison));
  }
  for (std::size_t b = 0; b < compared.size(); ++b) {
    const auto wider = refined_baseline(spec, spec.baselines[b]);
    if (wider)
      compared[b].choice_gain = ratio_of(compared[b].figures, compared[*wider].figures, spec.minimize);
  }
  return compared;
}

AnsweredBaseline answered(const SweepSpec& spec, std::size_t baseline) {
  const Baseline& asked = spec.baselines[baseline];
  AnsweredBaseline made{
      .name = asked.name, .open = {}, .designs = 1, .refines = refined_baseline(spec, asked)};
  for (const std::size_t axis : open_axes(spec, asked)) made.open.push_back(spec.axes[axis].name);
  made.designs = baseline_designs(spec, 0, baseline).count;
  return made;
}

NearBest near_best(const Metric& metric, const BoundSweep& sweep, const SweepResult& result,
                   std::span<const std::size_t> allowed, std::size_t best) {
  const Figure least = *figure_of(metric, sweep, result, best);
  NearBest near{.designs = 0, .least_sram = Bytes::overflowed(), .most_sram = Bytes{0}};
  for (const std::size_t id : allowed) {
    const MetricValue figure = figure_of(metric, sweep, result, id);
    const bool is_near = figure && (compare(*figure, least) <= 0 || ratio(*figure, least) <= 1.0 + kNearBest);
    if (!is_near) continue;
    const Bytes sram = sweep.designs[sweep.points[id].design].accelerator.sram.capacity;
    ++near.designs;
    near.least_sram = std::min(near.least_sram, sram);
    near.most_sram = std::max(near.most_sram, sram);
  }
  return near;
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

/// Why none of the points that run is the best; `allowed` are those of them in budget.
std::string why_none(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result,
                     std::span<const std::size_t> feasible, std::span<const std::size_t> allowed) {
  if (feasible.empty()) return result.complete ? "no point runs" : "no point that was evaluated runs";
  if (!allowed.empty()) {
    const MetricValue figure = figure_of(metric_named(spec.minimize), sweep, result, allowed.front());
    return fmt::format("{} is not known: {}", spec.minimize, figure.error());
  }
  const auto budget = budget_of(spec, sweep, scenario_of(spec, feasible.front()));
  if (!budget) return fmt::format("the area of baseline {} is not known", spec.budget->baseline);
  return fmt::format("none of the points that run ({}) is known to lie within the budget of {:g} mm2",
                     feasible.size(), budget->value());
}

ScenarioAnswer scenario_answer(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result,
                               std::size_t scenario, std::span<const std::size_t> feasible) {
  ScenarioAnswer answer;
  for (const AxisValue* value : scenario_values(spec, scenario)) {
    if (value != nullptr) answer.values.push_back(value->label);
  }
  answer.budget = budget_of(spec, sweep, scenario);
  std::vector<std::size_t> allowed;
  for (const std::size_t id : feasible) {
    if (in_budget(spec, sweep, id)) allowed.push_back(id);
  }
  answer.over_budget = feasible.size() - allowed.size();

  const Candidates by_objective = candidates(sweep, result, allowed, {&spec.minimize, 1});
  const auto least = std::min_element(by_objective.keys.begin(), by_objective.keys.end());
  if (least != by_objective.keys.end()) {
    answer.best = by_objective.ids[static_cast<std::size_t>(least - by_objective.keys.begin())];
    answer.figures = figures_of(sweep, sweep.points[*answer.best], result.points[*answer.best]);
    answer.near = near_best(metric_named(spec.minimize), sweep, result, allowed, *answer.best);
    answer.chosen = chosen_values(spec, *answer.best);
  } else {
    answer.why_none = why_none(spec, sweep, result, feasible, allowed);
  }
  if (!spec.pareto.empty()) {
    const Candidates by_columns = candidates(sweep, result, allowed, spec.pareto);
    for (const std::size_t row : non_dominated(by_columns.keys, spec.pareto.size())) {
      answer.pareto.push_back(by_columns.ids[row]);
    }
  }
  answer.comparisons = comparisons(spec, sweep, result, scenario, answer);
  return answer;
}

/// Distinct names in order of appearance, ", " between them.
template <class Values, class NameOf>
std::string joined(const Values& values, const NameOf& name_of_value) {
  std::vector<std::string_view> names;
  std::string text;
  for (const auto& value : values) {
    const std::string_view name = name_of_value(value);
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    text += (names.empty() ? "" : ", ") + std::string{name};
    names.push_back(name);
  }
  return text;
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
  for (const Axis& axis : spec.axes) {
    for (const AxisValue& value : axis.values) {
      const bool is_case = value.settings.size() != 1 || value.settings.front().key != axis.name;
      if (is_case) lines.push_back(axis.name + " " + value.label + ": " + text_of(value.settings));
    }
  }
  return lines;
}

/// Of stacks: what the whole model is, and which kinds of layers run another strategy than is asked for.
void add_stack_notes(const BoundSweep& sweep, const SweepResult& result, std::vector<std::string>& lines) {
  const auto add = [&](std::string line) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  };
  for (std::size_t id = 0; id < result.points.size() && !sweep.kinds.empty(); ++id) {
    const std::vector<LayerCost>& layers = result.points[id].layers;
    if (result.points[id].feasible()) {
      add(describe_whole_model(sweep.workloads[sweep.points[id].workload], layers));
    }
    for (const LayerCost& layer : layers) {
      if (!layer.is_replaced) continue;
      add(fmt::format("{} runs unfused where a strategy fuses operators that it lacks", layer.kind));
    }
  }
}

bool clocks_differ(const BoundSweep& sweep) {
  const auto clock = [](const Design& design) { return design.accelerator.clock; };
  return std::any_of(sweep.designs.begin(), sweep.designs.end(),
                     [&](const Design& design) { return clock(design) != clock(sweep.designs.front()); });
}

/// What a name that is minimised does not say by itself.
std::vector<std::string> notes_of(const SweepSpec& spec, const BoundSweep& sweep) {
  std::vector<std::string> lines;
  std::vector<std::string> names{spec.minimize};
  names.insert(names.end(), spec.pareto.begin(), spec.pareto.end());
  std::vector<std::string> seen;
  for (const std::string& name : names) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
    seen.push_back(name);
    const Metric& metric = metric_named(name);
    if (metric.unit == "cycles" && clocks_differ(sweep)) {
      lines.push_back(name + ": the designs' clocks differ, so it is compared as time");
    }
    if (metric.better == Better::kMore) {
      lines.push_back(name + ": more is better, and the least was asked for");
    }
  }
  if (!sweep.energy) return lines;
  for (const Design& design : sweep.designs) {
    if (design.technology == nullptr) continue;
    for (std::string& line : energy_provenance(*design.technology)) {
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace

const MetricValue& DesignFigures::figure(std::string_view name) const {
  FUSESCAPE_EXPECTS(figures.size() == metrics().size());
  return figures[static_cast<std::size_t>(&metric_named(name) - metrics().data())];
}

bool in_budget(const SweepSpec& spec, const BoundSweep& sweep, std::size_t point) {
  if (!spec.budget) return true;
  const std::optional<SquareMm> budget = budget_of(spec, sweep, scenario_of(spec, point));
  const std::optional<SquareMm> area = sweep.designs[sweep.points[point].design].area.total;
  return budget && area && *area <= (1.0 + spec.budget->tolerance) * *budget;
}

SweepAnswer answer(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result) {
  FUSESCAPE_EXPECTS(result.points.size() == sweep.points.size());
  std::vector<std::vector<std::size_t>> feasible(scenario_count(spec));
  for (std::size_t id = 0; id < result.points.size(); ++id) {
    if (result.points[id].feasible()) feasible[scenario_of(spec, id)].push_back(id);
  }
  SweepAnswer answer;
  answer.sweep = spec.name;
  answer.model = spec.workload;
  answer.arch = spec.arch;
  answer.technology = joined(
      sweep.designs, [](const Design& design) { return std::string_view{design.accelerator.technology}; });
  answer.dtype = joined(sweep.workloads, [](const Workload& workload) { return name_of(workload.dtype); });
  answer.minimize = spec.minimize;
  answer.tolerance = spec.budget ? spec.budget->tolerance : 0.0;
  answer.assumptions = assumptions_of(spec);
  for (const Workload& workload : sweep.workloads) {
    if (!sweep.kinds.empty()) break;
    std::string line = describe_whole_model(workload);
    const auto known = std::find(answer.assumptions.begin(), answer.assumptions.end(), line);
    if (known == answer.assumptions.end()) answer.assumptions.push_back(std::move(line));
  }
  add_stack_notes(sweep, result, answer.assumptions);
  for (std::size_t i = 0; i < sweep.inputs.size(); ++i) {
    const Strategy& strategy = *sweep.strategies[i];
    if (!strategy.reads_entropy) continue;
    answer.assumptions.push_back(std::string{strategy.name} + "'s entropies are " +
                                 describe(sweep.inputs[i].entropy));
  }
  answer.notes = notes_of(spec, sweep);
  for (const Axis& axis : spec.axes) {
    if (is_scenario_axis(spec, axis.name)) {
      answer.scenario_axes.push_back(axis.name);
      continue;
    }
    TriedAxis& tried = answer.tried.emplace_back(TriedAxis{axis.name, {}});
    for (const AxisValue& value : axis.values) tried.values.push_back(value.label);
  }
  for (std::size_t b = 0; b < spec.baselines.size(); ++b) answer.baselines.push_back(answered(spec, b));
  for (std::size_t scenario = 0; scenario < feasible.size(); ++scenario) {
    answer.scenarios.push_back(scenario_answer(spec, sweep, result, scenario, feasible[scenario]));
  }
  answer.counts = result.counts;
  answer.published = spec.published;
  return answer;
}

}  // namespace fusescape
