// Do the derived fields of a template follow their rules, and refuse what has no design?
#include "fusescape/arch/iso_area.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>

namespace fusescape::iso_area_test {
namespace {

using literals::operator""_MiB;

Ratio decimal(const char* text) {
  return parse_decimal(text).value();
}

AreaTemplate whole_die() {
  return {.full_sram = 30_MiB,
          .full_pes = 40960,
          .full_bandwidth = BitsPerCycle{2048},
          .full_area_mm2 = Ratio{222},
          .phy = {.area_mm2 = decimal("1.30625"), .bandwidth = BitsPerCycle{256}, .count = {}}};
}

TEST_CASE("An array is the most square pair under a ratio of three, for every number of PEs") {
  for (std::int64_t pes = 1; pes <= 20000; ++pes) {
    const ArrayShape shape = array_shape(pes);
    CAPTURE(pes, shape.rows, shape.cols);
    REQUIRE(shape.rows <= shape.cols);
    REQUIRE(shape.cols < 3 * shape.rows);
    for (std::int64_t rows = shape.rows + 1; rows * rows <= shape.pes(); ++rows) {
      REQUIRE(shape.pes() % rows != 0);
    }
  }
}

TEST_CASE("A number of PEs within 5% of a power of two is taken for it, and one outside is not") {
  // 5% of 1024 is 51.2, of 8192 is 409.6.
  CHECK(array_shape(1075) == ArrayShape{32, 32});
  CHECK(array_shape(973) == ArrayShape{32, 32});
  CHECK(array_shape(1076).pes() != 1024);
  CHECK(array_shape(972).pes() != 1024);
  CHECK(array_shape(8601) == ArrayShape{64, 128});
  CHECK(array_shape(7783) == ArrayShape{64, 128});
  CHECK(array_shape(7782).pes() < 7783);
}

TEST_CASE("A number of PEs without a shape moves to the nearest lower one, or to a square if so told") {
  // 12289 is prime; 12288 = 96 x 128. 110^2 = 12100 <= 12289 < 111^2.
  CHECK(array_shape(12289) == ArrayShape{96, 128});
  CHECK(array_shape(12289, Misfit::kSquare) == ArrayShape{110, 110});
  CHECK(array_shape(12288, Misfit::kSquare) == ArrayShape{96, 128});
}

TEST_CASE("Every bandwidth rule gives the full bandwidth on the whole die") {
  for (const auto& [rule, name] : kBandwidthRules) {
    CAPTURE(name);
    AreaTemplate area = whole_die();
    area.bandwidth_rule = rule;
    const auto design = derive(area, Ratio{1}, decimal("0.8"));
    REQUIRE(design);
    CHECK(design->sram == 24_MiB);
    CHECK(design->array == ArrayShape{64, 128});
    CHECK(design->dram_bandwidth == BitsPerCycle{2048});
  }
}

TEST_CASE("The three bandwidth rules part on half a die") {
  AreaTemplate area = whole_die();
  area.bandwidth_rule = BandwidthRule::kFixed;
  CHECK(derive(area, decimal("0.5"), decimal("0.8"))->dram_bandwidth == BitsPerCycle{2048});
  area.bandwidth_rule = BandwidthRule::kSqrtArea;
  CHECK(derive(area, decimal("0.5"), decimal("0.8"))->dram_bandwidth == BitsPerCycle{1448});
  area.bandwidth_rule = BandwidthRule::kPhy;
  const auto phy = derive(area, decimal("0.5"), decimal("0.8"));
  CHECK(phy->dram_bandwidth == BitsPerCycle{1024});
  CHECK(phy->dram_channels == 4);
}

TEST_CASE("Whole channels charge their area: SRAM, PEs and PHYs together use the same die") {
  AreaTemplate area = whole_die();
  area.bandwidth_rule = BandwidthRule::kPhy;
  // a = 0.7 pays for 5.6 channels; five are whole, and 0.6 x 1.30625 = 0.78375 mm2 goes back:
  // 0.7 + 0.78375 / 222 = 0.703530... of the die is SRAM and PEs; half of it is memory.
  const auto design = derive(area, decimal("0.7"), decimal("0.5"));
  REQUIRE(design);
  CHECK(design->dram_channels == 5);
  const double core_fraction = 0.7 + 0.6 * 1.30625 / 222.0;
  CHECK(design->sram.value() == static_cast<std::int64_t>(core_fraction * 0.5 * 30 * 1024 * 1024));
  CHECK(static_cast<double>(design->budgeted_pes) == Approx(core_fraction * 0.5 * 40960).margin(1.0));

  // More channels than the share are paid for with SRAM and PEs: 8 channels on half a die.
  area.phy.count = 8;
  const auto wide = derive(area, decimal("0.5"), decimal("0.5"));
  REQUIRE(wide);
  CHECK(wide->dram_bandwidth == BitsPerCycle{2048});
  CHECK(wide->sram < derive(whole_die(), decimal("0.5"), decimal("0.5"))->sram);

  area.phy.count = 200;  // 196 channels too many x 1.30625 mm2 = 256 mm2, and half a die is 111.
  CHECK(derive(area, decimal("0.5"), decimal("0.5")).error() == DerivationError::kPhyTooLarge);
}

TEST_CASE("Fractions without a design are refused, each with its reason") {
  const AreaTemplate area = whole_die();
  CHECK(derive(area, Ratio{0}, decimal("0.5")).error() == DerivationError::kAreaFraction);
  CHECK(derive(area, Ratio{1}, Ratio{0}).error() == DerivationError::kMemoryFraction);
  CHECK(derive(area, Ratio{1}, Ratio{1}).error() == DerivationError::kMemoryFraction);
  CHECK(derive(area, decimal("0.0000001"), decimal("0.5")).error() == DerivationError::kNoBandwidth);
  CHECK(derive(area, decimal("100000000000000"), decimal("0.5")).error() == DerivationError::kTooLarge);
  AreaTemplate fixed = whole_die();
  fixed.bandwidth_rule = BandwidthRule::kFixed;
  CHECK(derive(fixed, decimal("0.00000001"), decimal("0.5")).error() == DerivationError::kNoSram);
  fixed.bandwidth_rule = BandwidthRule::kPhy;
  CHECK(derive(fixed, decimal("0.1"), decimal("0.5")).error() == DerivationError::kNoBandwidth);
}

TEST_CASE("More area never gives less SRAM, fewer budgeted PEs or less bandwidth") {
  for (const auto& [rule, name] : kBandwidthRules) {
    CAPTURE(name);
    AreaTemplate area = whole_die();
    area.bandwidth_rule = rule;
    DerivedDesign last;
    for (std::int64_t a = 20; a <= 150; a += 10) {
      const auto design = derive(area, Ratio::of(a, 100).value(), decimal("0.35"));
      REQUIRE(design);
      CHECK(design->sram >= last.sram);
      CHECK(design->budgeted_pes >= last.budgeted_pes);
      CHECK(design->dram_bandwidth >= last.dram_bandwidth);
      last = *design;
    }
  }
}

}  // namespace
}  // namespace fusescape::iso_area_test
