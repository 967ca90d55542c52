#include "fusescape/corey/activations.hpp"

#include <algorithm>
#include <cmath>

#include "fusescape/numerics/entropy.hpp"
#include "fusescape/numerics/hadamard.hpp"
#include "fusescape/numerics/portable_log.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Share of |x| beyond so many standard deviations.
double outlier_rate(const Activations& x, double at) {
  Moments moments{x.channels};
  moments.add(x.values);
  const double threshold = at * moments.standard_deviation();
  const auto outliers = std::count_if(x.values.begin(), x.values.end(),
                                      [&](double value) { return std::fabs(value) > threshold; });
  return static_cast<double>(outliers) / static_cast<double>(x.values.size());
}

/// Slice `i` of `count` of `columns`: the first ones are wider by one where they do not divide.
std::pair<std::int64_t, std::int64_t> slice(std::int64_t columns, std::int64_t count, std::int64_t i) {
  const std::int64_t size = columns / count;
  const std::int64_t wider = columns % count;
  const std::int64_t begin = i * size + std::min(i, wider);
  return {begin, begin + size + (i < wider ? 1 : 0)};
}

double slice_entropy(const CoreyEntropy& rule, const Activations& x,
                     std::pair<std::int64_t, std::int64_t> columns) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(x.rows * (columns.second - columns.first)));
  for (std::int64_t row = 0; row < x.rows; ++row) {
    const auto first = x.values.begin() + row * x.channels;
    values.insert(values.end(), first + columns.first, first + columns.second);
  }
  return corey_entropy(rule, values);
}

}  // namespace

std::int64_t activation_rows(const CoreyActivations& law, std::int64_t length) {
  return std::min(law.most_rows, std::max(law.least_rows, length / law.row_divisor));
}

Activations drawn_activations(const CoreyActivations& law, std::int64_t length, RandomStream& random) {
  Activations x{activation_rows(law, length), law.channels, {}};
  x.values.resize(static_cast<std::size_t>(x.rows * x.channels));
  const double growth = 1 + std::log2(static_cast<double>(length)) / law.tail_divisor;
  for (double& value : x.values) {
    const double normal = random.normal();
    value = normal + growth * law.tail * random.student_t3();
  }
  return x;
}

Activations padded(const Activations& x, std::int64_t width) {
  FUSESCAPE_EXPECTS(width >= x.channels);
  Activations out{x.rows, width, std::vector<double>(static_cast<std::size_t>(x.rows * width), 0.0)};
  for (std::int64_t row = 0; row < x.rows; ++row) {
    std::copy_n(x.values.begin() + row * x.channels, x.channels, out.values.begin() + row * width);
  }
  return out;
}

Activations rotated(Activations x) {
  const auto order = hadamard_order(x.channels);
  FUSESCAPE_EXPECTS(order.has_value());
  rotate_rows(x.values, {*order, Paley::kTwo, false}, 1);
  return x;
}

double corey_entropy(const CoreyEntropy& rule, std::span<const double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (values.empty() || !(*low < *high)) return 0;
  const Histogram histogram =
      histogram_of(values, MinMaxRange{rule.margin, rule.least_margin}, static_cast<int>(rule.bins), 1);
  const auto total = static_cast<double>(histogram.total());
  double entropy = 0;
  for (const std::int64_t count : histogram.counts) {
    const double p = static_cast<double>(count) / total;
    entropy -= p * portable_log(p + rule.epsilon);
  }
  return std::clamp(entropy / portable_log(static_cast<double>(rule.bins)), 0.0, 1.0);
}

CoreyRun measured_run(const CoreyChain& chain, const Activations& x, std::int64_t length,
                      RotatedSlices slices) {
  const Activations after = rotated(padded(x, chain.activations.padded));
  CoreyRun run;
  run.length = length;
  run.entropy_before = corey_entropy(chain.entropy, x.values);
  run.entropy_after = corey_entropy(chain.entropy, after.values);
  run.outliers_before = outlier_rate(x, chain.activations.outlier_at);
  run.outliers_after = outlier_rate(after, chain.activations.outlier_at);
  const std::int64_t columns = slices == RotatedSlices::kAllColumns ? after.channels : x.channels;
  const auto count = static_cast<std::int64_t>(chain.operators.size());
  for (std::int64_t i = 0; i < count; ++i) {
    const double before = slice_entropy(chain.entropy, x, slice(x.channels, count, i));
    const double later = slice_entropy(chain.entropy, after, slice(columns, count, i));
    run.block_entropy.push_back(chain.entropy.before_share * before +
                                (1 - chain.entropy.before_share) * later);
  }
  average(chain.entropy, {&run, 1});
  return run;
}

void average(const CoreyEntropy& rule, std::span<CoreyRun> repeats) {
  if (repeats.empty()) return;
  double before = repeats.front().entropy_before;
  double after = rule.shared_average ? before : repeats.front().entropy_after;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    CoreyRun& run = repeats[i];
    if (rule.shared_average) {
      if (i > 0) before = rule.ema * after + (1 - rule.ema) * run.entropy_before;
      after = rule.ema * before + (1 - rule.ema) * run.entropy_after;
    } else if (i > 0) {
      after = rule.ema * after + (1 - rule.ema) * run.entropy_after;
    }
    run.average_after = after;
  }
}

}  // namespace fusescape
