// Are entropies right, and the same for any division of the values into chunks and threads?
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "fusescape/numerics/entropy.hpp"
#include "fusescape/numerics/portable_log.hpp"
#include "fusescape/numerics/random.hpp"

namespace fusescape::numerics_entropy_test {
namespace {

std::vector<float> normals(std::size_t count, std::uint64_t seed) {
  RandomStream random{seed};
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

double bits_of(const std::vector<double>& values, const RangeRule& rule, int bins) {
  return entropy(histogram_of(std::span<const double>{values}, rule, bins), LogBase::kBits);
}

TEST_CASE("The project's own logarithm is libm's to within 2 units in the last place") {
  RandomStream random{1};
  for (int i = 0; i < 20'000; ++i) {
    const double x = std::ldexp(random.uniform(), static_cast<int>(random.below(600)) - 300);
    const double expected = std::log(x);
    CAPTURE(x);
    REQUIRE(std::fabs(portable_log(x) - expected) <= 4.5e-16 * std::fabs(expected));
  }
  CHECK(portable_log(1.0) == 0.0);
  CHECK(portable_log(0x1p-1074) == Approx(-1074 * std::log(2.0)).epsilon(1e-15));
}

TEST_CASE("Values spread evenly over 2^b bins carry b bits, and constant values none") {
  std::vector<double> even;
  for (int i = 0; i < 1024; ++i) even.push_back(i + 0.5);
  CHECK(bits_of(even, FixedRange{0, 1024}, 256) == Approx(8).epsilon(1e-14));
  CHECK(bits_of(even, FixedRange{0, 1024}, 2) == Approx(1).epsilon(1e-14));
  const std::vector<double> constant(100, 3.25);
  CHECK(bits_of(constant, MinMaxRange{}, 64) == 0);
  CHECK(bits_of(constant, MinMaxRange{0.05, 1e-6}, 64) == 0);
  CHECK(bits_of(constant, RobustRange{0.01}, 64) == 0);
  CHECK(bits_of({}, MinMaxRange{}, 64) == 0);
}

TEST_CASE("Bits are nats over ln 2, and Miller and Madow add (occupied - 1) / 2n") {
  const std::vector<double> values{0.5, 0.5, 0.5, 1.5, 3.5};  // Counts 3, 1, 0, 1 of 5.
  const Histogram histogram = histogram_of(std::span<const double>{values}, FixedRange{0, 4}, 4);
  CHECK(histogram.counts == std::vector<std::int64_t>{3, 1, 0, 1});
  const double nats = -(0.6 * std::log(0.6) + 2 * 0.2 * std::log(0.2));
  CHECK(entropy(histogram, LogBase::kNats) == Approx(nats).epsilon(1e-15));
  CHECK(entropy(histogram, LogBase::kBits) == Approx(nats / std::log(2.0)).epsilon(1e-15));
  CHECK(miller_madow_correction(histogram, LogBase::kNats) == 2.0 / 10);
  CHECK(miller_madow_correction(histogram, LogBase::kBits) == Approx(0.2 / std::log(2.0)).epsilon(1e-15));
}

TEST_CASE("Both ends of a range are in it, and what is outside is clipped into the outermost bins") {
  const std::vector<double> values{-7, 0, 1, 2, 3, 4, 9, 9};
  const Histogram histogram = histogram_of(std::span<const double>{values}, FixedRange{0, 4}, 4);
  CHECK(histogram.counts == std::vector<std::int64_t>{2, 1, 1, 4});
  CHECK(histogram.clipped == 3);
  CHECK(histogram.total() == 8);
}

TEST_CASE("A margin widens each side by its share of the span, at least by the least margin") {
  const Extent extent{2, 12, 2, 0};
  const Histogram wide = empty_histogram(MinMaxRange{0.05, 1e-6}, extent, 64);
  CHECK(wide.low == 1.5);
  CHECK(wide.high == 12.5);
  const Histogram narrow = empty_histogram(MinMaxRange{0.05, 1e-6}, Extent{2, 2, 2, 0}, 64);
  CHECK(narrow.low == 2 - 1e-6);
  CHECK(narrow.high == 2 + 1e-6);
}

TEST_CASE("A robust range ends at the quantiles, whatever lies beyond") {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i);
  values[0] = -1e30;
  values[999] = 1e30;
  const Histogram histogram = histogram_of(std::span<const double>{values}, RobustRange{0.01}, 16);
  CHECK(histogram.low == Approx(10).epsilon(2e-6));    // The value of rank floor(0.01 * 1000).
  CHECK(histogram.high == Approx(989).epsilon(2e-6));  // The value of rank 999 - 10.
  CHECK(histogram.total() == 1000);
}

TEST_CASE("Quantiles lie within 2^-20 of the sorted values") {
  std::vector<float> values = normals(5000, 3);
  QuantileScan scan{0.1};
  scan.add(std::span<const float>{values});
  scan.refine();
  scan.add(std::span<const float>{values});
  const FixedRange range = scan.range();
  std::sort(values.begin(), values.end());
  CHECK(range.low == Approx(values[500]).epsilon(0x1p-20));
  CHECK(range.high == Approx(values[4499]).epsilon(0x1p-20));
}

TEST_CASE("Counts are the same for any number of threads and for any chunks") {
  const std::vector<float> values = normals(300'001, 7);
  const std::span<const float> all{values};
  const Histogram one = histogram_of(all, MinMaxRange{0.05, 1e-6}, 64, 1);
  for (const int jobs : {2, 3, 8}) {
    const Histogram many = histogram_of(all, MinMaxRange{0.05, 1e-6}, 64, jobs);
    CHECK(many.counts == one.counts);
    CHECK(many.low == one.low);
    CHECK(many.high == one.high);
  }
  Extent extent;
  for (std::size_t at = 0; at < values.size(); at += 70'000) {
    add_to(extent, all.subspan(at, std::min<std::size_t>(70'000, values.size() - at)), 2);
  }
  Histogram streamed = empty_histogram(MinMaxRange{0.05, 1e-6}, extent, 64);
  for (std::size_t at = 0; at < values.size(); at += 999) {
    add_to(streamed, all.subspan(at, std::min<std::size_t>(999, values.size() - at)));
  }
  CHECK(streamed.counts == one.counts);
  CHECK(one.total() == 300'001);
}

TEST_CASE(
    "Spans that no double holds, and spans of the smallest doubles, are divided into bins like any other") {
  for (const double unit : {1.0, 0x1p1020, 0x1p-1070}) {
    CAPTURE(unit);
    std::vector<double> values;
    for (int i = -8; i < 8; ++i) values.push_back(i * unit);
    values.push_back(8 * unit);
    CHECK(histogram_of(std::span<const double>{values}, MinMaxRange{}, 16).counts ==
          std::vector<std::int64_t>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2});
  }
  const std::vector<double> extremes{-1.7e308, 0, 1.7e308};
  const Histogram wide = histogram_of(std::span<const double>{extremes}, MinMaxRange{0.5, 0}, 3);
  CHECK(wide.counts == std::vector<std::int64_t>{1, 1, 1});
  CHECK(wide.high == std::numeric_limits<double>::max());  // A margin ends where doubles do.
}

TEST_CASE("Entropy is at most that of as many equal bins, to the bit") {
  for (int bins = 1; bins <= 300; ++bins) {
    std::vector<double> even;
    for (int i = 0; i < bins; ++i) even.push_back(i + 0.5);
    const Histogram histogram =
        histogram_of(std::span<const double>{even}, FixedRange{0, static_cast<double>(bins)}, bins);
    CHECK(entropy(histogram, LogBase::kNats) <= portable_log(bins));
  }
}

TEST_CASE("NaN and infinities are counted apart from the extent") {
  const std::vector<double> values{1, NAN, -INFINITY, 3, INFINITY};
  Extent extent;
  add_to(extent, std::span<const double>{values});
  CHECK(extent.least == 1);
  CHECK(extent.greatest == 3);
  CHECK(extent.count == 2);
  CHECK(extent.not_finite == 3);
}

TEST_CASE("A normal law in narrow bins has the entropy of its density: log2(sigma sqrt(2 pi e) / width)") {
  const std::vector<float> values = normals(400'000, 11);
  const Histogram histogram = histogram_of(std::span<const float>{values}, FixedRange{-8, 8}, 160);
  const double expected = std::log2(std::sqrt(2 * M_PI * std::exp(1.0)) / 0.1);
  CHECK(entropy(histogram, LogBase::kBits) ==
        Approx(expected).margin(0.005));  // sd of log2 f / sqrt n = 0.0016.
}

}  // namespace
}  // namespace fusescape::numerics_entropy_test
