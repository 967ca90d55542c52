// What does a hybrid cost, beside its kinds of layers times a Mamba block; and what does an import take?
//
// `ratio` of a hybrid is its time over (kinds of layers x the time of mamba-2.8b's block): at most 1 is
// asked.
#include <benchmark/benchmark.h>

#include <ctime>
#include <string>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/import/import.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Of all cores: a busy machine stretches the clock on the wall.
double seconds_of(const Cascade& block, const Design& design, std::string_view strategy) {
  const std::clock_t start = std::clock();
  benchmark::DoNotOptimize(assess(block, design, *find_strategy(strategy)));
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

void hybrid(benchmark::State& state, const char* name, std::string_view strategy) {
  const auto model = load_model(name);
  const auto mamba = load_workload("mamba-2.8b");
  const auto machine = load_accelerator("marca");
  FUSESCAPE_EXPECTS(model.has_value() && mamba.has_value() && machine.has_value());
  const Design design = design_of(*machine);
  double all = 0.0;
  double blocks = 0.0;
  for (auto _ : state) {
    for (const Workload& kind : model->kinds) all += seconds_of(kind.block, design, strategy);
    state.PauseTiming();
    blocks += seconds_of(mamba->block, design, strategy);
    state.ResumeTiming();
  }
  state.counters["kinds"] = static_cast<double>(model->kinds.size());
  state.counters["ratio"] = all / (blocks * static_cast<double>(model->kinds.size()));
}
BENCHMARK_CAPTURE(hybrid, nemotron_greedy, "nemotron-h-8b", "greedy")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(hybrid, jamba_greedy, "jamba-v0.1", "greedy")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(hybrid, granite_greedy, "granite-4.0-h-small", "greedy")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(hybrid, nemotron_optimal, "nemotron-h-8b", "optimal")->Unit(benchmark::kMillisecond);

/// Reading a configuration of a hybrid, and writing and reading back its model: 20 ms are asked.
void import_hybrid(benchmark::State& state) {
  const std::string config = R"({"model_type": "nemotron_h", "hidden_size": 4096,
    "hybrid_override_pattern": "M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-", "mamba_num_heads": 128,
    "mamba_head_dim": 64, "ssm_state_size": 128, "n_groups": 8, "conv_kernel": 4, "chunk_size": 128,
    "intermediate_size": 21504, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
    "vocab_size": 131072, "tie_word_embeddings": false})";
  for (auto _ : state) {
    const auto imported = import_config("config.json", config);
    FUSESCAPE_EXPECTS(imported.has_value());
  }
}
BENCHMARK(import_hybrid)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fusescape
