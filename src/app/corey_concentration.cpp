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

/// Means over the 35 recorded runs. The authors' code was run, so their provenance is *reproduced*. The
/// kurtosis is no target: Student's t with 3 degrees of freedom has no fourth moment.
struct RecordedMean {
  std::string_view figure;
  double (*of)(const TensorStatistics& statistics);
  double unit = 0;  ///< Of the last digit that is known.
  std::optional<double> before;
  std::optional<double> after;        ///< Padded to 256 columns.
  std::optional<double> after_exact;  ///< Order 192.
};
constexpr auto kToken = static_cast<std::size_t>(ScaleOf::kRow);
constexpr std::array kFigures{
    RecordedMean{"crest", [](const TensorStatistics& s) { return s.crest; }, 1e-3, 4.285, 3.008, {}},
    RecordedMean{"max_over_mean", [](const TensorStatistics& s) { return s.max_over_mean; }, 1e-2, 5.82, 3.76,
                 3.66},
    RecordedMean{
        "excess_kurtosis", [](const TensorStatistics& s) { return s.excess_kurtosis; }, 0, {}, {}, {}},
    RecordedMean{"outlier6_rate", [](const TensorStatistics& s) { return s.outlier_rate; }, 0, {}, {}, {}},
    RecordedMean{"int8_error_token", [](const TensorStatistics& s) { return s.quantisation.int8[kToken]; },
                 1e-6, 1.38e-4, 4.6e-5, 4.39e-5},
    RecordedMean{"int4_error_token", [](const TensorStatistics& s) { return s.quantisation.int4[kToken]; },
                 1e-3, 4.0e-2, 1.5e-2, 1.45e-2},
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

ConcentrationRow row_of(const OwnRuns& runs, const RecordedMean& figure, std::size_t stage,
                        std::int64_t order) {
  ConcentrationRow row{std::string{figure.figure}, stage == kBefore ? "before" : "after", order, {}, {}, {}};
  row.published = stage == kBefore        ? figure.before
                  : stage == kAfterPadded ? figure.after
                                          : figure.after_exact;
  row.own = own_sample(runs, figure, stage);
  return row;
}

/// How far the recorded mean is from ours, in standard errors.
void add_z(ConcentrationRow& row, double unit) {
  constexpr double kRecordedRuns = 35;
  const double error =
      row.own.deviation * std::sqrt(1 / kRecordedRuns + 1 / static_cast<double>(row.own.count));
  if (!row.published || error <= 0) return;
  // A printed mean may be anything that rounds to it.
  const double difference = *row.published - row.own.mean;
  row.z = std::copysign(std::max(0.0, std::fabs(difference) - unit / 2), difference) / error;
}

}  // namespace

std::vector<ConcentrationRow> concentration(const CoreyStudy& study, std::int64_t count, std::uint64_t seed) {
  OwnRuns runs{.lengths = {}, .repeats = static_cast<std::size_t>(count), .found = {}};
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
      ConcentrationRow& row = rows.emplace_back(row_of(runs, figure, stage, orders[stage]));
      if (study.recorded.empty()) row.published.reset();
      add_z(row, figure.unit);
    }
  }
  return rows;
}

}  // namespace fusescape
