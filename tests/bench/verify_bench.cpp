// How long does it take to verify a block numerically? Scaling down, three runs and two references.
#include <benchmark/benchmark.h>

#include "designs.hpp"
#include "fusescape/check/verification.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

void verify_block(benchmark::State& state, std::string_view strategy) {
  const auto workload = load_workload("mamba-2.8b");
  const auto machine = load_accelerator("marca");
  FUSESCAPE_EXPECTS(workload.has_value() && machine.has_value());
  const auto made = assess(workload->block, design_of(*machine), *find_strategy(strategy));
  FUSESCAPE_EXPECTS(made.has_value());
  for (auto _ : state) {
    const Verification verification = verify(workload->block, made->plan, *machine);
    FUSESCAPE_EXPECTS(verification.passed());
  }
}
BENCHMARK_CAPTURE(verify_block, fuse_all, "fuse-all")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(verify_block, unfused, "unfused")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fusescape
