#include "fusescape/report/roofline.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fusescape/cost/compulsory.hpp"

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
  return std::isinf(bandwidth) ? Value{"unlimited"} : Value{bandwidth};
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

std::vector<Field> fields_of(const RooflinePoint& point) {
  const Value bound = point.attainable ? Value{point.compute_bound ? "compute" : "dram"} : Value{};
  return {{"operator", point.name},
          {"kind", point.kind},
          {"ops", point.ops},
          {"dram_read_bytes", point.read},
          {"dram_write_bytes", point.written},
          {"dram_bytes", point.read + point.written},
          {"intensity_ops_per_byte", point.intensity},
          {"peak_ops_per_cycle", point.peak},
          {"attainable_ops_per_cycle", point.attainable},
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

Document document_of(const Roofline& roofline) {
  // Reads and writes apart are for machines; a person compares the sum.
  constexpr std::array kColumns{Shown{"operator", "operator"},
                                Shown{"kind", "kind"},
                                Shown{"ops", "ops"},
                                Shown{"dram_bytes", "DRAM bytes"},
                                Shown{"intensity_ops_per_byte", "op/B"},
                                Shown{"peak_ops_per_cycle", "peak op/cycle"},
                                Shown{"attainable_ops_per_cycle", "attainable op/cycle"},
                                Shown{"bound", "bound"}};
  std::vector<std::vector<Field>> rows;
  std::vector<Record> operators;
  for (const RooflinePoint& point : roofline.points) {
    rows.push_back(fields_of(point));
    operators.push_back(record_of(rows.back()));
  }
  const std::string bandwidth = std::isinf(roofline.bandwidth) ? std::string{"unlimited bandwidth"}
                                                               : text(roofline.bandwidth) + " B/cycle";
  const Lines roofs{{"roofs", fmt::format("{} op/cycle of one-cycle operations, {} of DRAM, ridge at {} op/B",
                                          text(roofline.peak), bandwidth, text(roofline.ridge()))}};
  const Paragraph assumptions{fmt::format("modelled, assuming: {}", fmt::join(roofline.assumptions, "; "))};
  return {.title = fmt::format("{} on {}", roofline.workload, roofline.arch),
          .sections = {Grid{.table = shown_table(operators, kColumns)}, roofs, assumptions},
          .data = Record{{"workload", roofline.workload},
                         {"arch", roofline.arch},
                         {"peak_ops_per_cycle", roofline.peak},
                         {"dram_bytes_per_cycle", bandwidth_value(roofline.bandwidth)},
                         {"ridge_ops_per_byte", roofline.ridge()},
                         {"assumptions", roofline.assumptions},
                         {"operators", operators}},
          .rows = table_of(rows)};
}

}  // namespace fusescape
