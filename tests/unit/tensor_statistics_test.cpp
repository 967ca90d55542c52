// Are the measures of concentration and of quantisation error those of their definitions?
#include "fusescape/numerics/tensor_statistics.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "fusescape/numerics/random.hpp"

namespace fusescape::tensor_statistics_test {
namespace {

TEST_CASE("Statistics of two small rows are what one calculates by hand") {
  // Row 1: rms sqrt((9 + 1 + 1 + 1) / 4) = sqrt 3, mean |x| 1.5. Row 2: all 2, so crest and max / mean are 1.
  const std::vector<double> rows{3, -1, 1, -1, 2, 2, 2, 2};
  const TensorStatistics found = statistics_of(std::span<const double>{rows}, 4, 1.0);
  CHECK(found.mean == Approx(10.0 / 8));
  CHECK(found.standard_deviation == Approx(std::sqrt(28.0 / 8 - 1.25 * 1.25)));
  CHECK(found.least == -1);
  CHECK(found.greatest == 3);
  CHECK(found.crest == Approx((3 / std::sqrt(3.0) + 1) / 2));
  CHECK(found.max_over_mean == Approx((3 / 1.5 + 1) / 2));
  CHECK(found.outlier_rate == 5.0 / 8);  // |x| > 1.392: the 3 and four 2s.
}

TEST_CASE("Rows of zeros have no crest, and constant tensors no kurtosis and no outliers") {
  const std::vector<double> zeros(12, 0.0);
  const TensorStatistics found = statistics_of(std::span<const double>{zeros}, 4, 6.0);
  CHECK(found.crest == 0);
  CHECK(found.excess_kurtosis == 0);
  CHECK(found.outlier_rate == 0);
  CHECK(found.quantisation.int4[0] == 0);
}

TEST_CASE("Rounding to steps of a scale costs what the steps are wide") {
  // Tensor scale 7: int4 steps of 1. Errors .25, 0, .5 (to even: 2), 0; x^2 sums to .0625 + 49 + 6.25 + 1.
  const std::vector<double> row{0.25, 7, 2.5, -1};
  const TensorStatistics found = statistics_of(std::span<const double>{row}, 4, 6.0);
  CHECK(found.quantisation.int4[0] == Approx((0.0625 + 0.25) / 56.3125));
  CHECK(found.quantisation.int4[1] == Approx(found.quantisation.int4[0]));  // One row: the same scale.
  CHECK(found.quantisation.int4[2] == Approx(0).margin(1e-20));  // Each column its own scale: exact.
  CHECK(found.quantisation.int8[0] < found.quantisation.int4[0]);
}

TEST_CASE(
    "A normal law has kurtosis 0 and the crest of the largest of n; a large mean does not swallow the "
    "variance") {
  RandomStream random{12};
  std::vector<double> values(200'000);
  for (double& value : values) value = 1e6 + random.normal();
  const TensorStatistics found = statistics_of(std::span<const double>{values}, 200, 6.0);
  CHECK(found.standard_deviation == Approx(1).epsilon(0.007));  // 4 / sqrt(2n).
  CHECK(std::fabs(found.excess_kurtosis) < 0.05);               // 4 sqrt(24 / n).
}

TEST_CASE("Chunks of rows give the same statistics as all rows at once") {
  RandomStream random{13};
  std::vector<float> values(96 * 50);
  for (float& value : values) value = static_cast<float>(random.student_t3());
  const std::span<const float> all{values};
  const TensorStatistics whole = statistics_of(all, 96, 6.0);
  Moments moments{96};
  for (std::size_t at = 0; at < values.size(); at += 960) moments.add(all.subspan(at, 960));
  Spread spread{moments, 6.0};
  for (std::size_t at = 0; at < values.size(); at += 480) spread.add(all.subspan(at, 480));
  const TensorStatistics pieces = statistics_of(moments, spread);
  CHECK(pieces.standard_deviation == whole.standard_deviation);
  CHECK(pieces.crest == whole.crest);
  CHECK(pieces.excess_kurtosis == whole.excess_kurtosis);
  CHECK(pieces.quantisation.int8 == whole.quantisation.int8);
}

}  // namespace
}  // namespace fusescape::tensor_statistics_test
