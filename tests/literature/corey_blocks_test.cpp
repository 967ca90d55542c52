// Does entropy know where to cut a Mamba block? COREY's policy beside controls that know nothing, on one cost
// for all; and what its decisions and a rotation cost beside what they bring.
//
// No activation here was measured in a model: inputs and weights are seeded random numbers.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "designs.hpp"
#include "fusescape/check/activation_entropy.hpp"
#include "fusescape/check/rotated_case.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/numerics/entropy.hpp"
#include "fusescape/numerics/hadamard.hpp"
#include "fusescape/numerics/tensor_statistics.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/parallel_for.hpp"
#include "loaded.hpp"
#include "regenerated.hpp"

namespace fusescape::corey_blocks_test {
namespace {

constexpr const char* kModel = "mamba-130m";
constexpr std::int64_t kMostExtent = 64;
constexpr std::uint64_t kSeed = 1;
constexpr int kBins = 256;

Workload block_of(std::int64_t tokens, const char* model = kModel) {
  const std::vector<Setting> settings{{"L", std::to_string(tokens), {}}, {"dtype", "fp16", {}}};
  return value_of(load_workload(model, settings));
}

SmallCascade small_block() {
  auto small = with_small_ranks(block_of(kMostExtent).block, kMostExtent);
  REQUIRE(small.has_value());
  return std::move(*small);
}

std::vector<ActivationEntropy> block_entropies() {
  const SmallCascade small = small_block();
  return activation_entropies(small.cascade, synthetic_case(small.cascade, kSeed), kBins);
}

/// As `--entropy results/corey/activation-entropy.csv` reads them.
EntropySource run_entropies() {
  const Cascade cascade = small_block().cascade;
  GivenEntropy table{.file = "results/corey/activation-entropy.csv", .tensors = {}};
  for (const ActivationEntropy& one : block_entropies())
    table.tensors.push_back({.tensor = cascade.tensor(one.tensor).name, .bits = one.bits});
  return {table};
}

TEST_CASE("results/corey/activation-entropy.csv is what a block with synthetic numbers makes today") {
  const Cascade cascade = small_block().cascade;
  std::string csv = "tensor,entropy_bits,bins,values,boundary,numbers\n";
  for (const ActivationEntropy& one : block_entropies()) {
    csv += fmt::format("{},{:.6f},{},{},{},synthetic\n", cascade.tensor(one.tensor).name, one.bits, kBins,
                       one.values, one.boundary);
  }
  check_regenerated("corey/activation-entropy.csv", csv);
}

/// A way to choose a plan, named as in the results.
struct Contender {
  std::string strategy;
  std::string entropy;  ///< Empty: it reads none.
  StrategyInputs inputs{};
};

std::vector<Contender> contenders() {
  std::vector<Contender> all;
  for (const char* name : {"unfused", "fixed-depth-2", "fixed-depth-3", "fixed-depth-4", "fixed-depth-6",
                           "fixed-depth-8", "greedy", "optimal"}) {
    all.push_back({name, "", {}});
  }
  const EntropySource run = run_entropies();
  all.push_back({"corey", "synthetic-run", {run}});
  all.push_back({"corey", "constant", {{ConstantEntropy{}}}});
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EntropySource shuffled = run;
    shuffled.shuffled = seed;
    all.push_back({"corey", fmt::format("shuffled:{}", seed), {shuffled}});
    all.push_back({"corey", fmt::format("random:{}", seed), {{RandomEntropy{seed}}}});
    all.push_back({"corey", fmt::format("synthetic:{}", seed), {{SyntheticEntropy{seed}}}});
  }
  return all;
}

struct Scenario {
  const char* model = kModel;
  std::int64_t tokens = 0;
  int sram_mib = 0;
  int dram_gb_s = 0;
};

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  for (const std::int64_t tokens : {64, 1024, 16384}) {
    for (const int sram : {1, 4, 24}) {
      for (const int dram : {64, 256, 1024}) all.push_back({kModel, tokens, sram, dram});
    }
  }
  return all;
}

/// A wider block behind MARCA's DRAM. Its tensors have the names, and scaled down the shapes, of the other's.
std::vector<Scenario> wide_scenarios() {
  std::vector<Scenario> all;
  for (const std::int64_t tokens : {64, 1024, 16384}) {
    for (const int sram : {1, 4, 24}) all.push_back({"mamba-2.8b", tokens, sram, 256});
  }
  return all;
}

