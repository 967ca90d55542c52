#include "fusescape/app/corey_study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "fusescape/config/load.hpp"
#include "fusescape/support/contract.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

std::vector<std::string> operator_names(const CoreyChain& chain) {
  std::vector<std::string> names;
  for (const CoreyOperator& op : chain.operators) names.push_back(op.name);
  return names;
}

std::optional<CoreyMethod> method_named(std::string_view name) {
  for (std::size_t i = 0; i < kCoreyMethods; ++i) {
    const auto method = static_cast<CoreyMethod>(i);
    if (name_of(method) == name) return method;
  }
  return std::nullopt;
}

double value_of(const CoreyMeans& means, std::string_view quantity) {
  if (quantity == "latency_ms") return means.figures.latency_ms;
  if (quantity == "tokens_per_s") return means.figures.tokens_per_s;
  if (quantity == "bytes_per_token") return means.figures.bytes_per_token;
  if (quantity == "mean_depth") return means.figures.mean_depth;
  return means.proxy;
}

/// One bucket's mean, or the unweighted mean over the buckets. The paper's sweep averages proxies that were
/// rounded to four decimals before.
std::optional<double> figure_over(const std::vector<CoreyMeans>& buckets, const CoreyReference& figure) {
  double sum = 0;
  for (const CoreyMeans& means : buckets) {
    const double value = value_of(means, figure.quantity);
    if (means.bucket == figure.bucket) return value;
    sum += figure.quantity == "proxy" ? std::round(value * 1e4) / 1e4 : value;
  }
  if (figure.bucket != "all" || buckets.empty()) return std::nullopt;
  return sum / static_cast<double>(buckets.size());
}

std::size_t decimals_of(std::string_view text) {
  const std::size_t point = text.find('.');
  return point == std::string_view::npos ? 0 : text.size() - point - 1;
}

/// Values of several lengths: the mean of the lengths' means, and the deviation within a length.
Sample pooled(const std::vector<std::vector<double>>& by_length) {
  Sample all;
  double variance = 0;
  for (const std::vector<double>& values : by_length) {
    const Sample one = sample_of(values);
    all.count += one.count;
    all.mean += one.mean / static_cast<double>(by_length.size());
    variance += one.deviation * one.deviation / static_cast<double>(by_length.size());
  }
  all.deviation = std::sqrt(variance);
  return all;
}

/// `figure` of the runs of each of `lengths`.
template <class Figure>
std::vector<std::vector<double>> values_at(const std::vector<CoreyRun>& runs,
                                           const std::vector<std::int64_t>& lengths, const Figure& figure) {
  std::vector<std::vector<double>> values(lengths.size());
  for (const CoreyRun& run : runs) {
    const auto at = std::find(lengths.begin(), lengths.end(), run.length);
    if (at != lengths.end()) values[static_cast<std::size_t>(at - lengths.begin())].push_back(figure(run));
  }
  return values;
}

using Runs = std::pair<const std::vector<CoreyRun>*, const std::vector<CoreyRun>*>;  ///< Recorded, own.

/// Means of `together` consecutive values each; what is left over is dropped.
std::vector<double> means_of(const std::vector<double>& values, std::size_t together) {
  std::vector<double> means;
  means.reserve(values.size() / together);
  for (std::size_t i = 0; i + together <= values.size(); i += together) {
    const std::vector<double> part{values.begin() + static_cast<std::ptrdiff_t>(i),
                                   values.begin() + static_cast<std::ptrdiff_t>(i + together)};
    means.push_back(sample_of(part).mean);
  }
  return means;
}

template <class Figure>
void add_seed_row(std::string figure_name, std::string where, const std::vector<std::int64_t>& lengths,
                  const Runs& runs, const Figure& figure, std::vector<SeedRow>& rows) {
  const Sample recorded = pooled(values_at(*runs.first, lengths, figure));
  const Sample own = pooled(values_at(*runs.second, lengths, figure));
  rows.push_back({std::move(figure_name), std::move(where), recorded, own, z_score(recorded, own)});
}

