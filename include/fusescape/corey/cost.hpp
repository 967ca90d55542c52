// What does the prototype say that a partition costs? Its proxy, which knows the policy, and the same without
// that.
#pragma once

#include <optional>

#include "fusescape/corey/scheduler.hpp"

namespace fusescape {

/// Whose terms the proxy adds: a bonus for COREY, a penalty for a fixed depth, more overhead for unfused
/// execution. `kNeutral` has none of them, and one overhead for all.
enum class CoreyEvaluator : unsigned char { kUnfused, kFixedDepth, kCorey, kNeutral };

struct CoreyFigures {
  double latency_ms = 0;
  double tokens_per_s = 0;
  double bytes_per_token = 0;
  double mean_depth = 0;  ///< Operators / groups.
};

[[nodiscard]] CoreyFigures corey_figures(const ScaledChain& chain, const CoreyRun& run,
                                         const Partition& partition, CoreyEvaluator evaluator,
                                         const CoreyPrecision& precision);

/// The hand-made stability proxy of low-bit execution; larger is worse. kNeutral has neither bonus nor share.
[[nodiscard]] double corey_proxy(const CoreyChain& chain, const CoreyRun& run, double mean_depth,
                                 CoreyEvaluator evaluator, const CoreyPrecision& precision);

/// The partition that fits and has the least neutral latency.
[[nodiscard]] Partition optimal_partition(const ScaledChain& chain, const CoreyRun& run,
                                          const CoreyPrecision& precision);

}  // namespace fusescape
