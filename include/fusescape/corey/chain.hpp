// What does COREY's prototype know? Its chain of operators and its constants, as a file of `kind: corey`
// gives them.
//
// COREY is Ma, Wu and Yan, arXiv 2604.10597; everything in this module is what its version-1 prototype does,
// and none of it is a model of hardware (docs/corey.md). What entropy and rotations are is in numerics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fusescape {

/// One operator of the chain, with the prototype's constants, which have no unit.
struct CoreyOperator {
  std::string name;
  double intensity = 0;  ///< Called arithmetic intensity.
  double memory = 0;     ///< Called memory.
  double registers = 0;
  double shared = 0;
  double occupancy = 0;
};

/// Estimator: a histogram of `bins` between the extremes, widened by `margin` of their span on each side, at
/// least by `least_margin`; H = -sum p ln(p + epsilon), over ln(bins).
struct CoreyEntropy {
  std::int64_t bins = 0;
  double margin = 0;
  double least_margin = 0;
  double epsilon = 0;
  double before_share =
      0;           ///< Share of the block before the rotation in an operator's entropy; the rest is after.
  double ema = 0;  ///< Weight of the old value in the moving average.
  bool shared_average =
      false;  ///< One average for the values before and after the rotation: the prototype's fault.
};

/// What a group may hold, of sequence length L: registers - pen and shared - pen with pen = int(penalty log2
/// L).
struct CoreyBudget {
  double registers = 0;
  double shared = 0;
  double occupancy = 0;
  double penalty = 0;
};

/// S = entropy N(mean H) + intensity N(sum AI / d^p) - memory N(sum M / d^q) + min(depth_bonus (d - 1),
/// most_bonus).
struct CoreyScore {
  double entropy = 0;
  double intensity = 0;
  double intensity_exponent = 0;
  double memory = 0;
  double memory_exponent = 0;
  double depth_bonus = 0;
  double most_bonus = 0;
  double tau = 0;             ///< A group grows while S > tau.
  double length_divisor = 0;  ///< AI and M grow by 1 + log2(L) / this.
};

/// Tile = step round((base + span Hn) / step) in [least, most].
struct CoreyTiles {
  double base = 0;
  double span = 0;
  double step = 0;
  double least = 0;
  double most = 0;
};

/// Chunk = 2^round(log2(base + span r)) in [least, most], r = min(H / H_ref, 1).
struct CoreyChunks {
  double base = 0;
  double span = 0;
  double least = 0;
  double most = 0;
};

/// reuse = 1 - per_depth (d - 1) - per_entropy h [fixed depth: + poor max(0, poor_below - h)] [COREY: -
/// per_gain max(g, 0)] in [least, most]; latency = sum(per_memory M log2(L) reuse + per_intensity AI log2(L)
/// / speed + overhead).
struct CoreyCost {
  double per_depth = 0;
  double per_entropy = 0;
  double poor = 0;
  double poor_below = 0;
  double per_gain = 0;
  double least = 0;
  double most = 0;
  double per_memory = 0;        ///< ms
  double per_intensity = 0;     ///< ms
  double overhead_unfused = 0;  ///< ms for each operator.
  double overhead = 0;          ///< ms for each group.
  double deep = 0;              ///< ms for each operator of a group beyond `deep_above`.
  double deep_above = 0;
  double bonus = 0;  ///< ms less for each fused operator, COREY only, at most `most_bonuses` of them.
  double most_bonuses = 0;
  double bytes = 0;  ///< Bytes a token = bytes sum(M log2(L) reuse) / L.
};

/// q (floor + per_outlier out) + over - bonus; over = max(0, mean depth - free_depth) max(0, stable_above -
/// EMA).
struct CoreyProxy {
  double floor = 0;
  double per_outlier = 0;
  double free_depth = 0;
  double stable_above = 0;
  double corey_share = 0;  ///< Of `over`, for COREY; 0 unfused, 1 for a fixed depth.
  double per_gain = 0;     ///< Bonus, COREY only.
  double per_outlier_gain = 0;
};

/// Speed of arithmetic and quantisation level of the proxy, by precision.
struct CoreyPrecision {
  std::string name;
  double speed = 1;
  double level = 0;
};

/// X = N(0, 1) + tail (1 + log2(L) / tail_divisor) Student-t(3): rows of `channels`, padded for the rotation.
struct CoreyActivations {
  std::int64_t channels = 0;
  std::int64_t padded = 0;
  double tail = 0;
  double tail_divisor = 0;
  std::int64_t row_divisor = 0;  ///< rows = L / this, in [least_rows, most_rows].
  std::int64_t least_rows = 0;
  std::int64_t most_rows = 0;
  std::int64_t repeats = 1;  ///< Runs of one length, over which the moving averages go.
  double outlier_at = 0;     ///< In standard deviations.
};

struct CoreyBucket {
  std::string name;
  std::vector<std::int64_t> lengths;
};

struct CoreyChain {
  std::string name;
  std::string source;
  std::vector<CoreyOperator> operators;
  CoreyEntropy entropy;
  CoreyBudget budget;
  CoreyScore score;
  CoreyTiles tiles;
  CoreyChunks chunks;
  CoreyCost cost;
  CoreyProxy proxy;
  std::vector<CoreyPrecision> precisions;
  CoreyActivations activations;
  std::vector<CoreyBucket> buckets;
  std::int64_t static_depth = 0;  ///< Of the fixed-depth baseline.
};

/// What the prototype measures in one run, and all that scheduler and cost know of the activations.
struct CoreyRun {
  std::string bucket;
  std::int64_t length = 0;    ///< Tokens.
  std::int64_t repeat = 0;    ///< From 0.
  double entropy_before = 0;  ///< Normalised, of all activations.
  double entropy_after = 0;   ///< The same after the rotation, on its own range.
  double average_after = 0;   ///< The moving average that the low-bit proxy reads.
  double outliers_before = 0;
  double outliers_after = 0;
  std::vector<double> block_entropy;  ///< H_i, by operator.

  [[nodiscard]] double gain() const { return entropy_after - entropy_before; }
};

}  // namespace fusescape
