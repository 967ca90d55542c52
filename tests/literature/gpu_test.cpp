// How far is the model from a GPU's own counters and events? results/gpu/accuracy.csv, made again from
// results/gpu/measurements.csv, and the distances that docs/gpu.md tells.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "fusescape/arch/engines.hpp"
#include "fusescape/report/table.hpp"
#include "gpu_rows.hpp"
#include "regenerated.hpp"

namespace fusescape::gpu_test {
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

TEST_CASE("results/gpu/accuracy.csv is what the model says beside the counters") {
  Table table{.columns = {"set", "kernel", "type", "L", "D", "N", "modelled_read_bytes",
                          "measured_read_bytes", "modelled_write_bytes", "measured_write_bytes",
                          "bytes_quotient", "limit_us", "modelled_us", "measured_us", "time_quotient"},
              .rows = {}};
  for (const Compared& row : modelled_rows()) {
    const auto& [m, model] = row;
    table.rows.push_back({m.set, m.kernel, m.type, std::stoll(m.tokens), std::stoll(m.channels),
                          std::stoll(m.states), model.read, m.read, model.write, m.write,
                          rounded(row.bytes_quotient(), 1e4), rounded(model.limit_us, 1e3),
                          rounded(model.us, 1e2), m.median_us, rounded(row.time_quotient(), 1e3)});
  }
  check_regenerated("gpu/accuracy.csv", csv(table));
}

/// Whole bits per cycle of the clock.
std::int64_t bits_per_cycle_of(double bytes_per_second, const Accelerator& accelerator) {
  return static_cast<std::int64_t>(std::floor(bytes_per_second * 8.0 / accelerator.clock.value()));
}

TEST_CASE("results/gpu: the machine's parameters are the data sheet's and the microbenchmarks'") {
  const Accelerator& machine = h200().accelerator;
  const double clock = machine.clock.value();
  CHECK(machine.dram.bandwidth.value == bits_per_cycle_of(4.8e12, machine));  // Data sheet: 4.8 TB/s
  CHECK(static_cast<double>(machine.dram.effective_bandwidth().value) ==
        Approx(figure_of_machine("copy_bandwidth") * 1e9 * 8.0 / clock).margin(2.0));
  CHECK(static_cast<double>(machine.model.launch_cycles.value()) ==
        Approx(figure_of_machine("launch") * clock / 1e6).margin(1.0));
  CHECK(static_cast<double>(machine.model.fill_cycles.value()) ==
        std::ceil(figure_of_machine("recurrence_step")));
  // 128 lanes and 16 special-function results a cycle: what was measured is within 2%.
  CHECK(figure_of_machine("exp_rate") == Approx(132.0 * 16.0 * clock / 1e9).epsilon(0.02));
  CHECK(figure_of_machine("multiprocessors") == 132.0);
  CHECK(figure_of_machine("l2") == static_cast<double>(machine.sram.capacity.value()));
}

TEST_CASE("h100 is its data sheet, and of what that does not say the H200's measured quotients") {
  const char* type = GENERATE("fp32", "bf16");
  const std::vector<Setting> settings{{"pe_type", type}};
  const Accelerator h200 = value_of(load_design("h200", settings)).accelerator;
  const Accelerator h100 = value_of(load_design("h100", settings)).accelerator;
  CHECK(h100.dram.bandwidth.value == bits_per_cycle_of(3.35e12, h100));  // Data sheet: 3.35 TB/s
  CHECK(h100.sram.capacity == Bytes{50 * 1024 * 1024});                  // Data sheet: 50 MB
  CHECK(h100.dram.efficiency == h200.dram.efficiency);
  CHECK(h100.model.launch_cycles == h200.model.launch_cycles);
  CHECK(h100.clock.value() == h200.clock.value());
  CHECK(array_model(h100) == array_model(h200));  // The same cores, and cycles between dependent operations.
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

TEST_CASE(
    "results/gpu: times of fused recurrences alone are within 20% in 90% of mamba-2.8b's, 80% of the "
    "others'") {
  const std::string set = GENERATE("calibration", "validation");
  const auto counts = [&](const Compared& row) {
    return row.measured.set == set && row.fuses_scan() && row.measured.median_us > kLongEnough;
  };
  const std::vector<double> sorted =
      distances(counts, [](const Compared& row) { return row.time_quotient(); });
  const std::size_t tenths = set == "calibration" ? 9 : 8;
  CHECK(sorted[sorted.size() * tenths / 10] <= 0.20);
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

/// The kinds of rows whose times differ by more than 15%, as docs/gpu.md explains them.
bool is_explained(const Compared& row) {
  const Measured& m = row.measured;
  const bool fuses_all = m.kernel == "dA+exp+dB+dBx+scan+y";
  if (row.fuses_scan()) {
    return m.type == "bf16" || std::stoi(m.tokens) <= 256 || (fuses_all && row.time_quotient() < 1.0);
  }
  if (m.kernel.find("+out_proj") != std::string::npos) return true;  // Too few of its weights are under way.
  return m.kernel == "norm" && m.type == "bf16" && std::stoi(m.width) <= 1024;  // A short row.
}

TEST_CASE("results/gpu: every time that differs by more than 15% is of a kind that is explained") {
  int explained = 0;
  for (const Compared& row : compared_rows()) {
    if (row.measured.median_us <= kLongEnough || std::abs(row.time_quotient() - 1.0) <= 0.15) continue;
    CAPTURE(row.measured.kernel, row.measured.type, row.measured.tokens, row.measured.channels,
            row.time_quotient());
    CHECK(is_explained(row));
    ++explained;
  }
  CHECK(explained < 80);
}

TEST_CASE("results/gpu: no launch is faster than the physical limit, by events and by the profiler") {
  for (const Compared& row : compared_rows()) {
    CAPTURE(row.measured.kernel, row.measured.type, row.measured.tokens, row.measured.channels);
    CHECK(row.measured.min_us >= row.modelled.limit_us);
    REQUIRE(row.measured.profiler_us);
    CHECK(*row.measured.profiler_us >= row.modelled.limit_us);
  }
}

}  // namespace
}  // namespace fusescape::gpu_test
