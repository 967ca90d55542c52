// Are node factors ratios of one scale?
#include "fusescape/arch/node_scaling.hpp"

#include <catch2/catch.hpp>

namespace fusescape::node_scaling_test {
namespace {

constexpr std::int64_t kNodes[] = {45, 40, 28, 16, 7};

TEST_CASE("Node factors compose, and going back undoes them") {
  for (const auto a : kNodes) {
    for (const auto b : kNodes) {
      const NodeFactor there = node_factor(a, b).value();
      const NodeFactor back = node_factor(b, a).value();
      CAPTURE(a, b);
      CHECK(there.area * back.area == Approx(1.0).epsilon(1e-14));
      CHECK(there.energy * back.energy == Approx(1.0).epsilon(1e-14));
      for (const auto c : kNodes) {
        CHECK(there.area * node_factor(b, c)->area == Approx(node_factor(a, c)->area).epsilon(1e-14));
        CHECK(there.energy * node_factor(b, c)->energy == Approx(node_factor(a, c)->energy).epsilon(1e-14));
      }
    }
  }
}

TEST_CASE("A newer node is never larger or hungrier") {
  for (std::size_t i = 1; i < std::size(kNodes); ++i) {
    CHECK(node_factor(kNodes[i - 1], kNodes[i])->area < 1.0);
    CHECK(node_factor(kNodes[i - 1], kNodes[i])->energy < 1.0);
  }
}

TEST_CASE("A factor is published only in the direction that the source gives, and rests on 28 nm") {
  CHECK(node_factor(45, 28)->label == Label::kPublished);
  CHECK(node_factor(28, 7)->label == Label::kPublished);
  CHECK(node_factor(28, 45)->label == Label::kModelled);
  CHECK(node_factor(45, 16)->label == Label::kModelled);
  CHECK(node_factor(45, 16)->interpolated);
  CHECK_FALSE(node_factor(16, 16)->interpolated);
}

TEST_CASE("A node that the source lacks has no factor") {
  CHECK_FALSE(node_factor(28, 12));
  CHECK_FALSE(node_factor(65, 28));
  CHECK_FALSE(bitcell_area_per_mib(12));
}

}  // namespace
}  // namespace fusescape::node_scaling_test
