// What does L2 keep from one kernel to the next? results/gpu/l2.csv: the unfused scheme's six kernels one
// after another, as measured (results/gpu/retention.csv), beside plans that keep nothing and plans that keep
// what fits.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "fusescape/report/table.hpp"
#include "gpu_rows.hpp"
#include "regenerated.hpp"

namespace fusescape::gpu_retention_test {
namespace {

const Design& half_of_l2() {
  static const Design kDesign =
      value_of(load_design("h200", std::vector<Setting>{{"sram.capacity", "30 MiB"}}));
  return kDesign;
}

/// All six kernels of a shape together.
Modelled modelled_scheme(const Measured& row, const char* strategy, const Design& design = h200()) {
  const std::vector<Setting> settings = {
      {"L", row.tokens}, {"D", row.channels}, {"N", row.states}, {"dtype", row.type}};
  const Workload workload = value_of(load_workload("mamba-state-update", settings));
  const auto found = assess(Planner{workload.block, design.accelerator}, design, *find_strategy(strategy));
  REQUIRE(found);
  REQUIRE(found->groups.size() == 6);
  return {found->cost.total.dram_read.value(), found->cost.total.dram_write.value(),
          microseconds(found->cost.total.latency)};
}

/// A sequence of six launches whose buffers between them are new each time, or the same as the time before.
struct Sequence {
  Measured measured;
  Modelled cold;  ///< Nothing stays in L2.
  Modelled kept;  ///< What fits stays there whole, until it is read for the last time.
  Modelled half;  ///< Likewise, in half of it.
  [[nodiscard]] bool reuses_buffers() const { return measured.kernel == "unfused/kept"; }
};

std::vector<Sequence> sequences() {
  std::vector<Sequence> all;
  for (const Measured& row : measured_rows("results/gpu/retention.csv")) {
    all.push_back({row, modelled_scheme(row, "unfused"), modelled_scheme(row, "retained"),
                   modelled_scheme(row, "retained", half_of_l2())});
  }
  return all;
}

TEST_CASE("results/gpu/l2.csv is what the model says of six kernels in a row beside the counters") {
  Table table{.columns = {"type", "L", "D", "N", "buffers", "cold_read_bytes", "kept_read_bytes",
                          "half_read_bytes", "measured_read_bytes", "cold_write_bytes", "kept_write_bytes",
                          "measured_write_bytes", "cold_us", "kept_us", "measured_us"},
              .rows = {}};
  for (const Sequence& s : sequences()) {
    const Measured& m = s.measured;
    table.rows.push_back({m.type, std::stoll(m.tokens), std::stoll(m.channels), std::stoll(m.states),
                          s.reuses_buffers() ? "same" : "new", s.cold.read, s.kept.read, s.half.read, m.read,
                          s.cold.write, s.kept.write, m.write, rounded(s.cold.us, 1e2),
                          rounded(s.kept.us, 1e2), m.median_us});
  }
  CHECK(table.rows.size() == 24);
  check_regenerated("gpu/l2.csv", csv(table));
}

TEST_CASE(
    "results/gpu: L2 keeps reads to 32 MB between six kernels, writes only in buffers that come again") {
  constexpr std::int64_t kKept = 32'000'000;  // Bytes that the six kernels write: half of L2.
  for (const Sequence& s : sequences()) {
    CAPTURE(s.measured.kernel, s.measured.type, s.measured.tokens);
    CHECK(static_cast<double>(s.measured.read) <= 1.01 * static_cast<double>(s.cold.read));
    if (s.cold.write <= kKept) CHECK(s.measured.read <= s.kept.read);
    if (s.measured.read > kEnough) {
      CHECK(static_cast<double>(s.measured.read) ==
            Approx(1.15 * static_cast<double>(s.half.read)).epsilon(0.15));
    }
    // A cache does not know that a result will not be read again: it goes to DRAM, however little was used.
    const auto written = static_cast<double>(s.measured.write);
    if (!s.reuses_buffers()) CHECK(written == Approx(static_cast<double>(s.cold.write)).epsilon(0.01));
    if (s.reuses_buffers() && s.cold.write <= kKept / 2) CHECK(s.measured.write <= s.kept.write);
  }
}

}  // namespace
}  // namespace fusescape::gpu_retention_test
