#include "fusescape/report/sweep_files.hpp"

#include <algorithm>
#include <array>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/figures.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

std::string_view status_name(PointOutcome::Status status) {
  switch (status) {
    case PointOutcome::Status::kFeasible:
      return "feasible";
    case PointOutcome::Status::kInfeasible:
      return "infeasible";
    case PointOutcome::Status::kFailed:
      return "failed";
    case PointOutcome::Status::kSkipped:
      return "skipped";
  }
  return "";
}

std::vector<Field> axis_fields(const SweepSpec& spec, std::size_t id) {
  std::vector<Field> fields{{"point", static_cast<std::int64_t>(id)}};
  const std::vector<std::size_t> coordinates = coordinates_of(spec, id);
  for (std::size_t a = 0; a < spec.axes.size(); ++a) {
    fields.push_back({spec.axes[a].name, spec.axes[a].values[coordinates[a]].label});
  }
  return fields;
}

bool has_field(const std::vector<Field>& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& other) { return other.name == name; });
}

/// A key may be an axis (`strategy`, `phase`): then its column is there already, with the same words.
void add_field(std::vector<Field>& fields, Field field) {
  if (!has_field(fields, field.name)) fields.push_back(std::move(field));
}

bool some_read_entropy(const BoundSweep& sweep) {
  return std::any_of(sweep.strategies.begin(), sweep.strategies.end(),
                     [](const Strategy* strategy) { return strategy->reads_entropy; });
}

/// Where the entropies that the point's strategy reads come from.
Value entropy_value(const BoundSweep& sweep, const DesignPoint& point) {
  if (!sweep.strategies[point.strategy]->reads_entropy) return {};
  return describe(sweep.inputs.empty() ? EntropySource{} : sweep.inputs[point.strategy].entropy);
}

/// Metrics that are printed before the others, since they say what the design is.
constexpr std::array<std::string_view, 6> kDesignFirst{
    "pes", "rows", "cols", "onchip_capacity_bytes", "dram_bits_per_cycle", "area_mm2"};

void add_design(const BoundSweep& sweep, const DesignPoint& point, const Evaluated& evaluated,
                std::vector<Field>& fields) {
  const Accelerator& accelerator = evaluated.design.accelerator;
  add_field(fields, {"strategy", std::string{sweep.strategies[point.strategy]->name}});
  if (some_read_entropy(sweep)) add_field(fields, {"entropy", entropy_value(sweep, point)});
  add_field(fields, {"workload", evaluated.workload.name});
  add_field(fields, {"arch", accelerator.name});
  add_field(fields, {"technology", accelerator.technology});
  add_field(fields, {"phase", std::string{name_of(evaluated.workload.phase)}});
  add_field(fields, {"dtype", std::string{name_of(evaluated.workload.dtype)}});
  for (const std::string_view name : kDesignFirst) {
    fields.push_back({std::string{name}, value_of(find_metric(name)->value(evaluated))});
  }
}

/// An infeasible point shows the bytes that it needs as its peak.
Value point_value(const Metric& metric, const Evaluated& evaluated, const PointOutcome& outcome) {
  const bool is_need = metric.name == "peak_onchip_bytes" && outcome.needed > Bytes{0};
  return is_need ? Value{outcome.needed.value()} : value_of(metric.value(evaluated));
}

/// Why a point has no cost, or its model no sums.
Value reason_of(const Evaluated& evaluated, const PointOutcome& outcome) {
  if (!outcome.feasible()) return one_line(outcome.why);
  const auto whole = whole_of(evaluated);
  return whole ? Value{} : Value{one_line(whole.error())};
}

void add_figures(const BoundSweep& sweep, const Evaluated& evaluated, const PointOutcome& outcome,
                 std::vector<Field>& fields) {
  fields.push_back({"feasible", outcome.feasible()});
  for (const Metric& metric : metrics()) {
    const bool is_asked = !metric.of_generation || !sweep.generations.empty();
    const bool is_shown = is_asked && (!metric.reads_energy || sweep.energy);
    if (is_shown && !has_field(fields, metric.name)) {
      fields.push_back({std::string{metric.name}, point_value(metric, evaluated, outcome)});
    }
    if (metric.name != "utilization") continue;
    const bool runs = evaluated.cost != nullptr;
    fields.push_back({"bound", runs ? Value{std::string{name_of(outcome.cost.total.bound)}} : Value{}});
  }
  if (evaluated.workload.family == "stack") {
    const auto whole = whole_of(evaluated);
    const MetricValue pj = whole_energy_of(evaluated);
    for (Field& field :
         whole_fields(whole ? &*whole : nullptr, pj ? std::optional{magnitude(*pj)} : std::nullopt)) {
      if (field.name != "whole_energy_pj" || sweep.energy) fields.push_back(std::move(field));
    }
  }
  fields.push_back({"status", std::string{status_name(outcome.status)}});
  fields.push_back({"reason", reason_of(evaluated, outcome)});
}

}  // namespace

Table points_table(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result) {
  FUSESCAPE_EXPECTS(result.points.size() == sweep.points.size());
  Table table;
  for (std::size_t id = 0; id < sweep.points.size(); ++id) {
    std::vector<Field> fields = axis_fields(spec, id);
    const Evaluated evaluated = evaluated_point(sweep, sweep.points[id], result.points[id]);
    add_design(sweep, sweep.points[id], evaluated, fields);
    add_figures(sweep, evaluated, result.points[id], fields);
    fields.push_back({"in_budget", in_budget(spec, sweep, id)});
    std::vector<Value>& row = table.rows.emplace_back();
    for (Field& field : fields) {
      if (id == 0) table.columns.push_back(field.name);
      row.push_back(std::move(field.value));
    }
  }
  return table;
}

Table pareto_table(const Table& points, const SweepAnswer& answer) {
  std::vector<std::size_t> ids;
  for (const ScenarioAnswer& scenario : answer.scenarios) {
    ids.insert(ids.end(), scenario.pareto.begin(), scenario.pareto.end());
  }
  std::sort(ids.begin(), ids.end());
  Table table{.columns = points.columns, .rows = {}};
  for (const std::size_t id : ids) table.rows.push_back(points.rows[id]);
  return table;
}

}  // namespace fusescape