Accelerator machine_of(const Scenario& scenario) {
  const std::vector<Setting> settings{
      {"sram.capacity", fmt::format("{} MiB", scenario.sram_mib), {}},
      {"dram.bandwidth", fmt::format("{} GB/s", scenario.dram_gb_s), {}},
  };
  return value_of(load_accelerator("marca", settings));
}

struct Row {
  std::size_t groups = 0;
  std::int64_t cycles = 0;  ///< 0: infeasible.
  std::int64_t dram_bytes = 0;
};

Row row_of(const Planner& planner, const Accelerator& machine, const Contender& one) {
  const auto found = assess(planner, design_of(machine), *find_strategy(one.strategy), one.inputs);
  if (!found) return {};
  return {found->groups.size(), found->cost.latency.value(),
          (found->cost.total.dram_read + found->cost.total.dram_write).value()};
}

std::vector<Row> rows_of(const Scenario& scenario, const std::vector<Contender>& all) {
  const Workload workload = block_of(scenario.tokens, scenario.model);
  const Accelerator machine = machine_of(scenario);
  const Planner planner{workload.block, machine};
  std::vector<Row> rows;
  for (const Contender& one : all) rows.push_back(row_of(planner, machine, one));
  return rows;
}

std::string regret_lines(const Scenario& scenario, const std::vector<Contender>& all,
                         const std::vector<Row>& rows) {
  std::int64_t best = 0;
  for (const Row& row : rows) {
    if (row.cycles > 0 && (best == 0 || row.cycles < best)) best = row.cycles;
  }
  std::string csv;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string head =
        fmt::format("{},marca,fp16,{},{},{},{},{}", scenario.model, scenario.tokens, scenario.sram_mib,
                    scenario.dram_gb_s, all[i].strategy, all[i].entropy);
    if (rows[i].cycles == 0) {
      csv += fmt::format("{},false,,,,\n", head);
      continue;
    }
    const double regret = static_cast<double>(rows[i].cycles) / static_cast<double>(best) - 1.0;
    csv += fmt::format("{},true,{},{},{},{:.4f}\n", head, rows[i].groups, rows[i].cycles, rows[i].dram_bytes,
                       100.0 * regret);
  }
  return csv;
}

TEST_CASE("results/corey/regret.csv is what the model says today") {
  const std::vector<Contender> all = contenders();
  std::vector<Scenario> where = scenarios();
  for (const Scenario& wide : wide_scenarios()) where.push_back(wide);
  std::vector<std::vector<Row>> rows(where.size());
  parallel_for(where.size(), 0, [&](std::size_t i) { rows[i] = rows_of(where[i], all); });
  std::string csv =
      "workload,arch,dtype,L,sram_mib,dram_gb_s,strategy,entropy,feasible,groups,latency_cycles,dram_bytes,"
      "regret_percent\n";
  for (std::size_t i = 0; i < where.size(); ++i) csv += regret_lines(where[i], all, rows[i]);
  check_regenerated("corey/regret.csv", csv);
}

/// Values of one tensor as rows along its last dimension.
TensorStatistics statistics(const TensorValues& values, std::int64_t width) {
  std::vector<double> own;
  for_each_own(values, [&](std::int64_t position) { own.push_back(values.data[position]); });
  constexpr double kOutlierAt = 6.0;
  return statistics_of(std::span<const double>{own}, width, kOutlierAt);
}

TEST_CASE("results/corey/block-rotation.csv is what rotations of a block with synthetic numbers do today") {
  const SmallCascade small = small_block();
  const Reference made = run_reference(small.cascade, synthetic_case(small.cascade, kSeed));
  std::string csv =
      "tensor,rank,form,crest_before,crest_after,int8_error_before,int8_error_after,int4_error_before,"
      "int4_error_after,entropy_bits_before,entropy_bits_after\n";
  constexpr auto kToken = static_cast<std::size_t>(ScaleOf::kRow);
  for (const RotationSite& site : rotation_sites(small.cascade)) {
    if (site.form == RotationForm::kBlocked) continue;
    for (const RotatedValue& value : site.values) {
      const Tensor& tensor = small.cascade.tensor(value.tensor);
      const auto order = hadamard_order(value.extent.value());
      // Statistics of tokens need the rank as the last dimension, whole.
      const RankId rank = tensor.ranks[value.dimension];
      const bool rows = value.dimension + 1 == tensor.ranks.size() && value.offset == 0 &&
                        value.extent == small.cascade.extent(rank);
      if (!order || !rows) continue;
      const TensorValues& before = made.tensors[index_of(value.tensor)];
      TensorValues after = before;
      const double scale = std::sqrt(static_cast<double>(order->size()));
      rotate(after, value.dimension, value.offset, hadamard_matrix(*order) / scale);
      const TensorStatistics a = statistics(before, value.extent.value());
      const TensorStatistics b = statistics(after, value.extent.value());
      const auto bits = [&](const TensorValues& values) {
        std::vector<double> own;
        for_each_own(values, [&](std::int64_t position) { own.push_back(values.data[position]); });
        return entropy(histogram_of(std::span<const double>{own}, MinMaxRange{}, kBins, 1), LogBase::kBits);
      };
      csv += fmt::format("{},{},{},{:.4f},{:.4f},{:.4e},{:.4e},{:.4e},{:.4e},{:.4f},{:.4f}\n", tensor.name,
                         small.cascade.rank(rank).name,
                         site.form == RotationForm::kOnline ? "online" : "absorbed", a.crest, b.crest,
                         a.quantisation.int8[kToken], b.quantisation.int8[kToken],
                         a.quantisation.int4[kToken], b.quantisation.int4[kToken], bits(before), bits(after));
    }
  }
  check_regenerated("corey/block-rotation.csv", csv);
}

