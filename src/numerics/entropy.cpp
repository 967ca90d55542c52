#include "fusescape/numerics/entropy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fusescape/numerics/portable_log.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/overloaded.hpp"
#include "threads.hpp"

namespace fusescape {
namespace {

constexpr double kLn2 = 0x1.62e42fefa39efp-1;

double in_base(double nats, LogBase base) {
  return base == LogBase::kBits ? nats / kLn2 : nats;
}

template <class T>
Extent extent_of(std::span<const T> values) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  T least = kInfinity;
  T greatest = -kInfinity;
  std::int64_t finite = 0;
  for (const T value : values) {
    const bool counts = std::fabs(value) < kInfinity;  // False for NaN.
    finite += counts ? 1 : 0;
    least = counts && value < least ? value : least;
    greatest = counts && value > greatest ? value : greatest;
  }
  const auto size = static_cast<std::int64_t>(values.size());
  return {static_cast<double>(least), static_cast<double>(greatest), finite, size - finite};
}

void join(Extent& to, const Extent& from) {
  if (from.count > 0) {
    to.least = to.count > 0 ? std::min(to.least, from.least) : from.least;
    to.greatest = to.count > 0 ? std::max(to.greatest, from.greatest) : from.greatest;
  }
  to.count += from.count;
  to.not_finite += from.not_finite;
}

template <class T>
void add_extent(Extent& extent, std::span<const T> values, int jobs) {
  std::vector<Extent> parts(thread_count(values.size(), jobs));
  for_parts(values.size(), parts.size(), [&](std::size_t part, std::size_t begin, std::size_t end) {
    parts[part] = extent_of(values.subspan(begin, end - begin));
  });
  for (const Extent& part : parts) join(extent, part);
}

/// Bins of one thread. Four tables in turn, so that equal neighbours do not wait for each other's increment.
struct Tables {
  static constexpr std::size_t kTables = 4;
  explicit Tables(std::size_t bins) : stride{bins}, counts(kTables * bins, 0) {}
  std::size_t stride;
  std::vector<std::int64_t> counts;
  std::int64_t clipped = 0;
};

/// A power of two by which numbers of this range can be told apart without overflow; 1 of all but extreme
/// ones.
double unit_of(const Histogram& histogram) {
  const double span = histogram.high - histogram.low;
  if (std::isinf(span)) return 0.5;
  return span < 0x1p-1000 ? 0x1p100 : 1.0;
}

template <class T>
void count_values(const Histogram& histogram, std::span<const T> values, Tables& tables) {
  constexpr std::size_t kBlock = 256;
  std::array<std::int32_t, kBlock> bins{};
  const double low = histogram.low;
  const double high = histogram.high;
  const auto last = static_cast<double>(histogram.counts.size() - 1);
  const double unit = unit_of(histogram);
  const double span = high * unit - low * unit;
  const double scale = high > low ? static_cast<double>(histogram.counts.size()) / span : 0.0;
  for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
    const std::size_t size = std::min(kBlock, values.size() - begin);
    const T* block = values.data() + begin;
    std::int32_t clipped = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const auto value = static_cast<double>(block[i]);
      clipped += (value < low || value > high) ? 1 : 0;
      const double at = (value * unit - low * unit) * scale;
      const double above = at > 0.0 ? at : 0.0;  // NaN goes to 0: a caller's fault, but no crash.
      bins[i] = static_cast<std::int32_t>(above < last ? above : last);
    }
    tables.clipped += clipped;
    for (std::size_t i = 0; i < size; ++i) {
      ++tables.counts[(i % Tables::kTables) * tables.stride + static_cast<std::size_t>(bins[i])];
    }
  }
}

template <class T>
void add_counts(Histogram& histogram, std::span<const T> values, int jobs) {
  const std::size_t bins = histogram.counts.size();
  std::vector<Tables> parts(thread_count(values.size(), jobs), Tables{bins});
  for_parts(values.size(), parts.size(), [&](std::size_t part, std::size_t begin, std::size_t end) {
    count_values(histogram, values.subspan(begin, end - begin), parts[part]);
  });
  for (const Tables& part : parts) {
    histogram.clipped += part.clipped;
    for (std::size_t i = 0; i < part.counts.size(); ++i) histogram.counts[i % bins] += part.counts[i];
  }
}

