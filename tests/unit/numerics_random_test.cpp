// Are the random numbers the same everywhere, and do they follow their laws?
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "fusescape/numerics/random.hpp"

namespace fusescape::numerics_random_test {
namespace {

TEST_CASE("A seed gives the same numbers everywhere, another seed or stream others") {
  RandomStream a{42};
  RandomStream b{42};
  RandomStream other_seed{43};
  RandomStream other_stream{42, 1};
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t drawn = a.bits();
    CHECK(drawn == b.bits());
    CHECK(drawn != other_seed.bits());
    CHECK(drawn != other_stream.bits());
  }
}

TEST_CASE("Normal numbers have mean 0, variance 1, and the shares beyond 1, 2 and 3 that tables give") {
  RandomStream random{5};
  constexpr int kCount = 1'000'000;
  double sum = 0;
  double squares = 0;
  std::vector<int> beyond(4, 0);
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    for (int k = 1; k <= 3; ++k) beyond[static_cast<std::size_t>(k)] += std::fabs(x) > k ? 1 : 0;
  }
  CHECK(std::fabs(sum / kCount) < 4e-3);                // 4 standard errors.
  CHECK(std::fabs(squares / kCount - 1) < 4 * 1.5e-3);  // sd of x^2 is sqrt 2.
  for (int k = 1; k <= 3; ++k) {
    const double share = std::erfc(k / std::sqrt(2.0));
    CAPTURE(k);
    CHECK(std::fabs(beyond[static_cast<std::size_t>(k)] - share * kCount) < 4 * std::sqrt(share * kCount));
  }
}

TEST_CASE("Student's t with 3 degrees of freedom passes its quartile and its 97.5th percentile") {
  RandomStream random{6};
  constexpr int kCount = 400'000;
  int within_quartile = 0;
  int within_high = 0;
  for (int i = 0; i < kCount; ++i) {
    const double t = std::fabs(random.student_t3());
    within_quartile += t < 0.764892328404345 ? 1 : 0;  // Tables of t, 3 degrees of freedom: 75% and 97.5%.
    within_high += t < 3.182446305284263 ? 1 : 0;
  }
  CHECK(std::fabs(within_quartile - 0.5 * kCount) < 4 * std::sqrt(0.25 * kCount));
  CHECK(std::fabs(within_high - 0.95 * kCount) < 4 * std::sqrt(0.0475 * kCount));
}

TEST_CASE("below(n) reaches every number about equally often") {
  RandomStream random{9};
  std::vector<int> seen(7, 0);
  for (int i = 0; i < 70'000; ++i) ++seen[random.below(7)];
  for (const int count : seen) CHECK(std::abs(count - 10'000) < 400);
}

}  // namespace
}  // namespace fusescape::numerics_random_test
