// What of a library's matmuls can the model say? Bounds: results/gpu/matmuls.csv, whose ranges hold what was
// measured, and whose limits nothing is faster than.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fusescape/report/table.hpp"
#include "gpu_rows.hpp"
#include "regenerated.hpp"

namespace fusescape::gpu_matmul_test {
namespace {

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

/// Multiply-accumulates per microsecond of what runs matmuls of this type, by the data sheet.
double matmul_peak(const std::string& type) {
  const Design design = value_of(load_design("h200", std::vector<Setting>{{"pe_type", type}}));
  const Engine& engine = design.machine.engines[static_cast<std::size_t>(OpKind::kMatmul)];
  const double pes = static_cast<double>(engine.count * engine.rows * engine.cols);
  return pes / static_cast<double>(engine.cycles_per_op) * design.accelerator.clock.value() / 1e6;
}

/// What may be said of a library's product without its tiles. Bytes: each operand once, to one tile of them
/// at a time, without any L2. Microseconds: operations or bytes at the rates that the microbenchmarks attain;
/// three times the operations, and then the bytes without L2.
struct Bounds {
  explicit Bounds(const Measured& of) : row{of}, matmul{of} {
    const double bandwidth = figure_of_machine("copy_bandwidth") * 1e3;  // Bytes per microsecond.
    const double computing = matmul.macs() / (figure_of_machine(row.type + "_matmul_rate") * 1e3);
    const auto bytes = static_cast<double>(matmul.read + matmul.write);
    least_us = std::max(computing, bytes / bandwidth);
    most_us = figure_of_machine("launch") + 3.0 * computing +
              static_cast<double>(matmul.read_without_l2 + matmul.write) / bandwidth;
    limit_us = std::max(bytes / kDataSheetBandwidth, matmul.macs() / peak(row.type));
  }

  Measured row;
  Matmul matmul;
  double least_us = 0.0;
  double most_us = 0.0;
  double limit_us = 0.0;  ///< By the data sheet alone.

 private:
  static double peak(const std::string& type) {
    static const std::map<std::string, double> kPeaks{{"fp32", matmul_peak("fp32")},
                                                      {"bf16", matmul_peak("bf16")}};
    return kPeaks.at(type);
  }
};

std::vector<Bounds> bounds_of_matmuls() {
  std::vector<Bounds> bounds;
  for (const Measured& row : measured_rows()) {
    if (is_library_matmul(row)) bounds.emplace_back(row);
  }
  return bounds;
}

TEST_CASE("results/gpu/matmuls.csv is what bounds a library's matmuls beside the counters") {
  Table table{.columns = {"set", "kernel", "type", "L", "D", "least_read_bytes", "measured_read_bytes",
                          "most_read_bytes", "limit_us", "least_us", "measured_us", "most_us"},
              .rows = {}};
  for (const Bounds& b : bounds_of_matmuls()) {
    table.rows.push_back({b.row.set, b.row.kernel, b.row.type, std::stoll(b.row.tokens),
                          std::stoll(b.row.channels), b.matmul.read, b.row.read, b.matmul.read_without_l2,
                          rounded(b.limit_us, 1e3), rounded(b.least_us, 1e2), b.row.median_us,
                          rounded(b.most_us, 1e2)});
  }
  CHECK(table.rows.size() == 240);
  check_regenerated("gpu/matmuls.csv", csv(table));
}

TEST_CASE("results/gpu: a library's matmul reads from its operands once to one tile of them at a time") {
  constexpr double kLeftInL2 = 0.02;  // What a product of one row finds there of the case before.
  for (const Bounds& b : bounds_of_matmuls()) {
    if (b.matmul.read + b.matmul.write < kEnough) continue;
    CAPTURE(b.row.kernel, b.row.type, b.row.tokens, b.row.width);
    const double less = b.row.tokens == "1" ? kLeftInL2 : 0.0;
    CHECK(static_cast<double>(b.row.read) >= (1.0 - less) * static_cast<double>(b.matmul.read));
    CHECK(b.row.read <= b.matmul.read_without_l2);
  }
}

TEST_CASE("results/gpu: a library's long matmul takes what its bounds say, within 10% below and 4% above") {
  for (const Bounds& b : bounds_of_matmuls()) {
    if (b.row.median_us <= kLongEnough) continue;
    CAPTURE(b.row.kernel, b.row.type, b.row.tokens, b.row.width);
    CHECK(b.row.median_us >= 0.9 * b.least_us);  // Large ones are faster than that of the microbenchmark.
    CHECK(b.row.median_us <= 1.04 * b.most_us);
  }
}

TEST_CASE("results/gpu: no matmul is faster than the data sheet's lanes in fp32 and tensor cores in bf16") {
  CHECK(matmul_peak("bf16") == Approx(989.4e6 / 2.0 * 1.98 / 1.83).epsilon(1e-3));  // Data sheet, at 1.98 GHz
  CHECK(matmul_peak("fp32") == Approx(66.9e6 / 2.0).epsilon(1e-3));                 // 66.9 TFLOP/s
  std::map<std::string, double> nearest;
  for (const Bounds& b : bounds_of_matmuls()) {
    CAPTURE(b.row.kernel, b.row.type, b.row.tokens, b.row.width);
    CHECK(b.row.min_us >= b.limit_us);
    nearest[b.row.type] = std::max(nearest[b.row.type], b.limit_us / b.row.min_us);
  }
  CHECK(nearest.at("fp32") >= 0.7);
  CHECK(nearest.at("bf16") >= 0.7);
}

/// Median microseconds of a kernel of one token of a block.
double us_of_one_token(const Measured& like, const std::string& kernel) {
  for (const Measured& row : measured_rows()) {
    if (row.kernel == kernel && row.tokens == "1" && row.type == like.type && row.width == like.width) {
      return row.median_us;
    }
  }
  FAIL("no row of " << kernel);
  return 0.0;
}

TEST_CASE(
    "results/gpu: of one token, products fused with what they read win but for bf16's two widest out_proj") {
  const std::map<std::string, std::pair<std::string, std::string>> parts{
      {"conv+conv_silu+x_proj", {"conv+conv_silu", "x_proj"}},
      {"D_x+add_y_Dx+gate_silu+gate+out_proj", {"D_x+add_y_Dx+gate_silu+gate", "out_proj"}}};
  int fused = 0;
  for (const Measured& row : measured_rows()) {
    const auto part = parts.find(row.kernel);
    if (part == parts.end()) continue;
    ++fused;
    CAPTURE(row.kernel, row.type, row.channels);
    const double apart = us_of_one_token(row, part->second.first) + us_of_one_token(row, part->second.second);
    const bool loses =
        part->second.second == "out_proj" && row.type == "bf16" && std::stoi(row.width) >= 2048;
    CHECK((row.median_us < apart) == !loses);
  }
  CHECK(fused == 20);
}

}  // namespace
}  // namespace fusescape::gpu_matmul_test
