// Does the simulation land on the numbers of the fine-grained-fusion paper's artifact, as the closed form
// does?
//
// Reproduced rows: PACT-AE artifact (Geens, Symons, Verhelst, PACT 2025, arXiv 2504.17333), run by us; data/.
#include <catch2/catch.hpp>

#include "fusescape/sim/simulate.hpp"
#include "literature_data.hpp"

namespace fusescape::sim_test {
namespace {

SimResult simulated(const Modelling& model, const Assessment& found, const SimOptions& options = {}) {
  auto run = simulate(model.workload.block, found.plan, found.layout, model.accelerator, options);
  REQUIRE(run.has_value());
  return std::move(*run);
}

TEST_CASE(
    "Each of the 18 reproduced rows of Fig. 9 is simulated within 1.1%, and not below the closed form") {
  for (const Fig9Row& row : fig9_rows()) {
    CAPTURE(row.scheme, row.tokens);
    const Modelling model = with_quirks(row.tokens);
    const Assessment found = assessed(model, row.scheme);
    const SimResult run = simulated(model, found);
    CHECK(std::abs(percent_off(static_cast<double>(run.cycles.value()), static_cast<double>(row.cycles))) <=
          1.1);
    CHECK(run.latency >= found.cost.total.latency);
    CHECK(run.dram_read == found.cost.total.dram_read);
    CHECK(run.dram_write == found.cost.total.dram_write);
  }
}

TEST_CASE("No operator runs alone in long and short tiles in turn where equal ones take about as long") {
  // At 512 tokens conv_sigmoid ran in tiles of 4096 and 1024 channels: 82,752 cycles by the closed form, and
  // 131,392 simulated. Equal ones take the former by both.
  const Modelling model = with_quirks(512);
  const Assessment found = assessed(model, "unfused");
  const SimResult run = simulated(model, found);
  CHECK(percent_off(static_cast<double>(run.cycles.value()),
                    static_cast<double>(found.cost.latency.value())) <= 0.01);
}

TEST_CASE("A whole block is simulated with its periods skipped as it is tile by tile") {
  for (const char* strategy : {"unfused", "fuse-all", "mem-aware"}) {
    CAPTURE(strategy);
    const Modelling model = physical(64);
    const Assessment found = assessed(model, strategy);
    const SimResult fast = simulated(model, found);
    const SimResult full = simulated(model, found, {.steady_state = false});
    CHECK(fast.latency == full.latency);
    CHECK(fast.dram_read == full.dram_read);
    CHECK(fast.dram_write == full.dram_write);
    for (std::size_t i = 0; i < full.resources.size(); ++i) {
      CHECK(fast.resources[i].busy == full.resources[i].busy);
      CHECK(fast.resources[i].bytes == full.resources[i].bytes);
      CHECK(fast.resources[i].stall == full.resources[i].stall);
    }
    CHECK(fast.events < full.events);
  }
}

}  // namespace
}  // namespace fusescape::sim_test
