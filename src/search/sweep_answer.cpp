#include "fusescape/search/sweep_answer.hpp"

#include <algorithm>
#include <array>

#include "fusescape/search/pareto.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// A column that a best or a trade-off may minimise: an integer that orders like its value, or nothing where
/// a table has a hole.
struct Metric {
  std::string_view name;
  std::optional<std::int64_t> (*key)(const PointOutcome& outcome, const PricedAccelerator& design);
};

constexpr std::array kMetrics{
    Metric{"latency_cycles",
           [](const PointOutcome& o, const PricedAccelerator&) -> std::optional<std::int64_t> {
             return o.cost.latency.value();
           }},
    Metric{"compute_cycles",
           [](const PointOutcome& o, const PricedAccelerator&) -> std::optional<std::int64_t> {
             return o.cost.compute.value();
           }},
    Metric{"dram_bytes",
           [](const PointOutcome& o, const PricedAccelerator&) -> std::optional<std::int64_t> {
             return (o.cost.total.dram_read + o.cost.total.dram_write).value();
           }},
    Metric{"peak_onchip_bytes",
           [](const PointOutcome& o, const PricedAccelerator&) -> std::optional<std::int64_t> {
             return o.cost.total.peak.value();
           }},
    Metric{"onchip_capacity_bytes",
           [](const PointOutcome&, const PricedAccelerator& d) -> std::optional<std::int64_t> {
             return d.accelerator.sram.capacity.value();
           }},
    Metric{"pes",
           [](const PointOutcome&, const PricedAccelerator& d) -> std::optional<std::int64_t> {
             return d.accelerator.pes();
           }},
    Metric{"area_mm2",
           [](const PointOutcome&, const PricedAccelerator& d) -> std::optional<std::int64_t> {
             if (!d.area) return std::nullopt;
             return order_key(d.area->value());
           }},
};

const Metric& metric_named(std::string_view name) {
  const auto* const found =
      std::find_if(kMetrics.begin(), kMetrics.end(), [&](const Metric& m) { return m.name == name; });
  FUSESCAPE_EXPECTS(found != kMetrics.end());  // problems_of
  return *found;
}

DesignFigures figures_of(const BoundSweep& sweep, const DesignPoint& design, const PointOutcome& outcome) {
  const PricedAccelerator& priced = sweep.accelerators[design.accelerator];
  const Accelerator& accelerator = priced.accelerator;
  const Workload& workload = sweep.workloads[design.workload];
  DesignFigures figures;
  figures.design = design;
  figures.status = outcome.status;
  figures.pes = accelerator.pes();
  if (!accelerator.cores.empty()) {
    figures.cores = accelerator.cores.front().count;
    figures.rows = accelerator.cores.front().rows;
    figures.cols = accelerator.cores.front().cols;
  }
  figures.sram = accelerator.sram.capacity;
  figures.onchip_read = accelerator.sram.read_bandwidth();
  figures.area = priced.area;
  figures.strategy = sweep.strategies[design.strategy]->name;
  figures.needed = outcome.needed;
  if (!outcome.feasible()) return figures;
  figures.latency = outcome.cost.latency;
  figures.bound = outcome.cost.total.bound;
  const Seconds block = duration(outcome.cost.latency, accelerator.clock);
  figures.ms_per_token = block.value() * 1e3 * static_cast<double>(workload.n_layer) /
                         static_cast<double>(workload.tokens.value());
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
  const std::size_t baseline = scenario * spec.baselines.size() + baseline_id(spec, spec.budget->baseline);
  return sweep.accelerators[sweep.baselines[baseline].accelerator].area;
}

/// Ids of the scenario's feasible points whose `columns` are all known, and those columns' keys, row by row.
struct Candidates {
  std::vector<std::size_t> ids;
  std::vector<std::int64_t> keys;
};

