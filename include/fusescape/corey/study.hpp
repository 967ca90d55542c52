// How do COREY, the baselines and the exact optimum compare over many runs? Means by bucket, as the paper
// reports them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/corey/cost.hpp"

namespace fusescape {

/// The partitions that are compared. The last three know no entropy, or all of the cost.
enum class CoreyMethod : unsigned char { kUnfused, kFixedDepth, kCorey, kGreedy, kCappedDepth4, kOptimal };
inline constexpr std::size_t kCoreyMethods = 6;
[[nodiscard]] std::string_view name_of(CoreyMethod method);

/// What a method makes of a run. kOptimal minimises the neutral latency at `precision`.
[[nodiscard]] Partition partition_of(CoreyMethod method, const ScaledChain& chain, const CoreyRun& run,
                                     const CoreyPrecision& precision);

/// Whose terms the prototype adds for a method; those that it does not have are neutral.
[[nodiscard]] CoreyEvaluator evaluator_of(CoreyMethod method);

struct CoreyMeans {
  std::string bucket;
  std::int64_t runs = 0;
  CoreyFigures figures;  ///< Means of the runs' values.
  double proxy = 0;
};

/// How the figures of a study are made.
struct CoreyCase {
  CoreyMethod method{};
  CoreyEvaluator evaluator{};
  CoreyPrecision precision;
  double tau = 0;
};

/// By bucket of the chain; a bucket without runs is left out.
[[nodiscard]] std::vector<CoreyMeans> bucket_means(const CoreyChain& chain, const std::vector<CoreyRun>& runs,
                                                   const CoreyCase& what);

/// The figures of one run.
[[nodiscard]] CoreyFigures figures_of(const CoreyChain& chain, const CoreyRun& run, const CoreyCase& what);

/// Calls work(0) ... work(count - 1), each once, in any order and on any thread.
using ForEach = std::function<void(std::size_t count, const std::function<void(std::size_t)>& work)>;

/// Runs of every length of the chain on own activations: `count` of each, by bucket, length and repeat. One
/// stream of random numbers for each run, so run r of a length is the same whatever `count` and the threads
/// are. Moving averages start anew after as many repeats as the prototype made.
[[nodiscard]] std::vector<CoreyRun> own_runs(const CoreyChain& chain, std::int64_t count, std::uint64_t seed,
                                             const ForEach& for_each);

/// Mean and standard deviation (over n - 1) of a figure.
struct Sample {
  std::int64_t count = 0;
  double mean = 0;
  double deviation = 0;
};
[[nodiscard]] Sample sample_of(const std::vector<double>& values);

/// (a.mean - b.mean) / (sd of b sqrt(1 / n_a + 1 / n_b)): 0 where both are constant and equal.
[[nodiscard]] double z_score(const Sample& a, const Sample& b);

}  // namespace fusescape
