// How far is the model from a GPU's own counters and events? results/gpu/accuracy.csv, made again from
// results/gpu/measurements.csv, and the distances that docs/gpu.md tells.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>

#include "fusescape/report/table.hpp"
#include "gpu_rows.hpp"
#include "regenerated.hpp"

namespace fusescape {
namespace {

/// Of the rows that `counts`, |quotient - 1|, sorted.
template <class Counts, class Quotient>
std::vector<double> distances(Counts counts, Quotient quotient) {
  std::vector<double> sorted;
  for (const Compared& row : compared_rows()) {
    if (counts(row)) sorted.push_back(std::abs(quotient(row) - 1.0));
  }
  std::sort(sorted.begin(), sorted.end());
  REQUIRE(sorted.size() > 30);
  return sorted;
}

double rounded(double value, double steps) {
  return std::round(value * steps) / steps;
}

double figure_of_machine(const std::string& name) {
  std::ifstream file{in_source_tree("results/gpu/machine.csv")};
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + ',', 0) == 0) return std::stod(line.substr(name.size() + 1));
  }
  FAIL("no figure " << name);
  return 0.0;
}

TEST_CASE("results/gpu/accuracy.csv is what the model says beside the counters") {
  Table table{.columns = {"set", "kernel", "type", "L", "D", "N", "modelled_read_bytes",
                          "measured_read_bytes", "modelled_write_bytes", "measured_write_bytes",
                          "bytes_quotient", "modelled_us", "measured_us", "time_quotient"},
              .rows = {}};
  for (const Compared& row : modelled_rows()) {
    const auto& [m, model] = row;
    table.rows.push_back({m.set, m.kernel, m.type, std::stoll(m.tokens), std::stoll(m.channels),
                          std::stoll(m.states), model.read, m.read, model.write, m.write,
                          rounded(row.bytes_quotient(), 1e4), rounded(model.us, 1e2), m.median_us,
                          rounded(row.time_quotient(), 1e3)});
  }
  check_regenerated("gpu/accuracy.csv", csv(table));
}

TEST_CASE("results/gpu: the machine's parameters are the microbenchmarks'") {
  const Accelerator& machine = h200().accelerator;
  const double clock = machine.clock.value();
  const double bits = figure_of_machine("copy_bandwidth") * 1e9 * 8.0 / clock;
  CHECK(static_cast<double>(machine.dram.bandwidth.value) == Approx(std::floor(bits)).margin(1.0));
  CHECK(static_cast<double>(machine.model.launch_cycles.value()) ==
        Approx(figure_of_machine("launch") * clock / 1e6).margin(1.0));
  CHECK(static_cast<double>(machine.model.fill_cycles.value()) ==
        std::ceil(figure_of_machine("recurrence_step")));

  const Accelerator h100 = value_of(load_design("h100")).accelerator;
  CHECK(static_cast<double>(h100.dram.bandwidth.value) ==
        Approx(bits * 3.35 / 4.8).margin(8.0));  // Data sheets: 3.35 and 4.8 TB/s
  CHECK(h100.model.launch_cycles == machine.model.launch_cycles);
  CHECK(h100.model.fill_cycles == machine.model.fill_cycles);
}

TEST_CASE(
    "results/gpu: DRAM bytes are the counters' within 0.05% in the median, 0.15% in nine of ten, and 5% in "
    "all") {
  const std::string set = GENERATE("calibration", "validation");
  const auto counts = [&](const Compared& row) {
    return row.measured.set == set && !is_of_block(row.measured) && row.bytes() >= kEnough;
  };
  const std::vector<double> sorted =
      distances(counts, [](const Compared& row) { return row.bytes_quotient(); });
  CHECK(sorted[sorted.size() / 2] <= 0.0005);
  CHECK(sorted[sorted.size() * 9 / 10] <= 0.0015);
  CHECK(sorted.back() <= 0.05);
}

constexpr double kLongEnough = 20.0;  ///< Microseconds; below, the launch decides.

TEST_CASE(
    "results/gpu: times of the state update are within 10% in the median and 20% in nine of ten, without "
    "fused recurrences 15% in all") {
  const std::string set = GENERATE("calibration", "validation");
  const auto counts = [&](const Compared& row) {
    return row.measured.set == set && !is_of_block(row.measured) && row.measured.median_us > kLongEnough;
  };
  const std::vector<double> sorted =
      distances(counts, [](const Compared& row) { return row.time_quotient(); });
  CHECK(sorted[sorted.size() / 2] <= 0.10);
  CHECK(sorted[sorted.size() * 9 / 10] <= 0.20);
  for (const Compared& row : compared_rows()) {
    if (!counts(row)) continue;
    CAPTURE(row.measured.kernel, row.measured.type, row.measured.tokens, row.measured.channels);
    CHECK(row.time_quotient() >= (row.fuses_scan() ? 0.75 : 0.85));
    CHECK(row.time_quotient() <= (row.fuses_scan() ? 1.90 : 1.15));
  }
}