Candidates candidates(const BoundSweep& sweep, const SweepResult& result, std::span<const std::size_t> ids,
                      std::span<const std::string> columns) {
  Candidates found;
  for (const std::size_t id : ids) {
    const PricedAccelerator& design = sweep.accelerators[sweep.points[id].accelerator];
    std::vector<std::int64_t> row;
    for (const std::string& column : columns) {
      if (const auto key = metric_named(column).key(result.points[id], design)) row.push_back(*key);
    }
    if (row.size() != columns.size()) continue;
    found.ids.push_back(id);
    found.keys.insert(found.keys.end(), row.begin(), row.end());
  }
  return found;
}

std::vector<Comparison> comparisons(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result,
                                    std::size_t scenario, const ScenarioAnswer& answer) {
  std::vector<Comparison> compared;
  for (std::size_t b = 0; b < spec.baselines.size(); ++b) {
    const std::size_t id = scenario * spec.baselines.size() + b;
    Comparison comparison{.baseline = spec.baselines[b].name,
                          .figures = figures_of(sweep, sweep.baselines[id], result.baselines[id]),
                          .speedup = std::nullopt};
    if (answer.best && result.baselines[id].feasible()) {
      comparison.speedup = static_cast<double>(comparison.figures.latency.value()) /
                           static_cast<double>(answer.figures.latency.value());
    }
    compared.push_back(std::move(comparison));
  }
  return compared;
}

NearBest near_best(const BoundSweep& sweep, const SweepResult& result, std::span<const std::size_t> allowed,
                   std::size_t best) {
  const auto latency = [&](std::size_t id) {
    return static_cast<double>(result.points[id].cost.latency.value());
  };
  NearBest near{.designs = 0, .least_sram = Bytes::overflowed(), .most_sram = Bytes{0}};
  for (const std::size_t id : allowed) {
    if (latency(id) > (1.0 + kNearBest) * latency(best)) continue;
    const Bytes sram = sweep.accelerators[sweep.points[id].accelerator].accelerator.sram.capacity;
    ++near.designs;
    near.least_sram = std::min(near.least_sram, sram);
    near.most_sram = std::max(near.most_sram, sram);
  }
  return near;
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
    answer.near = near_best(sweep, result, allowed, *answer.best);
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

}  // namespace

std::vector<std::string_view> sweep_metrics() {
  std::vector<std::string_view> names;
  names.reserve(kMetrics.size());
  for (const Metric& metric : kMetrics) names.push_back(metric.name);
  return names;
}

bool in_budget(const SweepSpec& spec, const BoundSweep& sweep, std::size_t point) {
  if (!spec.budget) return true;
  const std::optional<SquareMm> budget = budget_of(spec, sweep, scenario_of(spec, point));
  const std::optional<SquareMm> area = sweep.accelerators[sweep.points[point].accelerator].area;
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
  answer.technology = joined(sweep.accelerators, [](const PricedAccelerator& design) {
    return std::string_view{design.accelerator.technology};
  });
  answer.dtype = joined(sweep.workloads, [](const Workload& workload) { return name_of(workload.dtype); });
  answer.minimize = spec.minimize;
  answer.tolerance = spec.budget ? spec.budget->tolerance : 0.0;
  answer.assumptions = assumptions_of(spec);
  for (std::size_t i = 0; i < sweep.inputs.size(); ++i) {
    const Strategy& strategy = *sweep.strategies[i];
    if (!strategy.reads_entropy) continue;
    answer.assumptions.push_back(std::string{strategy.name} + "'s entropies are " +
                                 describe(sweep.inputs[i].entropy));
  }
  for (const Axis& axis : spec.axes) {
    if (is_scenario_axis(spec, axis.name)) answer.scenario_axes.push_back(axis.name);
  }
  for (std::size_t scenario = 0; scenario < feasible.size(); ++scenario) {
    answer.scenarios.push_back(scenario_answer(spec, sweep, result, scenario, feasible[scenario]));
  }
  answer.counts = result.counts;
  answer.published = spec.published;
  return answer;
}

}  // namespace fusescape
