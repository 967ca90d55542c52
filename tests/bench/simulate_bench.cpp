// How fast is a simulation of the whole Mamba-2.8B block, with periods skipped and tile by tile?
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <vector>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/sim/simulate.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

void simulate_block(benchmark::State& state, std::string_view strategy, bool steady_state) {
  const auto accelerator = load_accelerator("marca");
  const std::vector<Setting> tokens{parse_setting(fmt::format("L={}", state.range(0))).value()};
  const auto workload = load_workload("mamba-2.8b", tokens);
  FUSESCAPE_EXPECTS(accelerator.has_value() && workload.has_value());
  const Design design = design_of(*accelerator);
  const auto made = assess(workload->block, design, *find_strategy(strategy));
  FUSESCAPE_EXPECTS(made.has_value());
  std::int64_t events = 0;
  for (auto _ : state) {
    const auto run =
        simulate(workload->block, made->plan, made->layout, design, {.steady_state = steady_state});
    FUSESCAPE_EXPECTS(run.has_value());
    events = run->events;
  }
  state.counters["events"] = static_cast<double>(events);
}
BENCHMARK_CAPTURE(simulate_block, fuse_all, "fuse-all", true)
    ->Arg(64)
    ->Arg(1024)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(simulate_block, unfused, "unfused", true)
    ->Arg(64)
    ->Arg(1024)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(simulate_block, fuse_all_tile_by_tile, "fuse-all", false)
    ->Arg(64)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(simulate_block, unfused_tile_by_tile, "unfused", false)
    ->Arg(64)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fusescape