TEST_CASE(
    "results/gpu: times of other operators are within 3% in the median and 10% in nine of ten, without "
    "functions 5% in all") {
  const std::string set = GENERATE("calibration", "validation");
  const auto counts = [&](const Compared& row) {
    return row.measured.set == set && is_of_block(row.measured) && row.measured.median_us > kLongEnough;
  };
  const std::vector<double> sorted =
      distances(counts, [](const Compared& row) { return row.time_quotient(); });
  CHECK(sorted[sorted.size() / 2] <= 0.03);
  CHECK(sorted[sorted.size() * 9 / 10] <= 0.10);
  const auto in_one_pass = {"D_x", "add_y_Dx", "gate", "residual"};
  for (const Compared& row : compared_rows()) {
    const bool one_pass =
        std::find(in_one_pass.begin(), in_one_pass.end(), row.measured.kernel) != in_one_pass.end();
    if (!counts(row)) continue;
    CAPTURE(row.measured.kernel, row.measured.type, row.measured.tokens, row.measured.width);
    CHECK(row.time_quotient() == Approx(1.0).margin(one_pass ? 0.05 : 0.31));
  }
}

/// The groups of each scheme.
const std::map<std::string, std::vector<std::string>>& schemes() {
  static const std::map<std::string, std::vector<std::string>> kSchemes{
      {"unfused", {"dA", "exp", "dB", "dBx", "scan", "y"}},
      {"pact-a", {"dA+exp", "dB", "dBx", "scan", "y"}},
      {"pact-b", {"dA", "exp", "dB+dBx", "scan", "y"}},
      {"pact-a-b", {"dA+exp", "dB+dBx", "scan", "y"}},
      {"pact-as", {"dB", "dBx", "dA+exp+scan+y"}},
      {"pact-bs", {"dA", "exp", "dB+dBx+scan+y"}},
      {"pact-as-b", {"dB+dBx", "dA+exp+scan+y"}},
      {"pact-a-bs", {"dA+exp", "dB+dBx+scan+y"}},
      {"fuse-all", {"dA+exp+dB+dBx+scan+y"}}};
  return kSchemes;
}

struct SchemeTime {
  double modelled = 0.0;
  double measured = 0.0;
};

std::map<std::string, SchemeTime> scheme_times(const std::map<std::string, SchemeTime>& kernels) {
  std::map<std::string, SchemeTime> times;
  for (const auto& [scheme, groups] : schemes()) {
    for (const std::string& group : groups) {
      times[scheme].modelled += kernels.at(group).modelled;
      times[scheme].measured += kernels.at(group).measured;
    }
  }
  return times;
}

/// By type, L, D and N: the time of every scheme.
std::map<std::array<std::string, 4>, std::map<std::string, SchemeTime>> shapes_of_schemes() {
  std::map<std::array<std::string, 4>, std::map<std::string, SchemeTime>> shapes;
  for (const Compared& row : compared_rows()) {
    const Measured& m = row.measured;
    if (is_of_block(m)) continue;
    shapes[{m.type, m.tokens, m.channels, m.states}][m.kernel] = {row.modelled.us, m.median_us};
  }
  for (auto& [shape, times] : shapes) times = scheme_times(times);
  return shapes;
}

TEST_CASE("results/gpu/ranking.csv is the time of every scheme in every shape, modelled and measured") {
  Table table{.columns = {"type", "L", "D", "N", "scheme", "modelled_us", "measured_us"}, .rows = {}};
  for (const auto& [shape, times] : shapes_of_schemes()) {
    for (const auto& [scheme, time] : times) {
      table.rows.push_back({shape[0], std::stoll(shape[1]), std::stoll(shape[2]), std::stoll(shape[3]),
                            scheme, rounded(time.modelled, 1e2), rounded(time.measured, 1e2)});
    }
  }
  check_regenerated("gpu/ranking.csv", csv(table));
}

TEST_CASE("results/gpu: of two schemes that differ by over 3% the hardware's faster one is the model's") {
  const auto faster = [](double a, double b) { return a * 1.03 < b; };
  const auto shapes = shapes_of_schemes();
  CHECK(shapes.size() == 120);
  for (const auto& [shape, times] : shapes) {
    for (const auto& [a, left] : times) {
      for (const auto& [b, right] : times) {
        CAPTURE(shape[0], shape[1], shape[2], shape[3], a, b);
        CHECK_FALSE((faster(left.modelled, right.modelled) && faster(right.measured, left.measured)));
      }
    }
  }
}

TEST_CASE("results/gpu: our kernels of the rest of a block move what the model says, within 2%") {
  int rows = 0;
  for (const Compared& row : compared_rows()) {
    if (!is_of_block(row.measured) || row.bytes() < kEnough) continue;
    ++rows;
    CAPTURE(row.measured.kernel, row.measured.type, row.measured.tokens, row.measured.width);
    CHECK(row.bytes_quotient() == Approx(1.0).epsilon(0.02));
  }
  CHECK(rows > 300);
}

