#include "fusescape/corey/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Sum of `values` over a group.
double sum_over(CoreyGroup group, const std::vector<double>& values) {
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(group.first);
  return std::accumulate(first, first + group.depth, 0.0);
}

/// Sum of a member of the group's operators.
double sum_over(const ScaledChain& chain, CoreyGroup group, double CoreyOperator::*member) {
  double sum = 0;
  for (std::int64_t i = 0; i < group.depth; ++i) {
    sum += chain.chain->operators[group.first + static_cast<std::size_t>(i)].*member;
  }
  return sum;
}

/// Where `value` lies between the extremes of the single operators', in [0, 1].
double normalised(double value, const std::vector<double>& single) {
  const auto [low, high] = std::minmax_element(single.begin(), single.end());
  if (!(*low < *high)) return 0;
  return std::clamp((value - *low) / (*high - *low), 0.0, 1.0);
}

/// From the left, a group grows while `grows` says so of what it would become.
template <class Grows>
Partition greedy(const ScaledChain& chain, const Grows& grows) {
  const auto count = static_cast<std::int64_t>(chain.intensity.size());
  Partition partition;
  for (std::int64_t first = 0; first < count; first += partition.back()) {
    CoreyGroup group{static_cast<std::size_t>(first), 1};
    while (first + group.depth < count && grows(CoreyGroup{group.first, group.depth + 1})) ++group.depth;
    partition.push_back(group.depth);
  }
  return partition;
}

}  // namespace

std::string text_of(const Partition& partition) {
  return fmt::format("{}", fmt::join(partition, "-"));
}

ScaledChain scaled(const CoreyChain& chain, std::int64_t length) {
  FUSESCAPE_EXPECTS(length >= 1 && !chain.operators.empty());
  ScaledChain out{&chain, std::log2(static_cast<double>(length)), length, {}, {}, 0, 0};
  const double growth = 1 + out.log2_length / chain.score.length_divisor;
  for (const CoreyOperator& op : chain.operators) {
    out.intensity.push_back(op.intensity * growth);
    out.memory.push_back(op.memory * growth);
  }
  const double penalty = std::trunc(chain.budget.penalty * out.log2_length);
  out.registers = chain.budget.registers - penalty;
  out.shared = chain.budget.shared - penalty;
  return out;
}

std::vector<CoreyGroup> groups_of(const Partition& partition) {
  std::vector<CoreyGroup> groups;
  std::size_t first = 0;
  for (const std::int64_t depth : partition) {
    groups.push_back({first, depth});
    first += static_cast<std::size_t>(depth);
  }
  return groups;
}

bool fits(const ScaledChain& chain, CoreyGroup group) {
  for (std::int64_t i = 0; i < group.depth; ++i) {
    const CoreyOperator& op = chain.chain->operators[group.first + static_cast<std::size_t>(i)];
    if (op.occupancy < chain.chain->budget.occupancy) return false;
  }
  return sum_over(chain, group, &CoreyOperator::registers) <= chain.registers &&
         sum_over(chain, group, &CoreyOperator::shared) <= chain.shared;
}

bool fits(const ScaledChain& chain, const Partition& partition) {
  const std::vector<CoreyGroup> groups = groups_of(partition);
  return std::all_of(groups.begin(), groups.end(), [&](CoreyGroup group) { return fits(chain, group); });
}

double score(const ScaledChain& chain, const CoreyRun& run, CoreyGroup group) {
  const CoreyScore& rule = chain.chain->score;
  const auto depth = static_cast<double>(group.depth);
  const double entropy = sum_over(group, run.block_entropy) / depth;
  const double intensity = sum_over(group, chain.intensity) / std::pow(depth, rule.intensity_exponent);
  const double memory = sum_over(group, chain.memory) / std::pow(depth, rule.memory_exponent);
  return rule.entropy * normalised(entropy, run.block_entropy) +
         rule.intensity * normalised(intensity, chain.intensity) -
         rule.memory * normalised(memory, chain.memory) +
         std::min(rule.depth_bonus * (depth - 1), rule.most_bonus);
}

Partition corey_partition(const ScaledChain& chain, const CoreyRun& run, double tau) {
  FUSESCAPE_EXPECTS(run.block_entropy.size() == chain.intensity.size());
  return greedy(chain,
                [&](CoreyGroup group) { return score(chain, run, group) > tau && fits(chain, group); });
}

Partition capped_partition(const ScaledChain& chain, std::int64_t depth) {
  return greedy(chain, [&](CoreyGroup group) { return group.depth <= depth && fits(chain, group); });
}

Partition fixed_partition(const ScaledChain& chain, std::int64_t depth) {
  return greedy(chain, [&](CoreyGroup group) { return group.depth <= depth; });
}

std::vector<Partition> feasible_partitions(const ScaledChain& chain) {
  const std::size_t cuts = chain.intensity.size() - 1;
  FUSESCAPE_EXPECTS(cuts < 20);
  std::vector<Partition> found;
  for (std::uint32_t mask = 0; mask < (1U << cuts); ++mask) {
    Partition partition{1};
    for (std::size_t cut = 0; cut < cuts; ++cut) {
      if ((mask >> cut & 1U) != 0) partition.push_back(0);
      ++partition.back();
    }
    if (fits(chain, partition)) found.push_back(std::move(partition));
  }
  return found;
}

std::int64_t corey_tile(const CoreyTiles& rule, double normalised_entropy) {
  const double steps = std::nearbyint((rule.base + rule.span * normalised_entropy) / rule.step);
  return static_cast<std::int64_t>(std::clamp(rule.step * steps, rule.least, rule.most));
}

std::int64_t corey_chunk(const CoreyChunks& rule, double entropy, double reference) {
  const double share = std::min(entropy / reference, 1.0);
  const double power = std::exp2(std::nearbyint(std::log2(rule.base + rule.span * share)));
  return static_cast<std::int64_t>(std::clamp(power, rule.least, rule.most));
}

}  // namespace fusescape
