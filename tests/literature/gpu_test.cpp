// How far is the closed form from a GPU's own counters? results/gpu/accuracy.csv, made again from
// results/gpu/measurements.csv, and the distances that docs/gpu.md tells.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "fusescape/cost/evaluate.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/report/table.hpp"
#include "fusescape/search/assessment.hpp"
#include "loaded.hpp"
#include "regenerated.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kEnough = 10'000'000;  ///< DRAM bytes; where less moves, what L2 holds back decides.

/// A kernel on a shape: what the counters and the events of one launch say.
struct Measured {
  std::string set, kernel, type, tokens, channels, width, states;
  std::int64_t read = 0;   ///< DRAM bytes
  std::int64_t write = 0;  ///< likewise
  double median_us = 0.0;
  double min_us = 0.0;
};

std::vector<Measured> measured_rows() {
  std::ifstream file{in_source_tree("results/gpu/measurements.csv")};
  std::string line;
  REQUIRE(std::getline(file, line));
  REQUIRE(
      line ==
      "set,kernel,type,L,D,E,N,launches,median_us,min_us,max_us,dram_read_bytes,dram_write_bytes,l2_bytes");
  std::vector<Measured> rows;
  while (std::getline(file, line)) {
    std::istringstream text{line};
    std::vector<std::string> cells;
    for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    REQUIRE(cells.size() == 14);
    rows.push_back({cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6],
                    std::stoll(cells[11]), std::stoll(cells[12]), std::stod(cells[8]), std::stod(cells[9])});
  }
  return rows;
}

struct Modelled {
  std::int64_t read = 0;
  std::int64_t write = 0;
  double us = 0.0;
};

/// Kernels that are part of a block, not of its state update alone: they have the model's width.
bool is_of_block(const Measured& row) {
  return row.width != "0";
}

bool is_library_matmul(const Measured& row) {
  return row.kernel.size() > 5 && row.kernel.substr(row.kernel.size() - 5) == "_proj";
}

/// The groups of these strategies are, together, all kernels; a group's operators joined by '+' name its own.
std::map<std::string, Modelled> modelled_kernels(const Measured& shape) {
  const std::vector<Setting> settings = {
      {"L", shape.tokens}, {"D", shape.channels}, {"N", shape.states}, {"dtype", shape.type}};
  static const Design design = value_of(load_design("h200"));
  const Workload workload = value_of(load_workload("mamba-state-update", settings));
  const Planner planner{workload.block, design.accelerator};
  std::map<std::string, Modelled> kernels;
  for (const char* strategy : {"unfused", "pact-a-b", "pact-as", "pact-bs", "fuse-all"}) {
    const auto found = assess(planner, design, *find_strategy(strategy));
    REQUIRE(found);
    for (std::size_t g = 0; g < found->groups.size(); ++g) {
      std::string name;
      for (const OpId op : found->layout.groups[g].operators) {
        name += (name.empty() ? "" : "+") + workload.block.op(op).name;
      }
      const GroupCost& cost = found->groups[g];
      const double cycles = static_cast<double>(cost.latency.value()) /
                            static_cast<double>(design.machine.scale.ticks_per_cycle());
      kernels[name] = {cost.dram_read.value(), cost.dram_write.value(),
                       cycles / design.accelerator.clock.value() * 1e6};
    }
  }
  return kernels;
}

/// Kernels of a block that are groups of several operators, or of one by another name.
const std::map<std::string, std::vector<std::string>>& block_groups() {
  static const std::map<std::string, std::vector<std::string>> kGroups{
      {"norm", {"norm_square", "norm_mean", "norm_sqrt", "norm_reciprocal", "norm_mul"}},
      {"conv_silu", {"conv_sigmoid", "conv_silu"}},
      {"conv+conv_silu", {"conv", "conv_sigmoid", "conv_silu"}},
      {"gate_silu", {"gate_sigmoid", "gate_silu"}},
      {"D_x+add_y_Dx+gate_silu+gate", {"D_x", "add_y_Dx", "gate_sigmoid", "gate_silu", "gate"}}};
  return kGroups;
}

