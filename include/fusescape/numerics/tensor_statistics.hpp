// How concentrated are the values of a tensor, and what does rounding them to a few bits really cost?
//
// A tensor is seen as rows: tokens, each of `width` channels. Its rows go by twice, so that it may be larger
// than memory: Moments first, then Spread, which needs the moments.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace fusescape {

/// What one scale is shared by; the scale is the largest |x| of it / 127 (int8) or / 7 (int4).
enum class ScaleOf : unsigned char { kTensor, kRow, kColumn };
inline constexpr std::size_t kScales = 3;

/// What the first pass gathers. Sums are in order of the rows, so equal chunks or not, equal results.
class Moments {
 public:
  explicit Moments(std::int64_t width);
  /// Whole rows of `width` finite values.
  void add(std::span<const float> rows);
  void add(std::span<const double> rows);

  [[nodiscard]] std::int64_t width() const { return static_cast<std::int64_t>(column_peaks_.size()); }
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] double mean() const;
  /// Divided by the number of values, not by one less.
  [[nodiscard]] double standard_deviation() const;
  [[nodiscard]] double least() const { return least_; }
  [[nodiscard]] double greatest() const { return greatest_; }
  /// The largest |x|.
  [[nodiscard]] double peak() const;
  /// The largest |x| of each column.
  [[nodiscard]] std::span<const double> column_peaks() const { return column_peaks_; }
  /// Mean over the rows of max |x| / sqrt(mean x^2); rows of zeros are left out. 0 where there is no other.
  [[nodiscard]] double crest() const;
  /// Mean over the rows of max |x| / mean |x|.
  [[nodiscard]] double max_over_mean() const;

 private:
  template <class T>
  void add_rows(std::span<const T> rows);

  std::int64_t rows_ = 0;
  std::int64_t rows_with_values_ = 0;
  double least_ = 0;
  double greatest_ = 0;
  double mean_ = 0;
  double squares_ = 0;  ///< Sum of squared differences from the mean.
  double crests_ = 0;
  double maxima_over_means_ = 0;
  std::vector<double> column_peaks_;
};

/// Mean squared error of rounding, over the mean square of the values.
struct QuantisationError {
  std::array<double, kScales> int8{};  ///< By ScaleOf.
  std::array<double, kScales> int4{};
};

/// What the second pass gathers.
class Spread {
 public:
  /// `outlier_at`: how many standard deviations |x| must exceed to count as an outlier.
  Spread(const Moments& moments, double outlier_at);
  void add(std::span<const float> rows);
  void add(std::span<const double> rows);

  /// Of the whole tensor: 0 for a normal law.
  [[nodiscard]] double excess_kurtosis() const;
  /// Share of values with |x| > outlier_at * standard deviation.
  [[nodiscard]] double outlier_rate() const;
  [[nodiscard]] QuantisationError quantisation_error() const;

 private:
  template <class T>
  void add_rows(std::span<const T> rows);
  void add_noise(double value, const std::array<double, kScales>& peaks);

  std::vector<double> column_peaks_;
  double peak_ = 0;
  double mean_ = 0;
  double threshold_ = 0;
  std::int64_t values_ = 0;
  std::int64_t outliers_ = 0;
  double second_ = 0;
  double fourth_ = 0;
  double signal_ = 0;  ///< Sum of x^2.
  QuantisationError noise_;
};

/// All of it, of values in memory.
struct TensorStatistics {
  double mean = 0;
  double standard_deviation = 0;
  double least = 0;
  double greatest = 0;
  double crest = 0;
  double max_over_mean = 0;
  double excess_kurtosis = 0;
  double outlier_rate = 0;
  QuantisationError quantisation;
};

[[nodiscard]] TensorStatistics statistics_of(const Moments& moments, const Spread& spread);
[[nodiscard]] TensorStatistics statistics_of(std::span<const float> values, std::int64_t width,
                                             double outlier_at);
[[nodiscard]] TensorStatistics statistics_of(std::span<const double> values, std::int64_t width,
                                             double outlier_at);

}  // namespace fusescape
