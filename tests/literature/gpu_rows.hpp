// What do kernels move and take on the H200, and what does the model say of each? The rows of
// results/gpu/measurements.csv, and the closed form on their shapes.
#pragma once

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "fusescape/cost/evaluate.hpp"
#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/assessment.hpp"
#include "loaded.hpp"
#include "source_tree.hpp"

namespace fusescape {

inline constexpr std::int64_t kEnough =
    10'000'000;  ///< DRAM bytes; where less moves, what L2 holds back decides.

/// A kernel on a shape: what the counters and the events of one launch say.
struct Measured {
  std::string set, kernel, type, tokens, channels, width, states;
  std::int64_t read = 0;   ///< DRAM bytes
  std::int64_t write = 0;  ///< likewise
  double median_us = 0.0;
  double min_us = 0.0;
  std::int64_t instructions = 0;      ///< Of warps.
  std::optional<double> profiler_us;  ///< Without the launch; none of a library's kernels.
};

/// Of each line below the header.
inline std::vector<std::vector<std::string>> cells_of(const std::string& path) {
  std::ifstream file{in_source_tree(path)};
  std::string line;
  REQUIRE(std::getline(file, line));
  const auto columns = std::count(line.begin(), line.end(), ',') + 1;
  std::vector<std::vector<std::string>> rows;
  while (std::getline(file, line)) {
    std::istringstream text{line};
    std::vector<std::string>& cells = rows.emplace_back();
    for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    if (line.back() == ',') cells.emplace_back();
    REQUIRE(static_cast<std::ptrdiff_t>(cells.size()) == columns);
  }
  return rows;
}

inline double figure_of_machine(const std::string& name) {
  for (const std::vector<std::string>& cells : cells_of("results/gpu/machine.csv")) {
    if (cells[0] == name) return std::stod(cells[1]);
  }
  FAIL("no figure " << name);
  return 0.0;
}

inline constexpr double kLongEnough = 20.0;  ///< Microseconds; below, the launch decides.

inline double rounded(double value, double steps) {
  return std::round(value * steps) / steps;
}

/// The columns are set, kernel, type, L, D, E, N, launches, median_us, min_us, max_us, dram_read_bytes,
/// dram_write_bytes, l2_bytes, instructions, profiler_us.
inline std::vector<Measured> measured_rows(const std::string& path = "results/gpu/measurements.csv") {
  std::vector<Measured> rows;
  for (const std::vector<std::string>& cells : cells_of(path)) {
    rows.push_back({cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6],
                    std::stoll(cells[11]), std::stoll(cells[12]), std::stod(cells[8]), std::stod(cells[9]),
                    std::stoll(cells[14]),
                    cells[15].empty() ? std::nullopt : std::optional{std::stod(cells[15])}});
  }
  return rows;
}

struct Modelled {
  std::int64_t read = 0;
  std::int64_t write = 0;
  double us = 0.0;
  double limit_us = 0.0;  ///< What nothing on this machine can be faster than.
};

/// Kernels that are part of a block, not of its state update alone: they have the model's width.
inline bool is_of_block(const Measured& row) {
  return row.width != "0";
}

inline bool is_library_matmul(const Measured& row) {
  return row.kernel.find('+') == std::string::npos && row.kernel.find("_proj") != std::string::npos;
}

inline const Design& h200() {
  static const Design kDesign = value_of(load_design("h200"));
  return kDesign;
}

inline double microseconds(Ticks latency) {
  const double cycles =
      static_cast<double>(latency.value()) / static_cast<double>(h200().machine.scale.ticks_per_cycle());
  return cycles / h200().accelerator.clock.value() * 1e6;
}

inline constexpr double kDataSheetBandwidth = 4.8e6;  ///< Bytes per microsecond: H200 data sheet, 4.8 TB/s.