template <class T>
Histogram histogram_in_memory(std::span<const T> values, const RangeRule& rule, int bins, int jobs) {
  Extent extent;
  RangeRule known = rule;
  if (const auto* robust = std::get_if<RobustRange>(&rule)) {
    QuantileScan scan{robust->tail};
    scan.add(values);
    scan.refine();
    scan.add(values);
    known = values.empty() ? FixedRange{} : scan.range();
    if (const auto& range = std::get<FixedRange>(known); !(range.low < range.high)) known = MinMaxRange{};
  }
  if (std::holds_alternative<MinMaxRange>(known)) add_extent(extent, values, jobs);
  Histogram histogram = empty_histogram(known, extent, bins);
  add_counts(histogram, values, jobs);
  return histogram;
}

std::int64_t occupied_bins(const Histogram& histogram) {
  return std::count_if(histogram.counts.begin(), histogram.counts.end(),
                       [](std::int64_t count) { return count > 0; });
}

}  // namespace

std::int64_t Histogram::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

void add_to(Extent& extent, std::span<const float> values, int jobs) {
  add_extent(extent, values, jobs);
}

void add_to(Extent& extent, std::span<const double> values, int jobs) {
  add_extent(extent, values, jobs);
}

Histogram empty_histogram(const RangeRule& rule, const Extent& extent, int bins) {
  FUSESCAPE_EXPECTS(bins >= 1);
  Histogram histogram;
  histogram.counts.assign(static_cast<std::size_t>(bins), 0);
  const auto widened = [&](const MinMaxRange& range) {
    constexpr double kLargest = std::numeric_limits<double>::max();
    const double half_span = extent.greatest / 2 - extent.least / 2;  // The span itself may overflow.
    const double margin = std::max(2 * (range.margin * half_span), range.least_margin);
    histogram.low = std::max(extent.least - margin, -kLargest);
    histogram.high = std::min(extent.greatest + margin, kLargest);
  };
  std::visit(overloaded{[&](const FixedRange& range) {
                          FUSESCAPE_EXPECTS(range.low < range.high);
                          histogram.low = range.low;
                          histogram.high = range.high;
                        },
                        widened, [](const RobustRange&) { FUSESCAPE_EXPECTS(false); }},
             rule);
  if (!(histogram.low < histogram.high)) histogram.counts.resize(1);
  return histogram;
}

void add_to(Histogram& histogram, std::span<const float> values, int jobs) {
  add_counts(histogram, values, jobs);
}

void add_to(Histogram& histogram, std::span<const double> values, int jobs) {
  add_counts(histogram, values, jobs);
}

double entropy(const Histogram& histogram, LogBase base) {
  const auto total = static_cast<double>(histogram.total());
  double sum = 0;
  for (const std::int64_t count : histogram.counts) {
    if (count == 0) continue;
    const double p = static_cast<double>(count) / total;
    sum -= p * portable_log(p);
  }
  // No more than of as many equal bins, which a sum of rounded terms may exceed.
  return in_base(std::min(sum, portable_log(std::max(1.0, static_cast<double>(occupied_bins(histogram))))),
                 base);
}

double miller_madow_correction(const Histogram& histogram, LogBase base) {
  const std::int64_t occupied = occupied_bins(histogram);
  if (occupied == 0) return 0;
  return in_base(static_cast<double>(occupied - 1) / (2 * static_cast<double>(histogram.total())), base);
}

Histogram histogram_of(std::span<const float> values, const RangeRule& rule, int bins, int jobs) {
  return histogram_in_memory(values, rule, bins, jobs);
}

Histogram histogram_of(std::span<const double> values, const RangeRule& rule, int bins, int jobs) {
  return histogram_in_memory(values, rule, bins, jobs);
}

}  // namespace fusescape
