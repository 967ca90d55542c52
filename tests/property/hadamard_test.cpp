// Are the fast transforms the dense orthogonal matrices that they claim to be?
#include "fusescape/numerics/hadamard.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "for_all.hpp"
#include "fusescape/numerics/random.hpp"

namespace fusescape::hadamard_test {
namespace {

using test_plans::Dice;
using test_plans::for_all;

const std::vector<std::int64_t> kSizes{1,   2,   4,   8,    12,   16,   20,   24,  32,  40,
                                       48,  64,  80,  96,   128,  160,  192,  256, 320, 384,
                                       512, 640, 768, 1024, 1280, 1536, 2048, 2560};

Transform drawn_transform(Dice& dice) {
  return {*hadamard_order(dice.pick(kSizes)), dice.one_in(2) ? Paley::kOne : Paley::kTwo, dice.one_in(2)};
}

Eigen::VectorXd drawn_vector(Dice& dice, std::int64_t size) {
  RandomStream random{static_cast<std::uint64_t>(dice.in(0, 1'000'000))};
  Eigen::VectorXd x(size);
  for (double& value : x) value = random.student_t3();
  return x;
}

template <class T>
std::span<T> span_of(Eigen::Matrix<T, Eigen::Dynamic, 1>& x) {
  return {x.data(), static_cast<std::size_t>(x.size())};
}

TEST_CASE(
    "Every matrix of order 1, 12 and 20 has entries of 1 and -1 and M M^T = n I; Paley II is symmetric") {
  for (const std::int64_t base : {1, 12, 20}) {
    for (const Paley paley : {Paley::kOne, Paley::kTwo}) {
      for (const int log2 : {0, 1, 3}) {
        const Eigen::MatrixXd m = hadamard_matrix({base, log2}, paley);
        const auto n = static_cast<double>(m.rows());
        CHECK((m.array().abs() == 1).all());
        CHECK(m * m.transpose() == n * Eigen::MatrixXd::Identity(m.rows(), m.rows()));
        CHECK((m == m.transpose()) == (base == 1 || paley == Paley::kTwo));
      }
    }
  }
}

TEST_CASE("The fast transform is the product with the dense matrix") {
  for_all(150, [](Dice& dice) {
    const Transform transform = drawn_transform(dice);
    const std::int64_t n = transform.order.size();
    CAPTURE(n, transform.paley == Paley::kOne, transform.inverse);
    const Eigen::VectorXd x = drawn_vector(dice, n);
    Eigen::MatrixXd h = hadamard_matrix(transform.order, transform.paley) / std::sqrt(static_cast<double>(n));
    if (transform.inverse) h.transposeInPlace();
    Eigen::VectorXd fast = x;
    rotate_rows(span_of(fast), transform);
    CHECK((fast - h * x).norm() <= 1e-14 * std::sqrt(static_cast<double>(n)) * x.norm());
    Eigen::VectorXf narrow = x.cast<float>();
    rotate_rows(span_of(narrow), transform);
    CHECK((narrow.cast<double>() - h * x).norm() <= 1e-6 * x.norm());
  });
}

TEST_CASE("A transform keeps the norm, its transpose undoes it, and no coordinate exceeds |x|_1 / sqrt n") {
  for_all(150, [](Dice& dice) {
    Transform transform = drawn_transform(dice);
    const std::int64_t n = transform.order.size();
    CAPTURE(n, transform.paley == Paley::kOne, transform.inverse);
    const Eigen::VectorXd x = drawn_vector(dice, n);
    Eigen::VectorXd y = x;
    rotate_rows(span_of(y), transform);
    CHECK(std::fabs(y.norm() - x.norm()) <= 1e-13 * x.norm());
    CHECK(y.lpNorm<Eigen::Infinity>() <= x.lpNorm<1>() / std::sqrt(static_cast<double>(n)) * (1 + 1e-13));
    Eigen::VectorXd twice = y;
    rotate_rows(span_of(twice), transform);
    const bool involution = (twice - x).norm() <= 1e-12 * x.norm();
    const bool symmetric = transform.order.base == 1 || transform.paley == Paley::kTwo;
    CHECK((involution || !symmetric));
    transform.inverse = !transform.inverse;
    rotate_rows(span_of(y), transform);
    CHECK((y - x).norm() <= 1e-12 * x.norm());
  });
}

TEST_CASE("Paley I is no involution, so an inverse is needed") {
  Eigen::VectorXd x = Eigen::VectorXd::Unit(12, 0);
  rotate_rows(span_of(x), {{12, 0}, Paley::kOne, false});
  rotate_rows(span_of(x), {{12, 0}, Paley::kOne, false});
  CHECK((x - Eigen::VectorXd::Unit(12, 0)).norm() > 0.5);
}

TEMPLATE_TEST_CASE("Rows are transformed alike, to the bit, for any number of rows and of threads", "", float,
                   double) {
  for (const std::int64_t size : {2, 4, 8, 12, 20, 24, 40, 192}) {
    CAPTURE(size);
    RandomStream random{4};
    const auto width = static_cast<std::size_t>(size);
    const std::size_t rows = 300'000 / width / 8 * 8 + 3;  // Some are left over, however many go together.
    std::vector<TestType> all(rows * width);
    for (TestType& value : all) value = static_cast<TestType>(random.normal());
    std::vector<TestType> on_three = all;
    std::vector<TestType> alone = all;
    const Transform transform{*hadamard_order(size), Paley::kTwo, false};
    rotate_rows(std::span{all}, transform, 1);
    rotate_rows(std::span{on_three}, transform, 3);
    for (std::size_t row = 0; row < rows; row += 997)
      rotate_rows(std::span{alone}.subspan(row * width, width), transform, 1);
    CHECK(all == on_three);
    for (std::size_t row = 0; row < rows; row += 997) {
      const auto first = static_cast<std::ptrdiff_t>(row * width);
      CHECK(std::equal(alone.begin() + first, alone.begin() + first + size, all.begin() + first));
    }
  }
}

TEMPLATE_TEST_CASE("Orders 2^k are scaled, then added in pairs 1, 2, 4 ... apart, to the bit", "", float,
                   double) {
  for (std::int64_t size = 2; size <= 2048; size *= 2) {
    CAPTURE(size);
    RandomStream random{5};
    std::vector<TestType> fast(static_cast<std::size_t>(size));
    for (TestType& value : fast) value = static_cast<TestType>(random.normal());
    std::vector<TestType> plain = fast;
    rotate_rows(std::span{fast}, {*hadamard_order(size), Paley::kTwo, false}, 1);
    const auto scale = static_cast<TestType>(1 / std::sqrt(static_cast<double>(size)));
    for (TestType& value : plain) value *= scale;
    for (std::size_t half = 1; half < plain.size(); half *= 2) {
      for (std::size_t i = 0; i < plain.size(); ++i) {
        if ((i & half) != 0) continue;
        const TestType sum = plain[i] + plain[i + half];
        plain[i + half] = plain[i] - plain[i + half];
        plain[i] = sum;
      }
    }
    CHECK(fast == plain);
  }
}

TEST_CASE("A row that no first-level cache holds is transformed as the dense rows of its matrix say") {
  for (const std::int64_t base : {1, 12, 20}) {
    for (const Paley paley : {Paley::kOne, Paley::kTwo}) {
      const std::int64_t part = base == 1 ? std::int64_t{1} << 17 : std::int64_t{1} << 12;
      const std::int64_t size = base * part;
      CAPTURE(size, paley == Paley::kOne);
      RandomStream random{8};
      std::vector<double> x(static_cast<std::size_t>(size));
      for (double& value : x) value = random.normal();
      std::vector<double> y = x;
      rotate_rows(std::span{y}, {*hadamard_order(size), paley, false});
      const Eigen::MatrixXd signs = hadamard_matrix({base, 0}, paley);
      for (const std::int64_t row : {std::int64_t{0}, std::int64_t{1}, size / 2 + 1'001, size - 1}) {
        double sum = 0;
        for (std::int64_t i = 0; i < size; ++i) {
          const auto common = static_cast<unsigned long long>(row % part & i % part);
          const double sign = signs(row / part, i / part) * (__builtin_parityll(common) != 0 ? -1 : 1);
          sum += sign * x[static_cast<std::size_t>(i)];
        }
        const double expected = sum / std::sqrt(static_cast<double>(size));
        CHECK(y[static_cast<std::size_t>(row)] == Approx(expected).margin(1e-10));
      }
    }
  }
}

TEST_CASE("Every shipped Mamba width is an order; the nearest order to others is named") {
  for (const std::int64_t width : {192, 768, 1024, 1536, 2048, 2560, 3072, 4096, 5120, 8192}) {
    CAPTURE(width);
    CHECK(hadamard_order(width).has_value());
    CHECK(hadamard_order(width)->size() == width);
    CHECK(nearest_hadamard_order(width).size() == width);
  }
  for (const std::int64_t width : {0, -4, 3, 6, 10, 28, 36, 100, 193, 5121})
    CHECK_FALSE(hadamard_order(width));
  CHECK(nearest_hadamard_order(193).size() == 192);
  CHECK(nearest_hadamard_order(100).size() == 96);
}

}  // namespace
}  // namespace fusescape::hadamard_test
