#include "fusescape/numerics/tensor_statistics.hpp"

#include <algorithm>
#include <cmath>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr double kMostInt8 = 127;
constexpr double kMostInt4 = 7;

/// Squared error of the nearest step of `peak` / `steps`; ties to even, as hardware rounds.
double squared_error(double value, double peak, double steps) {
  if (peak == 0) return 0;
  const double step = peak / steps;
  const double error = value - step * std::nearbyint(value / step);
  return error * error;
}

template <class T>
double peak_of(std::span<const T> row) {
  double peak = 0;
  for (const T value : row) peak = std::max(peak, std::fabs(static_cast<double>(value)));
  return peak;
}

}  // namespace

Moments::Moments(std::int64_t width) : column_peaks_(static_cast<std::size_t>(width), 0.0) {
  FUSESCAPE_EXPECTS(width >= 1);
}

template <class T>
void Moments::add_rows(std::span<const T> rows) {
  const std::size_t width = column_peaks_.size();
  FUSESCAPE_EXPECTS(rows.size() % width == 0);
  for (std::size_t begin = 0; begin < rows.size(); begin += width) {
    const std::span<const T> row = rows.subspan(begin, width);
    double sum = 0;
    double magnitudes = 0;
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const auto value = static_cast<double>(row[i]);
      if (rows_ == 0 && i == 0) least_ = greatest_ = value;
      least_ = std::min(least_, value);
      greatest_ = std::max(greatest_, value);
      column_peaks_[i] = std::max(column_peaks_[i], std::fabs(value));
      sum += value;
      magnitudes += std::fabs(value);
      squares += value * value;
    }
    const auto n = static_cast<double>(width);
    double within = 0;  // About the row's own mean: a large mean must not swallow the variance.
    for (const T value : row) {
      const double difference = static_cast<double>(value) - sum / n;
      within += difference * difference;
    }
    // Two sets of n and m values join to S = S_n + S_m + (difference of means)^2 n m / (n + m).
    const double before = static_cast<double>(rows_) * n;
    const double apart = sum / n - mean_;
    squares_ += within + apart * apart * n * before / (n + before);
    mean_ += apart * n / (n + before);
    ++rows_;
    if (squares == 0) continue;
    const double peak = peak_of(row);
    ++rows_with_values_;
    crests_ += peak / std::sqrt(squares / n);
    maxima_over_means_ += peak / (magnitudes / n);
  }
}

void Moments::add(std::span<const float> rows) {
  add_rows(rows);
}

void Moments::add(std::span<const double> rows) {
  add_rows(rows);
}

double Moments::mean() const {
  return mean_;
}

double Moments::standard_deviation() const {
  return rows_ == 0 ? 0 : std::sqrt(squares_ / (static_cast<double>(rows_) * static_cast<double>(width())));
}

double Moments::peak() const {
  return *std::max_element(column_peaks_.begin(), column_peaks_.end());
}

double Moments::crest() const {
  return rows_with_values_ == 0 ? 0 : crests_ / static_cast<double>(rows_with_values_);
}

double Moments::max_over_mean() const {
  return rows_with_values_ == 0 ? 0 : maxima_over_means_ / static_cast<double>(rows_with_values_);
}

Spread::Spread(const Moments& moments, double outlier_at)
    : column_peaks_{moments.column_peaks().begin(), moments.column_peaks().end()},
      peak_{moments.peak()},
      mean_{moments.mean()},
      threshold_{outlier_at * moments.standard_deviation()} {}

void Spread::add_noise(double value, const std::array<double, kScales>& peaks) {
  for (std::size_t scale = 0; scale < kScales; ++scale) {
    noise_.int8[scale] += squared_error(value, peaks[scale], kMostInt8);
    noise_.int4[scale] += squared_error(value, peaks[scale], kMostInt4);
  }
}

template <class T>
void Spread::add_rows(std::span<const T> rows) {
  const std::size_t width = column_peaks_.size();
  FUSESCAPE_EXPECTS(rows.size() % width == 0);
  for (std::size_t begin = 0; begin < rows.size(); begin += width) {
    const std::span<const T> row = rows.subspan(begin, width);
    const double row_peak = peak_of(row);
    for (std::size_t i = 0; i < width; ++i) {
      const auto value = static_cast<double>(row[i]);
      const double squared = (value - mean_) * (value - mean_);
      second_ += squared;
      fourth_ += squared * squared;
      signal_ += value * value;
      outliers_ += std::fabs(value) > threshold_ ? 1 : 0;
      add_noise(value, {peak_, row_peak, column_peaks_[i]});
    }
    values_ += static_cast<std::int64_t>(width);
  }
}

void Spread::add(std::span<const float> rows) {
  add_rows(rows);
}

void Spread::add(std::span<const double> rows) {
  add_rows(rows);
}

double Spread::excess_kurtosis() const {
  if (second_ == 0) return 0;
  return fourth_ * static_cast<double>(values_) / (second_ * second_) - 3;
}

double Spread::outlier_rate() const {
  return values_ == 0 ? 0 : static_cast<double>(outliers_) / static_cast<double>(values_);
}

QuantisationError Spread::quantisation_error() const {
  QuantisationError relative = noise_;
  const double signal = signal_ == 0 ? 1 : signal_;
  for (double& error : relative.int8) error /= signal;
  for (double& error : relative.int4) error /= signal;
  return relative;
}

TensorStatistics statistics_of(const Moments& moments, const Spread& spread) {
  return {moments.mean(),
          moments.standard_deviation(),
          moments.least(),
          moments.greatest(),
          moments.crest(),
          moments.max_over_mean(),
          spread.excess_kurtosis(),
          spread.outlier_rate(),
          spread.quantisation_error()};
}

namespace {
template <class T>
TensorStatistics all_statistics(std::span<const T> values, std::int64_t width, double outlier_at) {
  Moments moments{width};
  moments.add(values);
  Spread spread{moments, outlier_at};
  spread.add(values);
  return statistics_of(moments, spread);
}
}  // namespace

TensorStatistics statistics_of(std::span<const float> values, std::int64_t width, double outlier_at) {
  return all_statistics(values, width, outlier_at);
}

TensorStatistics statistics_of(std::span<const double> values, std::int64_t width, double outlier_at) {
  return all_statistics(values, width, outlier_at);
}

}  // namespace fusescape
