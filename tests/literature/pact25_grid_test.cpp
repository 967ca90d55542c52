// Do the derived designs match those of the fine-grained fusion paper's artifact (PACT 2025, PACT-AE)?
#include <catch2/catch.hpp>
#include <cstdint>
#include <utility>

#include "fusescape/arch/iso_area.hpp"

namespace fusescape::pact25_grid_test {
namespace {

using literals::operator""_MiB;

constexpr const char* kAreas[] = {"0.125", "0.5", "1", "1.25"};

AreaTemplate pact25(Rounding rounding, Misfit misfit) {
  return {.full_sram = 30_MiB,
          .full_pes = 40960,
          .full_bandwidth = BitsPerCycle{2048},
          .full_area_mm2 = Ratio{222},
          .phy = {},
          .rounding = rounding,
          .misfit = misfit};
}

DerivedDesign design(const char* a, std::int64_t percent, Rounding rounding = Rounding::kExact,
                     Misfit misfit = Misfit::kNearestLower) {
  return derive(pact25(rounding, misfit), parse_decimal(a).value(), Ratio::of(percent, 100).value()).value();
}

TEST_CASE("The array shapes of the artifact at a = 1 are reproduced") {
  const std::pair<std::int64_t, ArrayShape> known[] = {
      {8192, {64, 128}},   {16384, {128, 128}}, {20480, {128, 160}}, {24576, {128, 192}},
      {28672, {128, 224}}, {32768, {128, 256}}, {36864, {192, 192}}, {38912, {152, 256}}};
  for (const auto& [pes, shape] : known) {
    CAPTURE(pes);
    CHECK(array_shape(pes) == shape);
  }
}

TEST_CASE("The MARCA point is 24 MiB, 8192 PEs as 64 x 128, and 2048 bits per cycle") {
  const DerivedDesign marca = design("1", 80);
  CHECK(marca.sram == 24_MiB);
  CHECK(marca.budgeted_pes == 8192);
  CHECK(marca.array == ArrayShape{64, 128});
  CHECK(marca.dram_bandwidth == BitsPerCycle{2048});
}

TEST_CASE("The smallest area of the grid has 724 bits per cycle") {
  CHECK(design("0.125", 50).dram_bandwidth == BitsPerCycle{724});
}

TEST_CASE("Exactly computed, every point of the grid has the PEs of its fraction, and a shape") {
  for (const char* a : kAreas) {
    for (std::int64_t percent = 5; percent < 100; percent += 5) {
      CAPTURE(a, percent);
      const DerivedDesign point = design(a, percent);
      // a x 40960 is a multiple of 1280, so that times a multiple of 5% is a whole number of PEs.
      const Ratio share = product(parse_decimal(a).value(), Ratio::of(100 - percent, 100).value()).value();
      CHECK(product(share, Ratio{40960}) == Ratio{point.budgeted_pes});
      CHECK(array_shape(point.budgeted_pes, Misfit::kSquare) == array_shape(point.budgeted_pes));
    }
  }
}

TEST_CASE("In binary64, 13 of the 76 points get one PE more, and 8 of them fall back to a square") {
  int one_more = 0;
  int squares = 0;
  for (const char* a : kAreas) {
    for (std::int64_t percent = 5; percent < 100; percent += 5) {
      CAPTURE(a, percent);
      const DerivedDesign exact = design(a, percent);
      const DerivedDesign binary = design(a, percent, Rounding::kBinary64, Misfit::kSquare);
      const std::int64_t extra = binary.budgeted_pes - exact.budgeted_pes;
      CHECK((extra == 0 || extra == 1));
      one_more += extra == 1;
      const std::int64_t side = integer_sqrt(binary.budgeted_pes);
      squares += binary.array == ArrayShape{side, side} && binary.array != exact.array;
    }
  }
  CHECK(one_more == 13);
  CHECK(squares == 8);
}

TEST_CASE("One point of the grid is snapped, downwards: 33,280 PEs to 32,768") {
  for (const char* a : kAreas) {
    for (std::int64_t percent = 5; percent < 100; percent += 5) {
      CAPTURE(a, percent);
      const DerivedDesign point = design(a, percent);
      const bool snapped = point.budgeted_pes == 33280;
      CHECK(point.array.pes() == (snapped ? 32768 : point.budgeted_pes));
    }
  }
  CHECK(design("1.25", 35).array == ArrayShape{128, 256});
}

TEST_CASE("In binary64, a = 1 and m = 0.7 give 12,289 PEs on 110 x 110") {
  const DerivedDesign point = design("1", 70, Rounding::kBinary64, Misfit::kSquare);
  CHECK(point.budgeted_pes == 12289);
  CHECK(point.array == ArrayShape{110, 110});
  CHECK(design("1", 70).array == ArrayShape{96, 128});
}

}  // namespace
}  // namespace fusescape::pact25_grid_test
