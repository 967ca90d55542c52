// How fast is one design point? Absolute times, and the ratio to a bare loop over the same operators.
//
// The reference loop does what no model could do without: for each operator, the larger of its compute and
// its bytes, from numbers that are ready in arrays. fusescape's evaluation also maps operators to the array,
// counts on-chip traffic and takes tile classes, footprints and pipelines into account.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/sweep.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {
namespace {

Mamba1 mamba_2_8b(std::int64_t tokens) {
  Mamba1 shape;
  shape.d_model = 2560;
  shape.d_inner = 5120;
  shape.dt_rank = 160;
  shape.n_layer = 64;
  shape.tokens = tokens;
  return shape;
}

/// MARCA's size, with a finite on-chip bandwidth; as configs/arch/marca.yaml.
Accelerator marca() {
  Accelerator accelerator;
  Core core;
  core.rows = 64;
  core.cols = 128;
  core.cycles_per_op.fill(1);
  for (const OpKind kind : {OpKind::kExp, OpKind::kSigmoid, OpKind::kSilu, OpKind::kSoftplus}) {
    core.cycles_per_op[static_cast<std::size_t>(kind)] = 4;
  }
  SpatialRule sums;
  sums.kinds = {OpKind::kMatmul, OpKind::kConv, OpKind::kReduceMean};
  sums.rows = {"reduction"};
  sums.cols = {"output"};
  SpatialRule rest;
  rest.flat = {"all"};
  core.spatial = {sums, rest};
  accelerator.cores = {core};
  accelerator.sram.capacity = Bytes{24 * 1024 * 1024};
  accelerator.sram.bank_read = {256};
  accelerator.sram.bank_write = {256};
  accelerator.dram.bandwidth = {2048};
  return accelerator;
}

Assessment assessed(const Cascade& cascade, std::string_view strategy) {
  auto made = assess(cascade, design_of(marca()), *find_strategy(strategy));
  FUSESCAPE_EXPECTS(made.has_value());
  return std::move(*made);
}

/// The whole block on a design point that changes with every iteration.
void evaluate_block(benchmark::State& state, std::string_view strategy) {
  const Workload workload = mamba1_workload(mamba_2_8b(state.range(0)));
  const Assessment made = assessed(workload.block, strategy);
  std::vector<Machine> machines(64, design_of(marca()).machine);
  for (std::size_t i = 0; i < machines.size(); ++i) {
    for (Engine& engine : machines[i].engines) engine.cols += static_cast<std::int64_t>(i);
  }
  std::size_t point = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(evaluate(made.profile, machines[point++ % machines.size()]));
  }
  state.counters["points/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(evaluate_block, fuse_all, "fuse-all")->Arg(1)->Arg(1024)->Arg(1'000'000'000);
BENCHMARK_CAPTURE(evaluate_block, unfused, "unfused")->Arg(1)->Arg(1024);

/// max(compute, bytes) over the same operators: the least that any model does.
void reference_loop(benchmark::State& state) {
  const Workload workload = mamba1_workload(mamba_2_8b(1024));
  struct Row {
    std::int64_t ops;
    std::int64_t bytes;
  };
  std::vector<Row> rows;
  for (std::size_t i = 0; i < workload.block.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    Bytes bytes = bytes_of(elements_of(workload.block, workload.block.op(op).output), 32);
    for (const Access& input : workload.block.op(op).inputs) {
      bytes += bytes_of(elements_of(workload.block, input.tensor), 32);
    }
    rows.push_back({ops_of(workload.block, op).value(), bytes.value()});
  }
  std::int64_t pes = 8192;
  for (auto _ : state) {
    std::int64_t cycles = 0;
    for (const Row& row : rows) cycles += std::max(ceil_div(row.ops, pes), ceil_div(row.bytes, 256));
    benchmark::DoNotOptimize(cycles);
    benchmark::DoNotOptimize(pes = 8192 + (cycles & 63));
  }
  state.counters["points/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(reference_loop);

/// What is done once per workload, and once per plan.
void make_planner(benchmark::State& state) {
  const Workload workload = mamba1_workload(mamba_2_8b(state.range(0)));
  const Accelerator accelerator = marca();
  for (auto _ : state) {
    const Planner planner{workload.block, accelerator};
    benchmark::DoNotOptimize(&planner);
  }
}
BENCHMARK(make_planner)->Arg(1)->Arg(1024)->Arg(1'000'000'000)->Unit(benchmark::kMillisecond);

void assess_from_planner(benchmark::State& state) {
  const Workload workload = mamba1_workload(mamba_2_8b(1024));
  const Accelerator accelerator = marca();
  const Planner planner{workload.block, accelerator};
  for (auto _ : state)
    benchmark::DoNotOptimize(assess(planner, design_of(accelerator), *find_strategy("fuse-all")));
}
BENCHMARK(assess_from_planner)->Unit(benchmark::kMicrosecond);

/// Designs of one array, whose memory and DRAM vary; `strategy` once its candidates are made.
double seconds_per_design(const Planner& planner, const std::vector<Design>& designs,
                          std::string_view strategy) {
  benchmark::DoNotOptimize(assess(planner, designs.front(), *find_strategy(strategy)));
  const std::clock_t start = std::clock();
  for (const Design& design : designs) {
    benchmark::DoNotOptimize(assess(planner, design, *find_strategy(strategy)));
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  return seconds / static_cast<double>(designs.size());
}

/// `ratio`: an optimal design over one of `fuse-all`; `designs/s` of one core.
void optimal_designs(benchmark::State& state) {
  const Workload workload = mamba1_workload(mamba_2_8b(state.range(0)));
  const Planner planner{workload.block, marca()};
  std::vector<Design> designs;
  for (std::int64_t quarter_mib = 12; quarter_mib <= 96; ++quarter_mib) {
    Accelerator accelerator = marca();
    accelerator.sram.capacity = Bytes{quarter_mib * 256 * 1024};
    accelerator.dram.bandwidth = {quarter_mib % 2 == 0 ? 2048 : 1024};
    designs.push_back(design_of(accelerator));
  }
  double optimal = 0.0;
  double fixed = 0.0;
  for (auto _ : state) {
    optimal += seconds_per_design(planner, designs, "optimal");
    fixed += seconds_per_design(planner, designs, "fuse-all");
  }
  state.counters["ratio"] = optimal / fixed;
  state.counters["designs/s"] = static_cast<double>(state.iterations()) / optimal;
}
BENCHMARK(optimal_designs)->Arg(64)->Arg(1024)->Unit(benchmark::kMillisecond);

/// A sweep each of whose points needs another plan, on one core: SRAM x columns, two strategies.
void sweep_of_new_plans(benchmark::State& state) {
  BoundSweep sweep;
  sweep.workloads = {mamba1_workload(mamba_2_8b(1024))};
  sweep.strategies = {find_strategy("fuse-all"), find_strategy("unfused")};
  for (std::int64_t mib = 4; mib < 36; ++mib) {
    for (std::int64_t cols = 64; cols < 192; cols += 8) {
      Accelerator accelerator = marca();
      accelerator.sram.capacity = Bytes{mib * 1024 * 1024};
      accelerator.cores.front().cols = cols;
      const auto design = static_cast<std::uint32_t>(sweep.designs.size());
      sweep.designs.push_back(design_of(accelerator));
      for (std::uint32_t strategy = 0; strategy < 2; ++strategy)
        sweep.points.push_back({0, design, strategy});
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(evaluate_points(sweep, sweep.points, {.jobs = 1}));
  state.counters["points/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(sweep.points.size()),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(sweep_of_new_plans)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fusescape