double ratio_percent(const CoreyChain& chain, const std::vector<CoreyRun>& runs, const std::string& bucket,
                     const std::pair<CoreyCase, CoreyCase>& cases) {
  double first = 0;
  double second = 0;
  for (const CoreyRun& run : runs) {
    if (run.bucket != bucket) continue;
    first += figures_of(chain, run, cases.first).latency_ms;
    second += figures_of(chain, run, cases.second).latency_ms;
  }
  return 100 * (first / second - 1);
}

/// The moving average: the repeats that share one are a single draw, so their mean is what is compared.
void add_average(std::int64_t length, std::size_t repeats, const Runs& runs, std::vector<SeedRow>& rows) {
  const auto sample = [&](const std::vector<CoreyRun>& of) {
    const auto average = [](const CoreyRun& run) { return run.average_after; };
    const std::vector<double> values = values_at(of, {length}, average).front();
    return sample_of(means_of(values, std::clamp<std::size_t>(values.size(), 1, repeats)));
  };
  const Sample recorded = sample(*runs.first);
  const Sample own = sample(*runs.second);
  rows.push_back(
      {"moving average after", fmt::format("L={}", length), recorded, own, z_score(recorded, own)});
}

/// What a run measures of its activations, of one length.
void add_intermediates(std::int64_t length, std::size_t repeats, const Runs& runs,
                       std::vector<SeedRow>& rows) {
  struct Intermediate {
    std::string_view name;
    double (*of)(const CoreyRun& run);
  };
  constexpr std::array kIntermediates{
      Intermediate{"entropy before", [](const CoreyRun& r) { return r.entropy_before; }},
      Intermediate{"entropy after", [](const CoreyRun& r) { return r.entropy_after; }},
      Intermediate{"outliers before", [](const CoreyRun& r) { return r.outliers_before; }},
      Intermediate{"outliers after", [](const CoreyRun& r) { return r.outliers_after; }},
      Intermediate{"mean of H_i", [](const CoreyRun& r) { return sample_of(r.block_entropy).mean; }}};
  for (const Intermediate& one : kIntermediates) {
    add_seed_row(std::string{one.name}, fmt::format("L={}", length), {length}, runs, one.of, rows);
  }
  add_average(length, repeats, runs, rows);
}

/// What the published tables have of one bucket.
void add_results(const CoreyStudy& study, const CoreyBucket& bucket, const Runs& runs,
                 std::vector<SeedRow>& rows) {
  const CoreyPrecision& precision = study.chain.precisions.front();
  const double tau = study.chain.score.tau;
  for (const CoreyMethod method : {CoreyMethod::kUnfused, CoreyMethod::kFixedDepth, CoreyMethod::kCorey}) {
    const CoreyCase what{method, evaluator_of(method), precision, tau};
    const auto latency = [&](const CoreyRun& run) { return figures_of(study.chain, run, what).latency_ms; };
    add_seed_row(fmt::format("latency_ms, {}", name_of(method)), bucket.name, bucket.lengths, runs, latency,
                 rows);
  }
  const CoreyCase what{CoreyMethod::kCorey, CoreyEvaluator::kCorey, precision, tau};
  const auto depth = [&](const CoreyRun& run) { return figures_of(study.chain, run, what).mean_depth; };
  add_seed_row("mean_depth, corey", bucket.name, bucket.lengths, runs, depth, rows);
}

}  // namespace