/// DRAM bytes of a group of a block in one piece, which moves each tensor once: bytes do not depend on tiles
/// here.
Modelled modelled_block_kernel(const Measured& row) {
  static const std::map<std::string, std::string> kModels{{"768", "mamba-130m"},
                                                          {"1024", "mamba-370m"},
                                                          {"1536", "mamba-790m"},
                                                          {"2048", "mamba-1.4b"},
                                                          {"2560", "mamba-2.8b"}};
  const std::vector<Setting> settings = {{"L", row.tokens}, {"dtype", row.type}};
  static std::map<std::array<std::string, 3>, Workload> loaded;
  const std::array key{row.width, row.tokens, row.type};
  if (loaded.count(key) == 0) loaded.emplace(key, value_of(load_workload(kModels.at(row.width), settings)));
  const Cascade& block = loaded.at(key).block;
  const auto group = block_groups().find(row.kernel);
  const std::vector<std::string> names =
      group == block_groups().end() ? std::vector{row.kernel} : group->second;
  Plan plan;
  const NodeId sequence = add_sequence(plan, kRoot);
  for (const std::string& name : names) add_operator(plan, sequence, find_operator(block, name).value());
  const auto layout = lay_out(block, plan, Coverage::kPart);
  REQUIRE(layout);
  const GroupProfile profiled = profile(block, plan, *layout, {}).groups.front();
  return {profiled.dram_read.value(), profiled.dram_write.value(), 0.0};
}

struct Compared {
  Measured measured;
  Modelled modelled;

  [[nodiscard]] double bytes_quotient() const {
    return static_cast<double>(measured.read + measured.write) /
           static_cast<double>(modelled.read + modelled.write);
  }
  [[nodiscard]] double time_quotient() const { return measured.median_us / modelled.us; }
};

const std::vector<Compared>& compared_rows() {
  static const std::vector<Compared> kRows = [] {
    std::map<std::array<std::string, 4>, std::map<std::string, Modelled>> shapes;
    std::vector<Compared> rows;
    for (const Measured& row : measured_rows()) {
      if (is_of_block(row)) continue;
      const std::array shape{row.type, row.tokens, row.channels, row.states};
      if (shapes.count(shape) == 0) shapes[shape] = modelled_kernels(row);
      rows.push_back({row, shapes[shape].at(row.kernel)});
    }
    return rows;
  }();
  return kRows;
}

/// Of the rows that `counts`, |quotient - 1|, sorted.
template <class Counts, class Quotient>
std::vector<double> distances(Counts counts, Quotient quotient) {
  std::vector<double> sorted;
  for (const Compared& row : compared_rows()) {
    if (counts(row)) sorted.push_back(std::abs(quotient(row) - 1.0));
  }
  std::sort(sorted.begin(), sorted.end());
  REQUIRE(sorted.size() > 100);
  return sorted;
}

double rounded(double value, double steps) {
  return std::round(value * steps) / steps;
}

TEST_CASE("results/gpu/accuracy.csv is what the model says beside the counters") {
  Table table{.columns = {"set", "kernel", "type", "L", "D", "N", "modelled_read_bytes",
                          "measured_read_bytes", "modelled_write_bytes", "measured_write_bytes",
                          "bytes_quotient", "modelled_us", "measured_us", "time_quotient"},
              .rows = {}};
  for (const Compared& row : compared_rows()) {
    const auto& [m, model] = row;
    table.rows.push_back({m.set, m.kernel, m.type, std::stoll(m.tokens), std::stoll(m.channels),
                          std::stoll(m.states), model.read, m.read, model.write, m.write,
                          rounded(row.bytes_quotient(), 1e4), rounded(model.us, 1e2), m.median_us,
                          rounded(row.time_quotient(), 1e3)});
  }
  check_regenerated("gpu/accuracy.csv", csv(table));
}

