// What does a rotation do to COREY's synthetic activations? Beside what the authors' prototype did to theirs.
#include <algorithm>
#include <array>
#include <cmath>

#include "fusescape/app/corey_study.hpp"
#include "fusescape/corey/activations.hpp"
#include "fusescape/numerics/hadamard.hpp"
#include "fusescape/search/parallel_for.hpp"

namespace fusescape {
namespace {

/// A recorded mean as far as its digits are known.
struct Printed {
  double value = 0;
  double unit = 0;  ///< Of the last digit.
};

/// Means over the 35 recorded runs. The authors' code was run, so their provenance is *reproduced*.
struct RecordedMean {
  std::string_view figure;
  double (*of)(const TensorStatistics& statistics);
  std::optional<Printed> before;
  std::optional<Printed> after;        ///< Padded to 256 columns.
  std::optional<Printed> after_exact;  ///< Order 192.
  bool has_error =
      true;  ///< False of the kurtosis: Student's t with 3 degrees of freedom has no fourth moment.
};
constexpr auto kToken = static_cast<std::size_t>(ScaleOf::kRow);
constexpr std::array kFigures{
    RecordedMean{"crest", [](const TensorStatistics& s) { return s.crest; }, Printed{4.285, 1e-3},
                 Printed{3.008, 1e-3}, Printed{2.93, 1e-2}},
    RecordedMean{"max_over_mean", [](const TensorStatistics& s) { return s.max_over_mean; },
                 Printed{5.82, 1e-2}, Printed{3.76, 1e-2}, Printed{3.66, 1e-2}},
    RecordedMean{"excess_kurtosis",
                 [](const TensorStatistics& s) { return s.excess_kurtosis; },
                 Printed{71, 1},
                 Printed{0.36, 1e-2},
                 {},
                 false},
    RecordedMean{"outlier6_rate",
                 [](const TensorStatistics& s) { return s.outlier_rate; },
                 Printed{7.36e-4, 1e-6},
                 Printed{6.7e-5, 1e-6},
                 {}},
    RecordedMean{"int8_error_token", [](const TensorStatistics& s) { return s.quantisation.int8[kToken]; },
                 Printed{1.38e-4, 1e-6}, Printed{4.6e-5, 1e-6}, Printed{4.39e-5, 1e-7}},
    RecordedMean{"int4_error_token", [](const TensorStatistics& s) { return s.quantisation.int4[kToken]; },
                 Printed{4.0e-2, 1e-3}, Printed{1.5e-2, 1e-3}, Printed{1.45e-2, 1e-4}},
};

enum Stage : std::size_t { kBefore, kAfterPadded, kAfterExact, kStages };

TensorStatistics statistics(const Activations& x, double outlier_at) {
  return statistics_of(std::span<const double>{x.values}, x.channels, outlier_at);
}

std::array<TensorStatistics, kStages> stages_of(const CoreyActivations& law, const Activations& x) {
  const double at = law.outlier_at;
  std::array<TensorStatistics, kStages> out{
      statistics(x, at), statistics(rotated(padded(x, law.padded)), at), {}};
  if (hadamard_order(x.channels)) out[kAfterExact] = statistics(rotated(x), at);
  return out;
}

/// Statistics of own runs: of each length in turn, `repeats` of them.
struct OwnRuns {
  std::vector<std::int64_t> lengths;
  std::size_t repeats = 0;
  bool recorded = false;  ///< The chain is the prototype's, whose recorded means apply.
  std::vector<std::array<TensorStatistics, kStages>> found;
};

/// One figure at one stage: mean over the lengths, and the deviation within a length.
Sample own_sample(const OwnRuns& runs, const RecordedMean& figure, std::size_t stage) {
  Sample own{};
  double variance = 0;
  const auto lengths = static_cast<double>(runs.lengths.size());
  for (std::size_t length = 0; length < runs.lengths.size(); ++length) {
    std::vector<double> values;
    for (std::size_t r = 0; r < runs.repeats; ++r) {
      values.push_back(figure.of(runs.found[length * runs.repeats + r][stage]));
    }
    const Sample one = sample_of(values);
    own.mean += one.mean / lengths;
    variance += one.deviation * one.deviation / lengths;
    own.count += one.count;
  }
  own.deviation = std::sqrt(variance);
  return own;
}

/// How many standard errors a recorded mean is from ours. A printed mean may be anything that rounds to it.
double z_of(const Printed& printed, const Sample& own) {
  constexpr double kRecordedRuns = 35;
  const double error = own.deviation * std::sqrt(1 / kRecordedRuns + 1 / static_cast<double>(own.count));
  const double difference = printed.value - own.mean;
  const double beyond = std::fabs(difference) - printed.unit / 2;
  return beyond > 0 ? std::copysign(beyond, difference) / error : 0;
}

ConcentrationRow row_of(const OwnRuns& runs, const RecordedMean& figure, std::size_t stage,
                        std::int64_t order) {
  ConcentrationRow row{std::string{figure.figure}, stage == kBefore ? "before" : "after", order, {}, {}, {}};
  row.own = own_sample(runs, figure, stage);
  const std::optional<Printed>& printed = stage == kBefore        ? figure.before
                                          : stage == kAfterPadded ? figure.after
                                                                  : figure.after_exact;
  if (!runs.recorded || !printed) return row;
  row.recorded = printed->value;
  if (figure.has_error && row.own.deviation > 0) row.z = z_of(*printed, row.own);
  return row;
}

}  // namespace

std::vector<ConcentrationRow> concentration(const CoreyStudy& study, std::int64_t count, std::uint64_t seed) {
  OwnRuns runs{.lengths = {},
               .repeats = static_cast<std::size_t>(count),
               .recorded = !study.recorded.empty(),
               .found = {}};
  for (const CoreyBucket& bucket : study.chain.buckets) {
    runs.lengths.insert(runs.lengths.end(), bucket.lengths.begin(), bucket.lengths.end());
  }
  runs.found.resize(runs.lengths.size() * runs.repeats);
  const CoreyActivations& law = study.chain.activations;
  parallel_for(runs.found.size(), 0, [&](std::size_t i) {
    RandomStream random{seed, (std::uint64_t{1} << 62U) + i};
    runs.found[i] = stages_of(law, drawn_activations(law, runs.lengths[i / runs.repeats], random));
  });
  const std::array<std::int64_t, kStages> orders{law.padded, law.padded, law.channels};
  std::vector<ConcentrationRow> rows;
  for (const RecordedMean& figure : kFigures) {
    for (std::size_t stage = 0; stage < kStages; ++stage) {
      if (stage == kAfterExact && !hadamard_order(law.channels)) continue;
      rows.push_back(row_of(runs, figure, stage, orders[stage]));
    }
  }
  return rows;
}

}  // namespace fusescape