expected<CoreyStudy, Failure> load_corey_study(const std::string& name_or_path) {
  const Loaded<InputFile> shipped = find_input(Shelf::kCorey, "v1");
  if (!shipped) return unexpected{failure_of(shipped.error())};
  const Loaded<InputFile> input = find_input(Shelf::kCorey, name_or_path);
  if (!input) return unexpected{failure_of(input.error())};
  const Loaded<CoreyChain> chain = bind_corey_chain(*input);
  if (!chain) return unexpected{failure_of(chain.error())};
  const Loaded<CoreyChain> original = bind_corey_chain(*shipped);
  if (!original) return unexpected{failure_of(original.error())};
  CoreyStudy study{*chain, {}, {}};
  if (operator_names(*chain) != operator_names(*original)) return study;
  const std::filesystem::path folder = std::filesystem::path{shipped->file}.parent_path();
  auto recorded = recorded_runs((folder / "v1-runs.csv").string(), chain->operators);
  if (!recorded) return unexpected{recorded.error()};
  auto published = published_figures((folder / "v1-published.csv").string());
  if (!published) return unexpected{published.error()};
  study.recorded = std::move(*recorded);
  study.published = std::move(*published);
  return study;
}

std::vector<ParityRow> parity(const CoreyStudy& study) {
  const std::vector<CoreyRun> runs = runs_of(study.recorded);
  std::vector<ParityRow> rows;
  for (const CoreyReference& figure : study.published) {
    const std::optional<CoreyMethod> method = method_named(figure.method);
    const auto precision = std::find_if(study.chain.precisions.begin(), study.chain.precisions.end(),
                                        [&](const CoreyPrecision& p) { return p.name == figure.precision; });
    if (!method || precision == study.chain.precisions.end()) continue;
    const std::vector<CoreyMeans> buckets =
        bucket_means(study.chain, runs, {*method, evaluator_of(*method), *precision, figure.tau});
    const std::optional<double> ours = figure_over(buckets, figure);
    if (!ours) continue;
    rows.push_back({figure, *ours, fmt::format("{:.{}f}", *ours, decimals_of(figure.value))});
  }
  return rows;
}

std::vector<SeedRow> seed_table(const CoreyStudy& study, const std::vector<CoreyRun>& own) {
  const std::vector<CoreyRun> recorded = runs_of(study.recorded);
  const Runs runs{&recorded, &own};
  std::vector<SeedRow> rows;
  for (const CoreyBucket& bucket : study.chain.buckets) {
    add_results(study, bucket, runs, rows);
    for (const std::int64_t length : bucket.lengths) {
      add_intermediates(length, static_cast<std::size_t>(study.chain.activations.repeats), runs, rows);
    }
  }
  return rows;
}

std::vector<ExpectationRow> expectations(const CoreyStudy& study, const std::vector<CoreyRun>& own) {
  const std::vector<CoreyRun> recorded = runs_of(study.recorded);
  const CoreyPrecision& precision = study.chain.precisions.front();
  const double tau = study.chain.score.tau;
  const std::pair gain{CoreyCase{CoreyMethod::kFixedDepth, CoreyEvaluator::kFixedDepth, precision, tau},
                       CoreyCase{CoreyMethod::kCorey, CoreyEvaluator::kCorey, precision, tau}};
  const std::pair loss{CoreyCase{CoreyMethod::kCorey, CoreyEvaluator::kNeutral, precision, tau},
                       CoreyCase{CoreyMethod::kOptimal, CoreyEvaluator::kNeutral, precision, tau}};
  // Gain = 1 - COREY / fixed depth, as the paper has it.
  const auto less = [](double more) { return 100 * (1 - 100 / (100 + more)); };
  std::vector<ExpectationRow> rows;
  for (const CoreyBucket& bucket : study.chain.buckets) {
    ExpectationRow& row = rows.emplace_back(ExpectationRow{bucket.name, {}, 0, {}, 0});
    row.own_gain = less(ratio_percent(study.chain, own, bucket.name, gain));
    row.own_loss = ratio_percent(study.chain, own, bucket.name, loss);
    if (recorded.empty()) continue;
    row.recorded_gain = less(ratio_percent(study.chain, recorded, bucket.name, gain));
    row.recorded_loss = ratio_percent(study.chain, recorded, bucket.name, loss);
  }
  return rows;
}

}  // namespace fusescape