/// The longest of: all bytes at the data sheet's bandwidth, results of special functions on their units, all
/// other operations on the lanes. The former two are what takes more than one cycle of a lane.
inline double limit_us(const Cascade& cascade, const std::vector<OpId>& operators, std::int64_t bytes) {
  double lanes = 0.0;
  double special = 0.0;
  const Machine& machine = h200().machine;
  for (const OpId op : operators) {
    const auto cycles = machine.engines[static_cast<std::size_t>(cascade.op(op).kind)].cycles_per_op;
    const double work = static_cast<double>(ops_of(cascade, op).value()) * static_cast<double>(cycles);
    (cycles > 1 ? special : lanes) += work;
  }
  const double lane_cycles = static_cast<double>(machine.pes) * h200().accelerator.clock.value() / 1e6;
  return std::max(static_cast<double>(bytes) / kDataSheetBandwidth, std::max(lanes, special) / lane_cycles);
}

/// The groups of these strategies are, together, all kernels; a group's operators joined by '+' name its own.
inline std::map<std::string, Modelled> modelled_kernels(const Measured& shape) {
  const std::vector<Setting> settings = {
      {"L", shape.tokens}, {"D", shape.channels}, {"N", shape.states}, {"dtype", shape.type}};
  const Workload workload = value_of(load_workload("mamba-state-update", settings));
  const Planner planner{workload.block, h200().accelerator};
  std::map<std::string, Modelled> kernels;
  for (const char* strategy : {"unfused", "pact-a-b", "pact-as", "pact-bs", "fuse-all"}) {
    const auto found = assess(planner, h200(), *find_strategy(strategy));
    REQUIRE(found);
    for (std::size_t g = 0; g < found->groups.size(); ++g) {
      std::string name;
      const std::vector<OpId>& operators = found->layout.groups[g].operators;
      for (const OpId op : operators) name += (name.empty() ? "" : "+") + workload.block.op(op).name;
      const GroupCost& cost = found->groups[g];
      kernels[name] = {cost.dram_read.value(), cost.dram_write.value(), microseconds(cost.latency),
                       limit_us(workload.block, operators, cost.dram_read.value() + cost.dram_write.value())};
    }
  }
  return kernels;
}

/// Kernels of a block that are groups of several operators, or of one by another name.
inline const std::map<std::string, std::vector<std::string>>& block_groups() {
  static const std::map<std::string, std::vector<std::string>> kGroups{
      {"norm", {"norm_square", "norm_mean", "norm_sqrt", "norm_reciprocal", "norm_mul"}},
      {"conv_silu", {"conv_sigmoid", "conv_silu"}},
      {"conv+conv_silu", {"conv", "conv_sigmoid", "conv_silu"}},
      {"gate_silu", {"gate_sigmoid", "gate_silu"}},
      {"D_x+add_y_Dx+gate_silu+gate", {"D_x", "add_y_Dx", "gate_sigmoid", "gate_silu", "gate"}},
      {"conv+conv_silu+x_proj", {"conv", "conv_sigmoid", "conv_silu", "x_proj"}},
      {"D_x+add_y_Dx+gate_silu+gate+out_proj",
       {"D_x", "add_y_Dx", "gate_sigmoid", "gate_silu", "gate", "out_proj"}}};
  return kGroups;
}

inline std::vector<OpId> block_operators(const Cascade& block, const std::string& kernel) {
  const auto group = block_groups().find(kernel);
  const std::vector<std::string> names = group == block_groups().end() ? std::vector{kernel} : group->second;
  std::vector<OpId> operators;
  for (const std::string& name : names) operators.push_back(find_operator(block, name).value());
  return operators;
}