TEST_CASE(
    "results/gpu: DRAM bytes are the counters' within 0.05% in the median, 0.1% in nine of ten, 6% in all") {
  const std::string set = GENERATE("calibration", "validation");
  const std::vector<double> sorted = distances(
      [&](const Compared& row) {
        return row.measured.set == set && row.modelled.read + row.modelled.write >= kEnough;
      },
      [](const Compared& row) { return row.bytes_quotient(); });
  CHECK(sorted[sorted.size() / 2] <= 0.0005);
  CHECK(sorted[sorted.size() * 9 / 10] <= 0.001);
  CHECK(sorted.back() <= 0.06);
}

TEST_CASE(
    "results/gpu: times of fp32 kernels that stream are within 12% in the median, and 9% in nine of ten long "
    "ones") {
  for (const char* kernel : {"dA", "exp", "dB", "dBx", "dA+exp", "dB+dBx", "y", "scan"}) {
    for (const char* states : {"16", "64"}) {
      std::vector<double> quotients;
      for (const Compared& row : compared_rows()) {
        const Measured& m = row.measured;
        const bool counts =
            m.kernel == kernel && m.states == states && m.type == "fp32" && m.median_us >= 20.0;
        if (counts) quotients.push_back(row.time_quotient());
      }
      std::sort(quotients.begin(), quotients.end());
      CAPTURE(kernel, states);
      REQUIRE(quotients.size() > 10);
      CHECK(quotients[quotients.size() / 2] == Approx(1.0).margin(0.12));
    }
  }
  const auto streams = [](const Measured& m) {
    return m.kernel == "scan" || m.kernel.find("scan") == std::string::npos;
  };
  const std::vector<double> sorted = distances(
      [&](const Compared& row) {
        const Measured& m = row.measured;
        return streams(m) && m.type == "fp32" && m.median_us >= 100.0;
      },
      [](const Compared& row) { return row.time_quotient(); });
  CHECK(sorted[sorted.size() * 9 / 10] <= 0.09);
}

TEST_CASE("results/gpu: our kernels of the rest of a block move what the model says, within 2%") {
  int rows = 0;
  for (const Measured& row : measured_rows()) {
    if (!is_of_block(row) || is_library_matmul(row)) continue;
    const Modelled model = modelled_block_kernel(row);
    if (model.read + model.write < kEnough) continue;
    ++rows;
    CAPTURE(row.kernel, row.type, row.tokens, row.width);
    CHECK(static_cast<double>(row.read + row.write) / static_cast<double>(model.read + model.write) ==
          Approx(1.0).epsilon(0.02));
  }
  CHECK(rows > 300);
}

TEST_CASE("results/gpu: a library's matmul reads from its operands once to one tile of them at a time") {
  constexpr std::int64_t kTile = 128;  // Rows and columns of a result that a block of threads makes.
  constexpr double kLeftInL2 = 0.04;   // What a product of one row finds there of the launches before.
  for (const Measured& row : measured_rows()) {
    if (!is_of_block(row) || !is_library_matmul(row)) continue;
    const Modelled model = modelled_block_kernel(row);
    if (model.read + model.write < kEnough) continue;
    const std::int64_t bytes = row.type == "fp32" ? 4 : 2;
    const std::int64_t tokens = std::stoll(row.tokens);
    const std::int64_t columns = model.write / bytes / tokens;
    const std::int64_t inner = model.read / bytes / (tokens + columns);
    const std::int64_t without_l2 =
        bytes * inner * (tokens * ceil_div(columns, kTile) + columns * ceil_div(tokens, kTile));
    CAPTURE(row.kernel, row.type, row.tokens, row.width);
    CHECK(static_cast<double>(row.read) >= (1.0 - kLeftInL2) * static_cast<double>(model.read));
    CHECK(row.read <= std::max(without_l2, model.read));
  }
}

TEST_CASE("results/gpu: no launch is faster than its bytes at the data sheet's bandwidth") {
  constexpr double kBytesPerMicrosecond = 4.8e6;  // H200 data sheet: 4.8 TB/s
  for (const Compared& row : compared_rows()) {
    const double limit = static_cast<double>(row.modelled.read + row.modelled.write) / kBytesPerMicrosecond;
    CHECK(row.measured.min_us >= limit);
  }
}

}  // namespace
}  // namespace fusescape
