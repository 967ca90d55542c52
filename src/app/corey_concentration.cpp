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

}  // namespace

std::vector<ConcentrationRow> concentration(const CoreyStudy& study, std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> lengths;
  for (const CoreyBucket& bucket : study.chain.buckets) {
    lengths.insert(lengths.end(), bucket.lengths.begin(), bucket.lengths.end());
  }
  const auto repeats = static_cast<std::size_t>(count);
  std::vector<std::array<TensorStatistics, kStages>> found(lengths.size() * repeats);
  const CoreyActivations& law = study.chain.activations;
  parallel_for(found.size(), 0, [&](std::size_t i) {
    RandomStream random{seed, (std::uint64_t{1} << 62U) + i};
    found[i] = stages_of(law, drawn_activations(law, lengths[i / repeats], random));
  });
  const std::array<std::int64_t, kStages> orders{law.padded, law.padded, law.channels};
  constexpr double kRecordedRuns = 35;
  std::vector<ConcentrationRow> rows;
  for (const RecordedMean& figure : kFigures) {
    for (std::size_t stage = 0; stage < kStages; ++stage) {
      if (stage == kAfterExact && !hadamard_order(law.channels)) continue;
      ConcentrationRow row{
          std::string{figure.figure}, stage == kBefore ? "before" : "after", orders[stage], {}, {}, {}};
      row.published = stage == kBefore        ? figure.before
                      : stage == kAfterPadded ? figure.after
                                              : figure.after_exact;
      if (study.recorded.empty()) row.published.reset();
      double variance = 0;
      for (std::size_t length = 0; length < lengths.size(); ++length) {
        std::vector<double> values;
        for (std::size_t r = 0; r < repeats; ++r)
          values.push_back(figure.of(found[length * repeats + r][stage]));
        const Sample one = sample_of(values);
        row.own.mean += one.mean / static_cast<double>(lengths.size());
        variance += one.deviation * one.deviation / static_cast<double>(lengths.size());
        row.own.count += one.count;
      }
      row.own.deviation = std::sqrt(variance);
      const double error =
          row.own.deviation * std::sqrt(1 / kRecordedRuns + 1 / static_cast<double>(row.own.count));
      if (row.published && error > 0) {
        // A printed mean may be anything that rounds to it.
        const double difference = *row.published - row.own.mean;
        row.z = std::copysign(std::max(0.0, std::fabs(difference) - figure.unit / 2), difference) / error;
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace fusescape
