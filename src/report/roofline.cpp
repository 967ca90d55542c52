#include "fusescape/report/roofline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "fusescape/cost/compulsory.hpp"
#include "json_value.hpp"

namespace fusescape {
namespace {

double double_of(std::int64_t value) {
  return static_cast<double>(value);
}

/// An unlimited port is an infinitely wide one: whatever moves, the PEs are the roof.
double bytes_per_cycle(BitsPerCycle width) {
  constexpr double kBitsPerByte = 8.0;
  return width.unlimited() ? std::numeric_limits<double>::infinity() : double_of(width.value) / kBitsPerByte;
}

/// JSON has no infinity.
Value bandwidth_value(double bandwidth) {
  return std::isinf(bandwidth) ? Value{std::string{"unlimited"}} : Value{bandwidth};
}

/// Of the first core that runs the kind, as in evaluation.
std::optional<double> peak_of(const Accelerator& accelerator, OpKind kind) {
  for (const Core& core : accelerator.cores) {
    const std::int64_t cycles = core.cycles_per_op[static_cast<std::size_t>(kind)];
    if (cycles > 0) return double_of(core.pes()) / double_of(cycles);
  }
  return std::nullopt;
}

RooflinePoint point_of(const Cascade& cascade, OpId id, const Accelerator& accelerator, double bandwidth) {
  const Operator& op = cascade.op(id);
  const CompulsoryTraffic traffic = compulsory_traffic(cascade, id);
  RooflinePoint point{.name = op.name,
                      .kind = std::string{name_of(op.kind)},
                      .ops = ops_of(cascade, id),
                      .read = traffic.read,
                      .written = traffic.written,
                      .intensity = {},
                      .peak = peak_of(accelerator, op.kind),
                      .attainable = {}};
  const Bytes moved = traffic.read + traffic.written;
  if (moved > Bytes{0}) point.intensity = double_of(point.ops.value()) / double_of(moved.value());
  if (point.intensity && point.peak) {
    point.attainable = std::min(*point.peak, *point.intensity * bandwidth);
    point.compute_bound = *point.peak <= *point.intensity * bandwidth;
  }
  return point;
}

Value value_of(const std::optional<double>& number) {
  return number ? Value{*number} : Value{};
}

std::vector<Field> fields_of(const RooflinePoint& point) {
  const Value bound =
      point.attainable ? Value{std::string{point.compute_bound ? "compute" : "dram"}} : Value{};
  return {{"operator", point.name},
          {"kind", point.kind},
          {"ops", point.ops.value()},
          {"dram_read_bytes", point.read.value()},
          {"dram_write_bytes", point.written.value()},
          {"dram_bytes", (point.read + point.written).value()},
          {"intensity_ops_per_byte", value_of(point.intensity)},
          {"peak_ops_per_cycle", value_of(point.peak)},
          {"attainable_ops_per_cycle", value_of(point.attainable)},
          {"bound", bound}};
}

}  // namespace

Roofline roofline_of(const Workload& workload, const Accelerator& accelerator) {
  const Cascade& cascade = workload.block;
  Roofline roofline{.workload = workload.name,
                    .arch = accelerator.name,
                    .bandwidth = bytes_per_cycle(accelerator.dram.effective_bandwidth()),
                    .points = {},
                    .assumptions = {"each operator alone, every input and output element moved once",
                                    "every PE busy, whatever the mapping",
                                    fmt::format("data type {}", name_of(workload.dtype))}};
  if (accelerator.dram.ports == Ports::kSeparate) {
    roofline.bandwidth *= 2.0;
    roofline.assumptions.emplace_back("reads and writes keep both DRAM ports busy");
  }
  for (const Core& core : accelerator.cores) roofline.peak = std::max(roofline.peak, double_of(core.pes()));
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    roofline.points.push_back(point_of(cascade, op, accelerator, roofline.bandwidth));
  }
  roofline.assumptions.insert(roofline.assumptions.end(), workload.assumptions.begin(),
                              workload.assumptions.end());
  return roofline;
}

Table roofline_table(const Roofline& roofline) {
  std::vector<std::vector<Field>> rows;
  for (const RooflinePoint& point : roofline.points) rows.push_back(fields_of(point));
  return table_of(rows);
}

std::string roofline_json(const Roofline& roofline) {
  nlohmann::ordered_json operators = nlohmann::ordered_json::array();
  for (const RooflinePoint& point : roofline.points) {
    nlohmann::ordered_json& row = operators.emplace_back(nlohmann::ordered_json::object());
    for (const Field& field : fields_of(point)) row[field.name] = json_value(field.value);
  }
  const nlohmann::ordered_json root{{"workload", roofline.workload},
                                    {"arch", roofline.arch},
                                    {"peak_ops_per_cycle", roofline.peak},
                                    {"dram_bytes_per_cycle", json_value(bandwidth_value(roofline.bandwidth))},
                                    {"ridge_ops_per_byte", roofline.ridge()},
                                    {"assumptions", roofline.assumptions},
                                    {"operators", std::move(operators)}};
  return json_text(root, 2) + "\n";
}

std::string roofline_text(const Roofline& roofline, TextStyle style) {
  const Table all = roofline_table(roofline);
  // Reads and writes apart are for machines; a person compares the sum.
  constexpr std::array<std::size_t, 8> kColumnsShown{0, 1, 2, 5, 6, 7, 8, 9};
  Table table{.columns = {"operator", "kind", "ops", "DRAM bytes", "op/B", "peak op/cycle",
                          "attainable op/cycle", "bound"},
              .rows = {}};
  for (const std::vector<Value>& row : all.rows) {
    std::vector<Value>& shown = table.rows.emplace_back();
    for (const std::size_t column : kColumnsShown) shown.push_back(row[column]);
  }
  const std::string bandwidth = std::isinf(roofline.bandwidth) ? std::string{"unlimited bandwidth"}
                                                               : text(Value{roofline.bandwidth}) + " B/cycle";
  return fmt::format(
      "{}\n\n{}\nroofs   {} op/cycle of one-cycle operations, {} of DRAM, ridge at {} op/B\n\n"
      "modelled, assuming: {}\n",
      bold(fmt::format("{} on {}", roofline.workload, roofline.arch), style), text(table, style),
      text(Value{roofline.peak}), bandwidth, text(Value{roofline.ridge()}),
      fmt::join(roofline.assumptions, "; "));
}

}  // namespace fusescape
