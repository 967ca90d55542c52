#include "fusescape/cost/metrics.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "designs.hpp"
#include "fusescape/report/figures.hpp"
#include "fusescape/support/ranks.hpp"

namespace fusescape::metrics_test {
namespace {

using namespace literals;

/// 2,000 cycles of a block of a two-layer model that advances four tokens, on 16 PEs at 500 MHz, 3 mm2.
struct Sample {
  Workload workload;
  Design design;
  Cost cost;

  Sample() {
    workload.n_layer = 2;
    workload.tokens = Elements{4};
    Accelerator chip;
    chip.clock = Hertz{5e8};
    chip.cores.push_back({.name = "pe", .rows = 2, .cols = 8, .spatial = {}});
    chip.sram.capacity = 1_MiB;
    chip.dram.bandwidth = {128};
    design = design_of(chip);
    auto table = std::make_shared<Technology>();
    table->name = "sample";
    design.technology = table;
    design.area.total = SquareMm{3.0};
    cost.latency = 2000_cycles;
    cost.total.dram_read = 300_B;
    cost.total.dram_write = 200_B;
    cost.total.ops = Ops{8000};
    cost.total.pe_cycles = 16000_cycles;
  }
  [[nodiscard]] MetricValue value(std::string_view name) const {
    return find_metric(name)->value({.workload = workload, .design = design, .cost = &cost});
  }
  [[nodiscard]] double number(std::string_view name) const { return magnitude(*value(name)); }
};

TEST_CASE("No two metrics have one name, and each has a unit and says what it means") {
  std::set<std::string_view> names;
  for (const Metric& metric : metrics()) {
    CAPTURE(metric.name);
    CHECK(names.insert(metric.name).second);
    CHECK(find_metric(metric.name) == &metric);
    CHECK_FALSE(metric.unit.empty());
    CHECK(metric.meaning.size() > 5);
    CHECK(metric.meaning.back() == '.');
  }
  CHECK(find_metric("latency") == nullptr);
  CHECK(metric_table().rows.size() == metrics().size());
}

TEST_CASE("Figures derived from time count seconds of the design's clock") {
  const Sample sample;
  CHECK(sample.number("latency_s") == Approx(4e-6));    // 2000 / 500 MHz
  CHECK(sample.number("throughput") == Approx(2e9));    // 8000 / 4 us
  CHECK(sample.number("area_delay") == Approx(12e-6));  // 3 mm2 x 4 us
  CHECK(sample.number("tokens_per_s") == Approx(5e5));  // 4 / (2 x 4 us)
  CHECK(sample.number("utilization") == Approx(0.5));   // 16000 / (16 x 2000)
  CHECK(sample.number("dram_bytes") == 500);
  CHECK(std::get<double>(sample.value("latency_ms")->number) == Approx(8e-3));
  CHECK(std::get<double>(sample.value("latency_ms_per_token")->number) == Approx(2e-3));
  CHECK(sample.number("clock_hz") == 5e8);
}

TEST_CASE("What DRAM transfers fill and drain is known as soon as energy was counted, whatever it costs") {
  const Sample sample;
  EnergyBreakdown energy;  // Priced at nothing.
  energy.onchip_fill = 300_B;
  energy.onchip_drain = 200_B;
  const Evaluated counted{
      .workload = sample.workload, .design = sample.design, .cost = &sample.cost, .energy = &energy};
  CHECK(magnitude(*find_metric("onchip_fill_bytes")->value(counted)) == 300);
  CHECK(magnitude(*find_metric("onchip_drain_bytes")->value(counted)) == 200);
  CHECK(sample.value("onchip_fill_bytes").error() == "it was not asked for");
  energy.onchip_fill = Bytes::overflowed();
  CHECK(find_metric("onchip_fill_bytes")->value(counted).error() == "it does not fit 64 bits");
}

TEST_CASE("What cannot be known is null and says why") {
  Sample sample;
  CHECK(sample.value("tpot_ms").error() == "of the other phase");
  CHECK(sample.value("energy_pj").error() == "it was not asked for");
  sample.design.area.total.reset();
  sample.design.area.sram = SquareMm{1.0};
  CHECK(sample.value("area_mm2").error() == "sample has no area of a PE of fp32");
  CHECK(sample.value("area_delay").error() == sample.value("area_mm2").error());
  sample.design.technology = nullptr;
  CHECK(sample.value("area_mm2").error() == "no technology is named");
  CHECK(sample.value("energy_delay").error() == "no technology is named");
  const Evaluated infeasible{.workload = sample.workload, .design = sample.design};
  for (const Metric& metric : metrics()) {
    CAPTURE(metric.name);
    if (metric.of != MetricOf::kDesign) CHECK_FALSE(metric.value(infeasible).has_value());
  }
}

TEST_CASE("A bandwidth without a limit is the largest, and printed as a word") {
  Sample sample;
  const Figure finite = *sample.value("dram_bits_per_cycle");
  sample.design.accelerator.dram.bandwidth = {};
  const Figure unlimited = *sample.value("dram_bits_per_cycle");
  CHECK((compare(finite, unlimited) < 0));
  CHECK((compare(unlimited, unlimited) == 0));
  CHECK(std::get<std::string>(value_of(unlimited)) == "unlimited");
}

TEST_CASE("Cycles of two clocks are compared as time, exactly") {
  const auto at = [](std::int64_t cycles, double hertz) {
    Sample sample;
    sample.cost.latency = Cycles{cycles};
    sample.design.accelerator.clock = Hertz{hertz};
    return *sample.value("latency_cycles");
  };
  CHECK((compare(at(1020, 1.2e9), at(1000, 5e8)) < 0));
  CHECK((compare(at(1200, 1.2e9), at(500, 5e8)) == 0));
  // 9 * 10^18 cycles more or less by one: no double tells them apart.
  constexpr std::int64_t kMany = 9'000'000'000'000'000'000;
  CHECK((compare(at(kMany, 1e9), at(kMany + 1, 1e9)) < 0));
  CHECK((compare(at(kMany, 999'999'937.0), at(kMany, 1e9)) > 0));
}

TEST_CASE("Quotients order as cross products do, and ranks as figures") {
  std::vector<Figure> figures;
  for (std::int64_t n = 0; n <= 12; ++n) {
    for (std::int64_t d = 1; d <= 12; ++d) {
      for (std::int64_t m = 0; m <= 12; ++m) {
        for (std::int64_t e = 1; e <= 12; ++e) {
          const auto order = Quotient{n, d} <=> Quotient{m, e};
          if (order != n * e <=> m * d) FAIL(n << '/' << d << " and " << m << '/' << e);
        }
      }
      figures.push_back({n, Quotient{n, d}});
    }
  }
  const std::vector<std::int64_t> ranks = dense_ranks(
      std::span<const Figure>{figures}, [](const Figure& a, const Figure& b) { return compare(a, b) < 0; });
  for (std::size_t i = 0; i < figures.size(); ++i) {
    for (std::size_t k = 0; k < figures.size(); ++k) {
      if ((ranks[i] < ranks[k]) != (compare(figures[i], figures[k]) < 0)) FAIL(i << " and " << k);
    }
  }
  CHECK(*std::max_element(ranks.begin(), ranks.end()) + 1 ==
        static_cast<std::int64_t>(std::set<std::int64_t>(ranks.begin(), ranks.end()).size()));
}

}  // namespace
}  // namespace fusescape::metrics_test
