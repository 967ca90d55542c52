// What may a file of COREY's chain and constants hold? The table of `kind: corey`.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/types.hpp"
#include "fusescape/corey/chain.hpp"

namespace fusescape {

/// A decimal, not negative, as the nearest double.
inline constexpr TypeOf<double> kDecimal{
    {.form = TypeSpec::Form::kNumber, .name = "number", .example = "0.52"},
    [](const Slot& slot, InputErrors& errors, double& out) {
      const std::size_t before = errors.count();
      Ratio value;
      read_ratio(slot, errors, value);
      if (errors.count() == before) out = value.nearest_double();
    }};
/// The same, more than zero: a divisor.
inline constexpr TypeOf<double> kPositive{kDecimal.spec,
                                          [](const Slot& slot, InputErrors& errors, double& out) {
                                            double value = 1;
                                            kDecimal.read(slot, errors, value);
                                            if (value > 0) {
                                              out = value;
                                            } else {
                                              errors.at(slot.node, slot.path + ": expected more than 0");
                                            }
                                          }};
inline constexpr const TypeOf<std::int64_t>& kCoreyCount = kIntegerIn<1, 1'000'000>;
inline constexpr const TypeOf<std::int64_t>& kCoreyLength = kIntegerIn<2, 1'000'000'000>;

inline constexpr std::array kCoreyOperatorFields{
    required<&CoreyOperator::name, kName>("name", "The operator."),
    required<&CoreyOperator::intensity, kDecimal>("intensity", "AI, without unit."),
    required<&CoreyOperator::memory, kDecimal>("memory", "M, without unit."),
    required<&CoreyOperator::registers, kDecimal>("registers", "What it takes of a group's budget."),
    required<&CoreyOperator::shared, kDecimal>("shared", "What it takes of a group's budget."),
    required<&CoreyOperator::occupancy, kDecimal>("occupancy", "A group has the least of its operators'."),
};
inline constexpr SectionSpec kCoreyOperatorSection{"operator", "One operator of the chain.",
                                                   kCoreyOperatorFields};

inline constexpr std::array kCoreyEntropyFields{
    required<&CoreyEntropy::bins, kIntegerIn<2, 1'000'000>>("bins", "K, bins of the histogram."),
    required<&CoreyEntropy::margin, kDecimal>(
        "margin", "Share of the span by which each side of the range is widened."),
    required<&CoreyEntropy::least_margin, kDecimal>("least_margin",
                                                    "The least that each side is widened by."),
    required<&CoreyEntropy::epsilon, kDecimal>("epsilon", "Added to p inside the logarithm."),
    required<&CoreyEntropy::before_share, kDecimal>(
        "before_share", "Weight of a block before the rotation in H_i; the rest is after."),
    required<&CoreyEntropy::ema, kDecimal>("ema", "Weight of the old value in the moving average."),
    required<&CoreyEntropy::shared_average, kBoolean>(
        "shared_average", "One average for before and after, the prototype's fault; false: one for each."),
};
inline constexpr SectionSpec kCoreyEntropySection{"entropy", "The estimator.", kCoreyEntropyFields};

inline constexpr std::array kCoreyBudgetFields{
    required<&CoreyBudget::registers, kDecimal>("registers", "The most of a group, before the penalty."),
    required<&CoreyBudget::shared, kDecimal>("shared", "The most of a group, before the penalty."),
    required<&CoreyBudget::occupancy, kDecimal>("occupancy", "The least of a group."),
    required<&CoreyBudget::penalty, kDecimal>("penalty", "Both lose int(penalty x log2 L)."),
};
inline constexpr SectionSpec kCoreyBudgetSection{"budget", "What a group may hold.", kCoreyBudgetFields};

inline constexpr std::array kCoreyScoreFields{
    required<&CoreyScore::entropy, kDecimal>("entropy", "Weight of N(mean H)."),
    required<&CoreyScore::intensity, kDecimal>("intensity", "Weight of N(sum AI / d^p)."),
    required<&CoreyScore::intensity_exponent, kDecimal>("intensity_exponent", "p."),
    required<&CoreyScore::memory, kDecimal>("memory", "Weight of N(sum M / d^q), subtracted."),
    required<&CoreyScore::memory_exponent, kDecimal>("memory_exponent", "q."),
    required<&CoreyScore::depth_bonus, kDecimal>("depth_bonus", "For each operator beyond the first."),
    required<&CoreyScore::most_bonus, kDecimal>("most_bonus", "The most of these."),
    required<&CoreyScore::tau, kDecimal>("tau", "A group grows while its score is above."),
    required<&CoreyScore::length_divisor, kPositive>("length_divisor",
                                                     "AI and M grow by 1 + log2(L) / this."),
};
inline constexpr SectionSpec kCoreyScoreSection{"score", "What a group scores.", kCoreyScoreFields};

inline constexpr std::array kCoreyTileFields{
    required<&CoreyTiles::base, kDecimal>("base", "Tile at entropy 0, before rounding."),
    required<&CoreyTiles::span, kDecimal>("span", "What entropy 1 adds."),
    required<&CoreyTiles::step, kPositive>("step", "Tiles are multiples of it."),
    required<&CoreyTiles::least, kDecimal>("least", "The smallest tile."),
    required<&CoreyTiles::most, kDecimal>("most", "The largest tile."),
};
inline constexpr SectionSpec kCoreyTileSection{"tiles", "Tile size from entropy.", kCoreyTileFields};

inline constexpr std::array kCoreyChunkFields{
    required<&CoreyChunks::base, kPositive>("base", "Chunk at entropy 0, before rounding to a power of two."),
    required<&CoreyChunks::span, kDecimal>("span", "What the reference entropy adds."),
    required<&CoreyChunks::least, kDecimal>("least", "The smallest chunk."),
    required<&CoreyChunks::most, kDecimal>("most", "The largest chunk."),
};
inline constexpr SectionSpec kCoreyChunkSection{"chunks", "Chunk of the scan from entropy, versions 2 and 3.",
                                                kCoreyChunkFields};

inline constexpr std::array kCoreyCostFields{
    required<&CoreyCost::per_depth, kDecimal>("per_depth", "Reuse: less for each operator beyond the first."),
    required<&CoreyCost::per_entropy, kDecimal>("per_entropy", "Reuse: less for mean H of 1."),
    required<&CoreyCost::poor, kDecimal>("poor",
                                         "Fixed depth only: more for mean H of 1 below `poor_below`."),
    required<&CoreyCost::poor_below, kDecimal>("poor_below", "See `poor`."),
    required<&CoreyCost::per_gain, kDecimal>("per_gain", "COREY only: less for an entropy gain of 1."),
    required<&CoreyCost::least, kDecimal>("least", "The least reuse factor."),
    required<&CoreyCost::most, kDecimal>("most", "The largest reuse factor."),
    required<&CoreyCost::per_memory, kDecimal>("per_memory", "ms for M log2(L) of 1."),
    required<&CoreyCost::per_intensity, kDecimal>("per_intensity", "ms for AI log2(L) of 1."),
    required<&CoreyCost::overhead_unfused, kDecimal>("overhead_unfused", "ms for each operator, unfused."),
    required<&CoreyCost::overhead, kDecimal>("overhead", "ms for each group."),
    required<&CoreyCost::deep, kDecimal>("deep", "ms for each operator of a group beyond `deep_above`."),
    required<&CoreyCost::deep_above, kDecimal>("deep_above", "See `deep`."),
    required<&CoreyCost::bonus, kDecimal>("bonus", "COREY only: ms less for each fused operator."),
    required<&CoreyCost::most_bonuses, kDecimal>("most_bonuses",
                                                 "The most operators that have it, in a group."),
    required<&CoreyCost::bytes, kDecimal>("bytes", "Bytes for M log2(L) of 1, per sequence."),
};
inline constexpr SectionSpec kCoreyCostSection{"cost", "The proxy of latency and traffic.", kCoreyCostFields};

inline constexpr std::array kCoreyProxyFields{
    required<&CoreyProxy::floor, kDecimal>("floor", "Noise at no outliers, times the level."),
    required<&CoreyProxy::per_outlier, kDecimal>("per_outlier",
                                                 "Noise for an outlier share of 1, times the level."),
    required<&CoreyProxy::free_depth, kDecimal>("free_depth",
                                                "Mean depth from which fusing too much counts."),
    required<&CoreyProxy::stable_above, kDecimal>("stable_above", "Average entropy below which it counts."),
    required<&CoreyProxy::corey_share, kDecimal>("corey_share", "How much of it counts for COREY."),
    required<&CoreyProxy::per_gain, kDecimal>("per_gain", "COREY's bonus for an entropy gain of 1."),
    required<&CoreyProxy::per_outlier_gain, kDecimal>("per_outlier_gain",
                                                      "COREY's bonus for outliers less by 1."),
};
inline constexpr SectionSpec kCoreyProxySection{"proxy", "The proxy of low-bit stability.",
                                                kCoreyProxyFields};

inline constexpr std::array kCoreyPrecisionFields{
    required<&CoreyPrecision::name, kName>("name", "The precision."),
    required<&CoreyPrecision::speed, kPositive>("speed", "Divides the AI term of the latency."),
    required<&CoreyPrecision::level, kDecimal>("level", "q of the low-bit proxy."),
};
inline constexpr SectionSpec kCoreyPrecisionSection{"precision", "One precision.", kCoreyPrecisionFields};

inline constexpr std::array kCoreyActivationFields{
    required<&CoreyActivations::channels, kCoreyCount>("channels", "Columns of X."),
    required<&CoreyActivations::padded, kCoreyCount>("padded",
                                                     "Width of the rotation: an order of a Hadamard matrix."),
    required<&CoreyActivations::tail, kDecimal>("tail", "Weight of Student's t with 3 degrees of freedom."),
    required<&CoreyActivations::tail_divisor, kPositive>("tail_divisor",
                                                         "That weight grows by 1 + log2(L) / this."),
    required<&CoreyActivations::row_divisor, kCoreyCount>("row_divisor", "Rows are L / this."),
    required<&CoreyActivations::least_rows, kCoreyCount>("least_rows", "The fewest rows."),
    required<&CoreyActivations::most_rows, kCoreyCount>("most_rows", "The most rows."),
    required<&CoreyActivations::repeats, kCoreyCount>("repeats", "Runs of one length."),
    required<&CoreyActivations::outlier_at, kPositive>("outlier_at",
                                                       "Standard deviations beyond which |x| is one."),
};
inline constexpr SectionSpec kCoreyActivationSection{"activations", "The law of the synthetic activations.",
                                                     kCoreyActivationFields};

inline constexpr std::array kCoreyBucketFields{
    required<&CoreyBucket::name, kName>("name", "The bucket."),
    required<&CoreyBucket::lengths, kListOf<kCoreyLength>>("lengths", "Its sequence lengths."),
};
inline constexpr SectionSpec kCoreyBucketSection{"bucket", "Lengths that are reported together.",
                                                 kCoreyBucketFields};

inline constexpr std::array kCoreyFields{
    kKindField,
    kVersionField,
    required<&CoreyChain::name, kName>("name", "Name in reports."),
    required<&CoreyChain::source, kText>("source", "Citation."),
    required<&CoreyChain::operators, kListOf<kSectionOf<CoreyOperator, kCoreyOperatorSection>>>(
        "operators", "The chain in order: 1 to 16."),
    required<&CoreyChain::entropy, kSectionOf<CoreyEntropy, kCoreyEntropySection>>("entropy",
                                                                                   "The estimator."),
    required<&CoreyChain::budget, kSectionOf<CoreyBudget, kCoreyBudgetSection>>("budget",
                                                                                "What a group may hold."),
    required<&CoreyChain::score, kSectionOf<CoreyScore, kCoreyScoreSection>>("score", "What a group scores."),
    required<&CoreyChain::tiles, kSectionOf<CoreyTiles, kCoreyTileSection>>("tiles", "The rule of tiles."),
    required<&CoreyChain::chunks, kSectionOf<CoreyChunks, kCoreyChunkSection>>("chunks",
                                                                               "The rule of chunks."),
    required<&CoreyChain::cost, kSectionOf<CoreyCost, kCoreyCostSection>>(
        "cost", "The proxy of latency and traffic."),
    required<&CoreyChain::proxy, kSectionOf<CoreyProxy, kCoreyProxySection>>("proxy",
                                                                             "The proxy of stability."),
    required<&CoreyChain::precisions, kListOf<kSectionOf<CoreyPrecision, kCoreyPrecisionSection>>>(
        "precisions", "At least one; the first is that of the tables."),
    required<&CoreyChain::activations, kSectionOf<CoreyActivations, kCoreyActivationSection>>(
        "activations", "The synthetic activations."),
    required<&CoreyChain::buckets, kListOf<kSectionOf<CoreyBucket, kCoreyBucketSection>>>("buckets",
                                                                                          "At least one."),
    required<&CoreyChain::static_depth, kIntegerIn<1, 16>>("static_depth",
                                                           "Depth of the fixed-depth baseline."),
};
inline constexpr SectionSpec kCoreyTable{"corey", "COREY's chain, weights and rules (docs/corey.md).",
                                         kCoreyFields};

}  // namespace fusescape