inline const Cascade& block_of(const Measured& row) {
  static const std::map<std::string, std::string> kModels{{"768", "mamba-130m"},
                                                          {"1024", "mamba-370m"},
                                                          {"1536", "mamba-790m"},
                                                          {"2048", "mamba-1.4b"},
                                                          {"2560", "mamba-2.8b"}};
  static std::map<std::array<std::string, 3>, Workload> loaded;
  const std::array key{row.width, row.tokens, row.type};
  if (loaded.count(key) == 0) {
    const std::vector<Setting> settings = {{"L", row.tokens}, {"dtype", row.type}};
    loaded.emplace(key, value_of(load_workload(kModels.at(row.width), settings)));
  }
  return loaded.at(key).block;
}

/// A group of a block, `tile` tokens at a time.
inline GroupProfile block_group(const Cascade& block, const std::string& kernel, std::int64_t tile) {
  Plan plan;
  plan.spatial = spatial_mappings(block, h200().accelerator);
  const NodeId loop = add_loop(plan, add_sequence(plan, kRoot), find_rank(block, "L").value(), tile);
  for (const OpId op : block_operators(block, kernel)) add_operator(plan, loop, op);
  const auto layout = lay_out(block, plan, Coverage::kPart);
  REQUIRE(layout);
  return profile(block, plan, *layout, profile_options(h200().accelerator)).groups.front();
}

/// Bytes are those of a group in one piece, which moves each tensor once; the time is the shortest of some
/// tiles'.
inline Modelled modelled_block_kernel(const Measured& row) {
  const Cascade& block = block_of(row);
  const std::int64_t tokens = std::stoll(row.tokens);
  const GroupProfile whole = block_group(block, row.kernel, tokens);
  Modelled modelled{whole.dram_read.value(), whole.dram_write.value()};
  modelled.limit_us = limit_us(block, block_operators(block, row.kernel), modelled.read + modelled.write);
  for (const std::int64_t tile : {1, 4, 16, 64, 256}) {
    const auto cost = evaluate_group(block_group(block, row.kernel, std::min(tile, tokens)), h200().machine);
    if (!cost) continue;
    const double us = microseconds(cost->latency);
    modelled.us = modelled.us == 0.0 ? us : std::min(modelled.us, us);
  }
  return modelled;
}

struct Compared {
  Measured measured;
  Modelled modelled;

  [[nodiscard]] std::int64_t bytes() const { return modelled.read + modelled.write; }
  [[nodiscard]] double bytes_quotient() const {
    return static_cast<double>(measured.read + measured.write) / static_cast<double>(bytes());
  }
  [[nodiscard]] double time_quotient() const { return measured.median_us / modelled.us; }
  /// It fuses other operators with the recurrence.
  [[nodiscard]] bool fuses_scan() const { return measured.kernel.find("+scan") != std::string::npos; }
};

/// All kernels but a library's, as the model prices them now.
inline std::vector<Compared> modelled_rows() {
  std::map<std::array<std::string, 4>, std::map<std::string, Modelled>> shapes;
  std::vector<Compared> rows;
  for (const Measured& row : measured_rows()) {
    if (is_library_matmul(row)) continue;
    if (is_of_block(row)) {
      rows.push_back({row, modelled_block_kernel(row)});
      continue;
    }
    const std::array shape{row.type, row.tokens, row.channels, row.states};
    if (shapes.count(shape) == 0) shapes[shape] = modelled_kernels(row);
    rows.push_back({row, shapes[shape].at(row.kernel)});
  }
  return rows;
}

/// The same from results/gpu/accuracy.csv, of which a test says that it is what the model says now.
inline std::vector<Compared> compared_rows() {
  const auto modelled = cells_of("results/gpu/accuracy.csv");
  std::vector<Compared> rows;
  for (const Measured& row : measured_rows()) {
    if (is_library_matmul(row)) continue;
    REQUIRE(rows.size() < modelled.size());
    const std::vector<std::string>& cells = modelled[rows.size()];
    REQUIRE(cells[1] == row.kernel);
    rows.push_back(
        {row, {std::stoll(cells[6]), std::stoll(cells[8]), std::stod(cells[12]), std::stod(cells[11])}});
  }
  return rows;
}

}  // namespace fusescape