/// Range: two comparisons a value. Histogram: subtract, multiply, count.
constexpr std::int64_t kOpsPerCountedValue = 5;

std::int64_t made_values(const Cascade& cascade) {
  Elements values;
  for (const Operator& op : cascade.operators) values += elements_of(cascade, op.output);
  return values.value();
}

/// log2 + base - 1 additions a value.
int stages_of(std::int64_t width) {
  const auto order = hadamard_order(width);
  REQUIRE(order.has_value());
  return order->log2 + static_cast<int>(order->base) - 1;
}

/// The site of what out_proj reads.
RotationSite online_site(const Cascade& cascade) {
  const TensorId gated = *find_tensor(cascade, "y_gated");
  const auto sites = rotation_sites(cascade);
  const auto found = std::find_if(sites.begin(), sites.end(), [&](const RotationSite& site) {
    return site.form == RotationForm::kOnline && site.values.front().tensor == gated;
  });
  REQUIRE(found != sites.end());
  return *found;
}

/// Mean cycles of corey where the run's entropies change places among the tensors.
double shuffled_cycles(const Planner& planner, const Accelerator& machine, EntropySource run) {
  constexpr std::uint64_t kSeeds = 5;
  double sum = 0.0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    run.shuffled = seed;
    sum += static_cast<double>(row_of(planner, machine, {"corey", "", {run}}).cycles);
  }
  return sum / static_cast<double>(kSeeds);
}

TEST_CASE("results/corey/decision-cost.csv is what the model says today") {
  const EntropySource run = run_entropies();
  std::string csv =
      "workload,L,sram_mib,dram_gb_s,block_ops,entropy_ops,entropy_bytes_read,transform_ops,greedy_cycles,"
      "greedy_with_transform_cycles,corey_cycles,corey_shuffled_mean_cycles,gain_of_entropy_percent\n";
  for (const Scenario& scenario : scenarios()) {
    const Workload workload = block_of(scenario.tokens);
    const Accelerator machine = machine_of(scenario);
    const Planner planner{workload.block, machine};
    const RotationSite site = online_site(workload.block);
    const Cascade rotated =
        with_transform_stages(workload.block, site, stages_of(site.values.front().extent.value()));
    const Row greedy = row_of(planner, machine, {"greedy", "", {}});
    const Row with_transform = row_of(Planner{rotated, machine}, machine, {"greedy", "", {}});
    const Row corey = row_of(planner, machine, {"corey", "synthetic-run", {run}});
    const double shuffled = shuffled_cycles(planner, machine, run);
    const std::int64_t values = made_values(workload.block);
    constexpr std::int64_t kBytesPerValue = 2 * 2;  // fp16, once for the range and once to be counted.
    csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{:.0f},{:.4f}\n", kModel, scenario.tokens,
                       scenario.sram_mib, scenario.dram_gb_s, total_ops(workload.block).value(),
                       kOpsPerCountedValue * values, kBytesPerValue * values,
                       (total_ops(rotated) - total_ops(workload.block)).value(), greedy.cycles,
                       with_transform.cycles, corey.cycles, shuffled,
                       100.0 * (shuffled / static_cast<double>(corey.cycles) - 1.0));
  }
  check_regenerated("corey/decision-cost.csv", csv);
}

}  // namespace
}  // namespace fusescape::corey_blocks_test
