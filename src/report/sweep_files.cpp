#include "fusescape/report/sweep_files.hpp"

#include <algorithm>

#include "fusescape/report/evaluation.hpp"
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

/// An axis may bear the name of a figure (`strategy`, `phase`): then the column is there already.
void add_field(std::vector<Field>& fields, Field field) {
  const bool there =
      std::any_of(fields.begin(), fields.end(), [&](const Field& other) { return other.name == field.name; });
  if (!there) fields.push_back(std::move(field));
}

void add_design(const BoundSweep& sweep, const DesignPoint& point, std::vector<Field>& fields) {
  const Workload& workload = sweep.workloads[point.workload];
  const PricedAccelerator& design = sweep.accelerators[point.accelerator];
  const Accelerator& accelerator = design.accelerator;
  add_field(fields, {"strategy", std::string{sweep.strategies[point.strategy]->name}});
  add_field(fields, {"workload", workload.name});
  add_field(fields, {"arch", accelerator.name});
  add_field(fields, {"technology", accelerator.technology});
  add_field(fields, {"phase", std::string{name_of(workload.phase)}});
  add_field(fields, {"dtype", std::string{name_of(workload.dtype)}});
  add_field(fields, {"pes", accelerator.pes()});
  const bool has_core = !accelerator.cores.empty();
  add_field(fields, {"rows", has_core ? Value{accelerator.cores.front().rows} : Value{}});
  add_field(fields, {"cols", has_core ? Value{accelerator.cores.front().cols} : Value{}});
  add_field(fields, {"onchip_capacity_bytes", accelerator.sram.capacity.value()});
  add_field(fields, {"dram_bits_per_cycle", accelerator.dram.bandwidth.value});
  add_field(fields, {"area_mm2", design.area ? Value{design.area->value()} : Value{}});
}

void add_cost(const BoundSweep& sweep, const DesignPoint& point, const PointOutcome& outcome,
              std::vector<Field>& fields) {
  const Workload& workload = sweep.workloads[point.workload];
  const Accelerator& accelerator = sweep.accelerators[point.accelerator].accelerator;
  const auto add = [&](std::string name, Value value) {
    add_field(fields, {std::move(name), outcome.feasible() ? std::move(value) : Value{}});
  };
  const Cost& cost = outcome.cost;
  const auto cycles = static_cast<double>(cost.latency.value());
  const auto whole = outcome.feasible() ? whole_model(workload, cost, outcome.head.get())
                                        : expected<WholeModel, std::string>{unexpected{outcome.why}};
  add_field(fields, {"feasible", outcome.feasible()});
  add("latency_cycles", cost.latency.value());
  add("compute_cycles", cost.compute.value());
  add("dram_bytes", (cost.total.dram_read + cost.total.dram_write).value());
  add("dram_read_bytes", cost.total.dram_read.value());
  add("dram_write_bytes", cost.total.dram_write.value());
  add_field(fields, {"peak_onchip_bytes", outcome.feasible()          ? Value{cost.total.peak.value()}
                                          : outcome.needed > Bytes{0} ? Value{outcome.needed.value()}
                                                                      : Value{}});
  add("onchip_read_bytes", cost.total.onchip_read.value());
  add("onchip_write_bytes", cost.total.onchip_write.value());
  add("ops", cost.total.ops.value());
  add("utilization",
      static_cast<double>(cost.total.pe_cycles.value()) / (static_cast<double>(accelerator.pes()) * cycles));
  add("bound", std::string{name_of(cost.total.bound)});
  const double ms = whole ? duration(whole->latency, accelerator.clock).value() * 1e3 : 0.0;
  add("latency_ms", whole ? Value{ms} : Value{});
  add("latency_ms_per_token", whole ? Value{ms / static_cast<double>(workload.tokens.value())} : Value{});
  add_field(fields, {"status", std::string{status_name(outcome.status)}});
  std::string reason = whole ? std::string{} : whole.error();
  std::replace(reason.begin(), reason.end(), '\n', ' ');  // One row is one line.
  add_field(fields, {"reason", reason.empty() ? Value{} : Value{std::move(reason)}});
}

}  // namespace

Table points_table(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result) {
  FUSESCAPE_EXPECTS(result.points.size() == sweep.points.size());
  Table table;
  for (std::size_t id = 0; id < sweep.points.size(); ++id) {
    std::vector<Field> fields = axis_fields(spec, id);
    add_design(sweep, sweep.points[id], fields);
    add_cost(sweep, sweep.points[id], result.points[id], fields);
    add_field(fields, {"in_budget", in_budget(spec, sweep, id)});
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
