// What does managed memory make of the fine-grained-fusion paper's schedules: tokens kept between groups, and
// Fuse-All where it does not fit?
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "fusescape/report/table.hpp"
#include "fusescape/sim/simulate.hpp"
#include "literature_data.hpp"
#include "regenerated.hpp"

namespace fusescape::managed_memory_test {
namespace {

/// The strategy's plan without anything that it says of retention, under managed memory.
expected<SimResult, SimFailure> managed(const Modelling& model, std::string_view strategy,
                                        const SimOptions& options) {
  Plan plan = plan_of(model, strategy);
  plan.retentions.clear();
  const auto layout = lay_out(model.workload.block, plan);
  REQUIRE(layout.has_value());
  return simulate(model.workload.block, plan, *layout, model.accelerator, options);
}

SimOptions as_in_the_paper(Eviction eviction) {
  return {.eviction = eviction, .keep = Keep::kFusedGroups};
}

TEST_CASE("Through the simulator, each of the 18 reproduced rows of Fig. 9 is within 1%") {
  for (const Fig9Row& row : fig9_rows()) {
    CAPTURE(row.scheme, row.tokens);
    const auto run =
        managed(with_quirks(row.tokens), row.scheme, as_in_the_paper(Eviction::kFurthestNextUse));
    REQUIRE(run.has_value());
    const auto ours = static_cast<double>(run->cycles.value());
    CAPTURE(ours);
    CHECK(std::abs(percent_off(ours, static_cast<double>(row.cycles))) <= 1.0);
  }
}

/// DRAM bytes of the block.
std::int64_t moved(const SimResult& run) {
  return (run.dram_read + run.dram_write).value();
}

TEST_CASE("At L = 64 some 14 of 64 tokens stay between fused groups, by memory management alone") {
  const std::string scheme = GENERATE("pact-as-b", "pact-a-bs");
  const Eviction eviction = GENERATE(Eviction::kLru, Eviction::kFurthestNextUse);
  constexpr double kToken = 5120.0 * 64 * 4;
  const Modelling model = with_quirks(64);
  const auto apart = managed(model, scheme, {.eviction = eviction});
  const auto kept = managed(model, scheme, as_in_the_paper(eviction));
  REQUIRE(apart.has_value());
  REQUIRE(kept.has_value());
  // Each token that stays is neither written nor read.
  const double tokens = static_cast<double>(moved(*apart) - moved(*kept)) / (2 * kToken);
  CHECK(tokens >= 14.0);
  CHECK(tokens < 16.0);
  CHECK(kept->peak <= model.accelerator.sram.capacity);
}

Modelling with_sram(Modelling model, std::int64_t bytes) {
  model.accelerator.sram.capacity = Bytes{bytes};
  return model;
}

constexpr std::int64_t kFootprint = (5 * 5120 * 64 + 5120 + 64) * 4;  // Eq. 2.

TEST_CASE("Below its footprint Fuse-All runs, and each byte less costs traffic that grows without a jump") {
  const Modelling model = with_quirks(64);
  const SimOptions options = as_in_the_paper(Eviction::kFurthestNextUse);
  const auto fits = managed(with_sram(model, kFootprint), "fuse-all", options);
  const auto short_by_one = managed(with_sram(model, kFootprint - 4096), "fuse-all", options);
  REQUIRE(fits.has_value());
  REQUIRE(short_by_one.has_value());
  // Of A, which is needed last, 4096 bytes come again for each token but the first.
  std::int64_t reloaded = 0;
  std::int64_t evicted = 0;
  for (const SimTraffic& one : short_by_one->traffic) {
    reloaded += one.reloaded.value();
    evicted += one.evicted.value();
    if (one.reloaded > Bytes{}) CHECK(model.workload.block.tensor(one.tensor).name == "A");
  }
  CHECK(reloaded <= 63 * 4096);
  CHECK(reloaded >= 62 * (4096 - 256));  // The footprint has C, 256 bytes, from the token's start.
  CHECK(evicted == 0);
  CHECK(short_by_one->cycles.value() * 100 <= fits->cycles.value() * 101);
}

TEST_CASE("Fuse-All never moves less, nor is faster, with less memory") {
  const Modelling model = with_quirks(64);
  std::int64_t before = 0;
  std::int64_t cycles = 0;
  for (const std::int64_t bytes : {kFootprint, std::int64_t{6'000'000}, std::int64_t{4'500'000},
                                   std::int64_t{3'000'000}, std::int64_t{1'500'000}, std::int64_t{500'000}}) {
    CAPTURE(bytes);
    const auto run =
        managed(with_sram(model, bytes), "fuse-all", as_in_the_paper(Eviction::kFurthestNextUse));
    REQUIRE(run.has_value());
    CHECK(moved(*run) >= before);
    CHECK(run->cycles.value() >= cycles);
    CHECK(run->peak.value() <= bytes);
    before = moved(*run);
    cycles = run->cycles.value();
  }
}

TEST_CASE(
    "More memory can take longer: as much travels, but once a group fits its tile waits for all of it") {
  const Modelling model = with_quirks(1);
  const Eviction eviction = GENERATE(Eviction::kLru, Eviction::kFurthestNextUse);
  const auto spills = managed(with_sram(model, 5'000'000), "fuse-all", as_in_the_paper(eviction));
  const auto fits = managed(with_sram(model, 6'000'000), "fuse-all", as_in_the_paper(eviction));
  REQUIRE(spills.has_value());
  REQUIRE(fits.has_value());
  CHECK(moved(*fits) == moved(*spills));
  CHECK(fits->cycles > spills->cycles);
}

/// Of the group that spills.
Ticks spilling_time(const SimResult& run) {
  for (const SimTraffic& one : run.traffic) {
    if (one.evicted > Bytes{}) return run.groups[one.group].end - run.groups[one.group].start;
  }
  return {};
}

TEST_CASE("Where Fuse-All spills, every further token takes as long as the one before, up to 10^9 of them") {
  const auto time = [&](std::int64_t tokens, bool steady) {
    SimOptions options{.eviction = Eviction::kFurthestNextUse};
    options.steady_state = steady;
    const auto run = managed(with_sram(with_quirks(tokens), 1'000'000), "fuse-all", options);
    REQUIRE(run.has_value());
    if (steady) CHECK(run->events < 100'000);
    return spilling_time(*run);
  };
  const Ticks unrolled = time(200, false);
  const Ticks hundred = time(300, false) - unrolled;
  CHECK(hundred > Ticks{});
  CHECK(time(200, true) == unrolled);
  CHECK(time(1'000'000, true) == unrolled + hundred * 9'998);
  CHECK(time(1'000'000'000, true) == unrolled + hundred * 9'999'998);
}

TEST_CASE("What is kept is followed step by step: too many of them are refused, before any is run") {
  const auto run =
      managed(with_quirks(10'000'000), "unfused", {.eviction = Eviction::kLru, .keep = Keep::kAll});
  REQUIRE_FALSE(run.has_value());
  CHECK(run.error().reason == SimFailure::Reason::kTooLong);
  CHECK(describe(with_quirks(1).workload.block, run.error()) ==
        "with group 0 there are more steps than can be run one by one; smaller ranks would do, or keeping "
        "nothing between groups");
  // dA and exp; dB, dBx, t, h and y: 7 steps a token, of 400,000.
  const SimOptions fused = as_in_the_paper(Eviction::kLru);
  CHECK(managed(with_quirks(400'000 / 7), "pact-as-b", fused).has_value());
  CHECK_FALSE(managed(with_quirks(400'000 / 7 + 1), "pact-as-b", fused).has_value());
}

std::int64_t sum_of(const SimResult& run, Bytes SimTraffic::*what) {
  Bytes sum;
  for (const SimTraffic& one : run.traffic) sum += one.*what;
  return sum.value();
}

/// One line of results/fig11_spilling.csv.
std::vector<Value> spilling_row(std::int64_t tokens, std::int64_t sram, Eviction eviction) {
  const Modelling model = with_sram(with_quirks(tokens), sram);
  const auto run = managed(model, "fuse-all", as_in_the_paper(eviction));
  REQUIRE(run.has_value());
  const double clock = model.accelerator.clock.value();
  const double seconds = static_cast<double>(run->cycles.value() * model.workload.n_layer) / clock;
  const char* const memory = eviction == Eviction::kLru ? "lru" : "furthest-next-use";
  return {"modelled",
          tokens,
          sram,
          "fuse-all",
          memory,
          run->cycles.value(),
          run->dram_read.value(),
          run->dram_write.value(),
          sum_of(*run, &SimTraffic::evicted),
          sum_of(*run, &SimTraffic::reloaded),
          run->peak.value(),
          std::round(1e9 * seconds / static_cast<double>(tokens)) / 1e6};
}

/// The points of configs/sweeps/pact25-fig11.yaml, in bytes.
constexpr std::array<std::int64_t, 20> kSram{100'000,    200'000,    300'000,    500'000,    700'000,
                                             1'000'000,  1'500'000,  2'000'000,  3'000'000,  4'000'000,
                                             5'000'000,  6'000'000,  7'000'000,  8'000'000,  10'000'000,
                                             12'000'000, 15'000'000, 20'000'000, 24'000'000, 30'000'000};

TEST_CASE("results/fig11_spilling.csv is what the simulation says today") {
  Table table{.columns = {"label", "L", "onchip_capacity_bytes", "strategy", "memory", "latency_cycles",
                          "dram_read_bytes", "dram_write_bytes", "evicted_bytes", "reloaded_bytes",
                          "peak_onchip_bytes", "latency_ms_per_token"},
              .rows = {}};
  for (const std::int64_t tokens : {1, 64, 512, 1024}) {
    for (const std::int64_t sram : kSram) {
      table.rows.push_back(spilling_row(tokens, sram, Eviction::kFurthestNextUse));
      if (sram < kFootprint)
        table.rows.push_back(spilling_row(tokens, sram, Eviction::kLru));  // Else the same.
    }
  }
  check_regenerated("fig11_spilling.csv", csv(table));
}

TEST_CASE("results/fig9_simulated.csv is what the simulation says today") {
  Table table{.columns = {"label", "scheme", "L", "reproduced_cycles", "closed_cycles", "simulated_cycles",
                          "diff_simulated_pct"},
              .rows = {}};
  for (const Fig9Row& row : fig9_rows()) {
    const Modelling model = with_quirks(row.tokens);
    const auto run = managed(model, row.scheme, as_in_the_paper(Eviction::kFurthestNextUse));
    REQUIRE(run.has_value());
    const double off = percent_off(static_cast<double>(run->cycles.value()), static_cast<double>(row.cycles));
    table.rows.push_back({"modelled", row.scheme, row.tokens, row.cycles,
                          static_cast<std::int64_t>(block_cycles(assessed(model, row.scheme))),
                          run->cycles.value(), std::round(off * 100) / 100});
  }
  check_regenerated("fig9_simulated.csv", csv(table));
}

}  // namespace
}  // namespace fusescape::managed_memory_test
