#include "fusescape/corey/cost.hpp"

#include <algorithm>
#include <cmath>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

struct GroupSums {
  double depth = 0;
  double intensity = 0;
  double memory = 0;
  double entropy = 0;  ///< Mean H of the group.
};

GroupSums sums_of(const ScaledChain& chain, const CoreyRun& run, CoreyGroup group) {
  GroupSums sums{static_cast<double>(group.depth), 0, 0, 0};
  for (std::int64_t i = 0; i < group.depth; ++i) {
    const std::size_t op = group.first + static_cast<std::size_t>(i);
    sums.intensity += chain.intensity[op];
    sums.memory += chain.memory[op];
    sums.entropy += run.block_entropy[op];
  }
  sums.entropy /= sums.depth;
  return sums;
}

double reuse(const CoreyCost& rule, const GroupSums& group, double gain, CoreyEvaluator evaluator) {
  double value = 1 - rule.per_depth * (group.depth - 1) - rule.per_entropy * group.entropy;
  if (evaluator == CoreyEvaluator::kFixedDepth)
    value += rule.poor * std::max(0.0, rule.poor_below - group.entropy);
  if (evaluator == CoreyEvaluator::kCorey) value -= rule.per_gain * std::max(gain, 0.0);
  return std::clamp(value, rule.least, rule.most);
}

double overhead(const CoreyCost& rule, double depth, CoreyEvaluator evaluator) {
  if (evaluator == CoreyEvaluator::kUnfused) return rule.overhead_unfused;
  const double deep = rule.overhead + rule.deep * std::max(depth - rule.deep_above, 0.0);
  return evaluator == CoreyEvaluator::kCorey ? deep - rule.bonus * std::min(depth - 1, rule.most_bonuses)
                                             : deep;
}

}  // namespace

CoreyFigures corey_figures(const ScaledChain& chain, const CoreyRun& run, const Partition& partition,
                           CoreyEvaluator evaluator, const CoreyPrecision& precision) {
  const CoreyCost& rule = chain.chain->cost;
  double latency = 0;
  double moved = 0;
  for (const CoreyGroup group : groups_of(partition)) {
    const GroupSums sums = sums_of(chain, run, group);
    const double memory = sums.memory * chain.log2_length * reuse(rule, sums, run.gain(), evaluator);
    moved += memory;
    latency += rule.per_memory * memory +
               rule.per_intensity * sums.intensity * chain.log2_length / precision.speed +
               overhead(rule, sums.depth, evaluator);
  }
  const auto length = static_cast<double>(chain.length);
  return {latency, 1000 * length / latency, rule.bytes * moved / length,
          static_cast<double>(chain.intensity.size()) / static_cast<double>(partition.size())};
}

double corey_proxy(const CoreyChain& chain, const CoreyRun& run, double mean_depth, CoreyEvaluator evaluator,
                   const CoreyPrecision& precision) {
  const CoreyProxy& rule = chain.proxy;
  const bool corey = evaluator == CoreyEvaluator::kCorey;
  const double share = evaluator == CoreyEvaluator::kUnfused ? 0 : corey ? rule.corey_share : 1;
  const double over =
      std::max(0.0, mean_depth - rule.free_depth) * std::max(0.0, rule.stable_above - run.average_after);
  const double bonus = rule.per_gain * std::max(run.gain(), 0.0) +
                       rule.per_outlier_gain * std::max(run.outliers_before - run.outliers_after, 0.0);
  const double noise = precision.level * (rule.floor + rule.per_outlier * run.outliers_before);
  return std::max(0.0, noise + share * over - (corey ? bonus : 0));
}

Partition optimal_partition(const ScaledChain& chain, const CoreyRun& run, const CoreyPrecision& precision) {
  const std::vector<Partition> feasible = feasible_partitions(chain);
  FUSESCAPE_EXPECTS(!feasible.empty());
  const auto latency = [&](const Partition& partition) {
    return corey_figures(chain, run, partition, CoreyEvaluator::kNeutral, precision).latency_ms;
  };
  return *std::min_element(feasible.begin(), feasible.end(),
                           [&](const Partition& a, const Partition& b) { return latency(a) < latency(b); });
}

}  // namespace fusescape