/// A library's product of [tokens, inner] and [inner, columns].
struct Matmul {
  explicit Matmul(const Measured& row) : bytes{row.type == "fp32" ? 4 : 2}, tokens{std::stoll(row.tokens)} {
    const Modelled once = modelled_block_kernel(row);
    read = once.read;
    write = once.write;
    columns = write / bytes / tokens;
    inner = read / bytes / (tokens + columns);
    constexpr std::int64_t kTile = 128;  // Rows and columns of a result that a block of threads makes.
    read_without_l2 = std::max(
        read, bytes * inner * (tokens * ceil_div(columns, kTile) + columns * ceil_div(tokens, kTile)));
  }
  [[nodiscard]] double macs() const {
    return static_cast<double>(tokens) * static_cast<double>(inner) * static_cast<double>(columns);
  }

  std::int64_t bytes, tokens, columns = 0, inner = 0;
  std::int64_t read = 0, write = 0, read_without_l2 = 0;
};

TEST_CASE("results/gpu: a library's matmul reads from its operands once to one tile of them at a time") {
  constexpr double kLeftInL2 = 0.04;  // What a product of one row finds there of the launches before.
  for (const Measured& row : measured_rows()) {
    if (!is_library_matmul(row)) continue;
    const Matmul matmul{row};
    if (matmul.read + matmul.write < kEnough) continue;
    CAPTURE(row.kernel, row.type, row.tokens, row.width);
    CHECK(static_cast<double>(row.read) >= (1.0 - kLeftInL2) * static_cast<double>(matmul.read));
    CHECK(row.read <= matmul.read_without_l2);
  }
}

TEST_CASE(
    "results/gpu: a library's long matmul takes from its operations or bytes at the machine's rates to three "
    "times the operations and its bytes without L2 after one another") {
  const double bandwidth = figure_of_machine("copy_bandwidth") * 1e3;  // Bytes per microsecond.
  for (const Measured& row : measured_rows()) {
    if (!is_library_matmul(row) || row.median_us <= kLongEnough) continue;
    const Matmul matmul{row};
    const double computing = matmul.macs() / (figure_of_machine(row.type + "_matmul_rate") * 1e3);
    const double least = std::max(computing, static_cast<double>(matmul.read + matmul.write) / bandwidth);
    const double most = figure_of_machine("launch") + 3.0 * computing +
                        static_cast<double>(matmul.read_without_l2 + matmul.write) / bandwidth;
    CAPTURE(row.kernel, row.type, row.tokens, row.width);
    CHECK(row.median_us >= 0.9 * least);  // Large ones are faster than that of the microbenchmark.
    CHECK(row.median_us <= 1.04 * most);
  }
}

/// Multiply-accumulates per microsecond of what runs matmuls there.
double matmul_peak(const Design& design) {
  const Engine& engine = design.machine.engines[static_cast<std::size_t>(OpKind::kMatmul)];
  const double pes = static_cast<double>(engine.count * engine.rows * engine.cols);
  return pes / static_cast<double>(engine.cycles_per_op) * design.accelerator.clock.value() / 1e6;
}

TEST_CASE("results/gpu: no matmul is faster than the data sheet's lanes in fp32 and tensor cores in bf16") {
  const Design tensor_cores = value_of(load_design("h200-tensor-cores"));
  CHECK(tensor_cores.machine.capacity == h200().machine.capacity);
  CHECK(tensor_cores.machine.launch == h200().machine.launch);
  CHECK(tensor_cores.accelerator.dram.bandwidth.value == h200().accelerator.dram.bandwidth.value);
  const std::map<std::string, double> peaks{{"fp32", matmul_peak(h200())},
                                            {"bf16", matmul_peak(tensor_cores)}};
  CHECK(peaks.at("bf16") == Approx(989.4e6 / 2.0 * 1.98 / 1.83).epsilon(1e-3));  // Data sheet, at 1.98 GHz
  std::map<std::string, double> best;
  for (const Measured& row : measured_rows()) {
    if (!is_library_matmul(row)) continue;
    best[row.type] = std::max(best[row.type], Matmul{row}.macs() / row.min_us);
  }
  for (const auto& [type, rate] : best) {
    CAPTURE(type, rate);
    CHECK(rate <= peaks.at(type));
    CHECK(rate >= 0.7 * peaks.at(type));
  }
}

TEST_CASE("results/gpu: no launch is faster than its bytes at the data sheet's bandwidth") {
  constexpr double kBytesPerMicrosecond = 4.8e6;  // H200 data sheet: 4.8 TB/s
  for (const Compared& row : compared_rows()) {
    CHECK(row.measured.min_us >= static_cast<double>(row.bytes()) / kBytesPerMicrosecond);
  }
}

}  // namespace
}  // namespace fusescape
