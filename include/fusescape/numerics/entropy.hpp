// How much information do values carry? Histograms with integer counts over a stated range, and their
// entropy.
//
// Counts and extremes do not depend on the order of the values, so the result is the same for any number of
// threads and any division into chunks. Arrays larger than memory go by in chunks, twice: once for the range,
// once to be counted (a robust range needs a third pass).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace fusescape {

enum class LogBase : unsigned char { kBits, kNats };

/// The range is given. Values outside count in the first and the last bin, as a clipping quantiser has them.
struct FixedRange {
  double low = 0;
  double high = 1;
};

/// From the least to the greatest value, widened on each side by `margin` of that span, and by at least
/// `least_margin`. Depends on the number of samples where the tails are heavy: the extremes move apart.
struct MinMaxRange {
  double margin = 0;
  double least_margin = 0;
};

/// Between two quantiles, `tail` and 1 - `tail`, whose values are found to within a relative 2^-20. Values
/// outside count in the first and the last bin.
struct RobustRange {
  double tail = 0.001;
};

using RangeRule = std::variant<FixedRange, MinMaxRange, RobustRange>;

/// The extremes of the values seen so far.
struct Extent {
  double least = 0;
  double greatest = 0;
  std::int64_t count = 0;
  std::int64_t not_finite = 0;  ///< Values that are NaN or infinite; they are in no other figure.
};

/// Counts of equal bins over [low, high]; the last bin holds `high` too.
struct Histogram {
  double low = 0;
  double high = 0;
  std::vector<std::int64_t> counts;
  std::int64_t clipped = 0;  ///< Values outside [low, high]; they are in the first or the last bin.

  [[nodiscard]] std::int64_t total() const;
};

/// Adds `values` to `extent`. `jobs` threads; 0: one per core.
void add_to(Extent& extent, std::span<const float> values, int jobs = 0);
void add_to(Extent& extent, std::span<const double> values, int jobs = 0);

/// The quantiles of a robust range: in pass 1 (`add` and then `refine`) by the upper 16 bits of the values'
/// order, in pass 2 (`add` again) by the next 16.
class QuantileScan {
 public:
  explicit QuantileScan(double tail);
  void add(std::span<const float> values);
  void add(std::span<const double> values);
  /// Ends the first pass.
  void refine();
  /// After the second pass: the lower end of what holds the quantiles `tail` and 1 - `tail`. Expects at least
  /// one value.
  [[nodiscard]] FixedRange range() const;

 private:
  struct End {
    std::uint64_t rank = 0;             ///< Place of the quantile in sorted order, from 0.
    std::uint64_t before = 0;           ///< Values whose upper bits are smaller.
    std::uint32_t upper = 0;            ///< Upper 16 bits of the quantile.
    std::vector<std::uint64_t> counts;  ///< By the next 16 bits, of values with these upper bits.
  };

  template <class T>
  void add_values(std::span<const T> values);

  double tail_ = 0;
  bool refined_ = false;
  std::vector<std::uint64_t> counts_;  ///< By the upper 16 bits.
  std::array<End, 2> ends_;
};

/// An empty histogram of `bins` bins over the range that `rule` makes of `extent`. Expects bins >= 1, for a
/// FixedRange low < high, and no RobustRange: its quantiles are a FixedRange by now. One bin of no width
/// where all values are equal and no margin widens them.
[[nodiscard]] Histogram empty_histogram(const RangeRule& rule, const Extent& extent, int bins);

/// Counts finite `values` in their bins.
void add_to(Histogram& histogram, std::span<const float> values, int jobs = 0);
void add_to(Histogram& histogram, std::span<const double> values, int jobs = 0);

/// H = -sum p log p over the bins with p = count / total, 0 log 0 = 0. 0 of an empty histogram.
[[nodiscard]] double entropy(const Histogram& histogram, LogBase base);

/// What Miller and Madow add to it against its bias: (occupied bins - 1) / (2 total), in nats or bits.
[[nodiscard]] double miller_madow_correction(const Histogram& histogram, LogBase base);

/// The histogram of values in memory. Expects finite values.
[[nodiscard]] Histogram histogram_of(std::span<const float> values, const RangeRule& rule, int bins,
                                     int jobs = 0);
[[nodiscard]] Histogram histogram_of(std::span<const double> values, const RangeRule& rule, int bins,
                                     int jobs = 0);

}  // namespace fusescape
