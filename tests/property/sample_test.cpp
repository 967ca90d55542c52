#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "for_all.hpp"
#include "fusescape/search/sweep_sample.hpp"

namespace fusescape::sample_test {
namespace {

using test_plans::Dice;
using test_plans::for_all;

std::size_t size_of(const std::vector<std::size_t>& extents) {
  std::size_t size = 1;
  for (const std::size_t extent : extents) size *= extent;
  return size;
}

TEST_CASE(
    "A sample holds as many distinct points of the grid as it should, in grid order, the same each time") {
  for_all(200, [](Dice& dice) {
    std::vector<std::size_t> extents(static_cast<std::size_t>(dice.in(0, 4)));
    for (std::size_t& extent : extents) extent = static_cast<std::size_t>(dice.in(1, 9));
    const auto size = static_cast<std::int64_t>(size_of(extents));
    const SweepSample sample{
        .method = dice.one_in(2) ? SampleMethod::kSobol : SampleMethod::kRandom,
        .count = dice.one_in(4) ? size : dice.in(1, size),
        .seed = dice.in(0, 1000),
    };
    CAPTURE(extents, sample.count, sample.seed, name_of(sample.method));
    const auto points = sampled_points(sample, extents);
    REQUIRE(points);
    CHECK(points->size() == static_cast<std::size_t>(sample.count));
    CHECK(std::set<std::uint64_t>(points->begin(), points->end()).size() == points->size());
    CHECK(std::is_sorted(points->begin(), points->end()));
    CHECK(points->back() < static_cast<std::uint64_t>(size));
    CHECK(sampled_points(sample, extents) == points);
  });
}

TEST_CASE("A random sample takes every set of points alike") {
  // 15 pairs of 6 points in 15,000 samples: 1,000 each, with a standard deviation of about 31.
  std::map<std::vector<std::uint64_t>, int> drawn;
  const std::vector<std::size_t> extents{2, 3};
  for (std::int64_t seed = 0; seed < 15'000; ++seed) {
    ++drawn[*sampled_points({.method = SampleMethod::kRandom, .count = 2, .seed = seed}, extents)];
  }
  CHECK(drawn.size() == 15);
  for (const auto& [pair, times] : drawn) CHECK(std::abs(times - 1000) < 150);
}

TEST_CASE("A Sobol sample gives each value of an axis its share, which a random one does not") {
  // 256 of 64 x 64 x 64 points: 4 per value of an axis if they are spread evenly.
  const std::vector<std::size_t> extents{64, 64, 64};
  const auto farthest_from_share = [&](SampleMethod method, std::int64_t seed) {
    const auto points = *sampled_points({.method = method, .count = 256, .seed = seed}, extents);
    int farthest = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      std::vector<int> times(64, 0);
      for (const std::uint64_t point : points) ++times[(point >> (6 * axis)) % 64];
      for (const int count : times) farthest = std::max(farthest, std::abs(count - 4));
    }
    return farthest;
  };
  for (std::int64_t seed = 0; seed < 20; ++seed) {
    CHECK(farthest_from_share(SampleMethod::kSobol, seed) <= 1);
    CHECK(farthest_from_share(SampleMethod::kRandom, seed) > 1);
  }
}

TEST_CASE("Another seed takes other points, by either method") {
  const std::vector<std::size_t> extents{30, 40};
  for (const SampleMethod method : {SampleMethod::kRandom, SampleMethod::kSobol}) {
    std::set<std::vector<std::uint64_t>> samples;
    for (std::int64_t seed = 0; seed < 20; ++seed) {
      samples.insert(*sampled_points({.method = method, .count = 50, .seed = seed}, extents));
    }
    CHECK(samples.size() == 20);
  }
}

TEST_CASE("A sample of a grid far too large to run holds points from all over it") {
  const std::vector<std::size_t> extents(17, 10);  // 10^17 points.
  for (const SampleMethod method : {SampleMethod::kRandom, SampleMethod::kSobol}) {
    const auto points = sampled_points({.method = method, .count = 1000, .seed = 1}, extents);
    REQUIRE(points);
    std::set<std::uint64_t> first;
    std::set<std::uint64_t> last;
    for (const std::uint64_t point : *points) {
      first.insert(point / 10'000'000'000'000'000);
      last.insert(point % 10);
    }
    CHECK(first.size() == 10);
    CHECK(last.size() == 10);
  }
  const std::vector<std::size_t> more(19, 10);
  CHECK_FALSE(sampled_points({.method = SampleMethod::kSobol, .count = 1, .seed = 1}, more));
}

TEST_CASE("More points than the grid has are refused") {
  const std::vector<std::size_t> extents{2, 3};
  const auto points = sampled_points({.method = SampleMethod::kRandom, .count = 7, .seed = 1}, extents);
  REQUIRE_FALSE(points);
  CHECK(points.error() == "the grid has only 6 points");
}

}  // namespace
}  // namespace fusescape::sample_test
