#include "fusescape/corey/study.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "fusescape/corey/activations.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

struct MethodFacts {
  std::string_view name;
  CoreyEvaluator evaluator{};
};
constexpr std::array<MethodFacts, kCoreyMethods> kMethods{{{"unfused", CoreyEvaluator::kUnfused},
                                                           {"fixed-depth", CoreyEvaluator::kFixedDepth},
                                                           {"corey", CoreyEvaluator::kCorey},
                                                           {"greedy", CoreyEvaluator::kNeutral},
                                                           {"depth-4-capped", CoreyEvaluator::kNeutral},
                                                           {"optimal", CoreyEvaluator::kNeutral}}};

const MethodFacts& facts(CoreyMethod method) {
  return kMethods[static_cast<std::size_t>(method)];
}

/// Where one run's numbers come from.
struct RunPlace {
  std::string bucket;
  std::int64_t length = 0;
  std::int64_t repeat = 0;
  std::uint64_t stream = 0;
};

/// Adds `count` runs of one length, whose streams begin at `first`.
void add_places(RunPlace place, std::int64_t count, std::uint64_t first, std::vector<RunPlace>& places) {
  for (place.repeat = 0; place.repeat < count; ++place.repeat) {
    place.stream = first + static_cast<std::uint64_t>(place.repeat);
    places.push_back(place);
  }
}

std::vector<RunPlace> places_of(const CoreyChain& chain, std::int64_t count) {
  constexpr std::uint64_t kStreams = 1ULL << 32U;  // A length has so many runs at most.
  std::vector<RunPlace> places;
  std::uint64_t first = 0;
  for (const CoreyBucket& bucket : chain.buckets) {
    for (const std::int64_t length : bucket.lengths) {
      add_places({bucket.name, length, 0, 0}, count, first, places);
      first += kStreams;
    }
  }
  return places;
}

}  // namespace

std::string_view name_of(CoreyMethod method) {
  return facts(method).name;
}

CoreyEvaluator evaluator_of(CoreyMethod method) {
  return facts(method).evaluator;
}

namespace {
Partition partition_at(const CoreyCase& what, const ScaledChain& chain, const CoreyRun& run) {
  switch (what.method) {
    case CoreyMethod::kUnfused:
      return fixed_partition(chain, 1);
    case CoreyMethod::kFixedDepth:
      return fixed_partition(chain, chain.chain->static_depth);
    case CoreyMethod::kCorey:
      return corey_partition(chain, run, what.tau);
    case CoreyMethod::kGreedy:
      return capped_partition(chain, static_cast<std::int64_t>(chain.intensity.size()));
    case CoreyMethod::kCappedDepth4:
      return capped_partition(chain, 4);
    case CoreyMethod::kOptimal:
      break;
  }
  return optimal_partition(chain, run, what.precision);
}
}  // namespace

Partition partition_of(CoreyMethod method, const ScaledChain& chain, const CoreyRun& run,
                       const CoreyPrecision& precision) {
  return partition_at({method, evaluator_of(method), precision, chain.chain->score.tau}, chain, run);
}

CoreyFigures figures_of(const CoreyChain& chain, const CoreyRun& run, const CoreyCase& what) {
  const ScaledChain at = scaled(chain, run.length);
  return corey_figures(at, run, partition_at(what, at, run), what.evaluator, what.precision);
}

std::vector<CoreyMeans> bucket_means(const CoreyChain& chain, const std::vector<CoreyRun>& runs,
                                     const CoreyCase& what) {
  std::vector<CoreyMeans> all;
  for (const CoreyBucket& bucket : chain.buckets) {
    CoreyMeans means{bucket.name, 0, {}, 0};
    for (const CoreyRun& run : runs) {
      if (run.bucket != bucket.name) continue;
      const CoreyFigures one = figures_of(chain, run, what);
      ++means.runs;
      means.figures.latency_ms += one.latency_ms;
      means.figures.tokens_per_s += one.tokens_per_s;
      means.figures.bytes_per_token += one.bytes_per_token;
      means.figures.mean_depth += one.mean_depth;
      means.proxy += corey_proxy(chain, run, one.mean_depth, what.evaluator, what.precision);
    }
    if (means.runs == 0) continue;
    const auto count = static_cast<double>(means.runs);
    for (double* sum : {&means.figures.latency_ms, &means.figures.tokens_per_s,
                        &means.figures.bytes_per_token, &means.figures.mean_depth, &means.proxy}) {
      *sum /= count;
    }
    all.push_back(means);
  }
  return all;
}

std::vector<CoreyRun> own_runs(const CoreyChain& chain, std::int64_t count, std::uint64_t seed,
                               const ForEach& for_each) {
  FUSESCAPE_EXPECTS(count >= 1);
  const std::vector<RunPlace> places = places_of(chain, count);
  std::vector<CoreyRun> runs(places.size());
  for_each(places.size(), [&](std::size_t i) {
    RandomStream random{seed, places[i].stream};
    const Activations x = drawn_activations(chain.activations, places[i].length, random);
    runs[i] = measured_run(chain, x, places[i].length);
    runs[i].bucket = places[i].bucket;
    runs[i].repeat = places[i].repeat;
  });
  const std::span<CoreyRun> all{runs};
  const auto of_length = static_cast<std::size_t>(count);
  const auto together = static_cast<std::size_t>(chain.activations.repeats);
  for (std::size_t length = 0; length < runs.size(); length += of_length) {
    for (std::size_t first = 0; first < of_length; first += together) {
      average(chain.entropy, all.subspan(length + first, std::min(together, of_length - first)));
    }
  }
  return runs;
}

Sample sample_of(const std::vector<double>& values) {
  Sample sample{static_cast<std::int64_t>(values.size()), 0, 0};
  if (values.empty()) return sample;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) sample.mean += value / count;
  for (const double value : values) sample.deviation += (value - sample.mean) * (value - sample.mean);
  sample.deviation = values.size() < 2 ? 0 : std::sqrt(sample.deviation / (count - 1));
  return sample;
}

double z_score(const Sample& a, const Sample& b) {
  const double error =
      b.deviation * std::sqrt(1 / static_cast<double>(a.count) + 1 / static_cast<double>(b.count));
  const double difference = a.mean - b.mean;
  if (error == 0) return difference == 0 ? 0 : std::copysign(HUGE_VAL, difference);
  return difference / error;
}

}  // namespace fusescape
