// How fast does a plan run on numbers? A Mamba-1 block of L=8, E=16, D=32, N=4 under several strategies.
#include <benchmark/benchmark.h>

#include "designs.hpp"
#include "fusescape/exec/execute.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {
namespace {

/// One PE, and a scratchpad of 1 MiB.
Accelerator small_machine() {
  Accelerator accelerator;
  Core core;
  core.rows = 1;
  core.cols = 1;
  core.cycles_per_op.fill(1);
  accelerator.cores = {core};
  accelerator.sram.capacity = Bytes{1024 * 1024};
  accelerator.sram.banks = 1;
  accelerator.dram.bandwidth = {64};
  return accelerator;
}

void execute_block(benchmark::State& state, std::string_view strategy) {
  Mamba1 shape;
  shape.d_model = 16;
  shape.d_inner = 32;
  shape.d_state = 4;
  shape.dt_rank = 2;
  shape.n_layer = 1;
  shape.tokens = 8;
  const Cascade cascade = mamba1_workload(shape).block;
  const auto assessment = assess(cascade, design_of(small_machine()), *find_strategy(strategy));
  FUSESCAPE_EXPECTS(assessment.has_value());
  const Layout layout = lay_out(cascade, assessment->plan).value();
  const NumericCase given = make_case(cascade, Arithmetic::kTyped, 1);
  for (auto _ : state) {
    const auto done = execute(cascade, assessment->plan, layout, given, {});
    FUSESCAPE_EXPECTS(done.has_value());
    benchmark::DoNotOptimize(done->groups.data());
  }
  state.SetItemsProcessed(state.iterations() * total_ops(cascade).value());
}

BENCHMARK_CAPTURE(execute_block, unfused, "unfused");
BENCHMARK_CAPTURE(execute_block, fuse_all, "fuse-all");
BENCHMARK_CAPTURE(execute_block, mem_aware, "mem-aware");
BENCHMARK_CAPTURE(execute_block, retained, "retained");

}  // namespace
}  // namespace fusescape
