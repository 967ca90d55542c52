// Does a table answer exactly what it holds: points, what lies between them, and its holes?
#include "fusescape/arch/technology.hpp"

#include <catch2/catch.hpp>

#include "technology_tables.hpp"

namespace fusescape::technology_test {
namespace {

using literals::operator""_B;
using namespace test_tables;

TEST_CASE("A capacity that the table lists has exactly the listed density") {
  const auto area = sram_area(cacti7(), 4_MiB);
  REQUIRE(area);
  CHECK(area->value == SquareMm{4 * 1.32});
  CHECK_FALSE(area->extrapolated);
}

TEST_CASE("Between listed capacities a number is linear in the logarithm of capacity") {
  // 2 MiB is half way from 1 to 4 MiB: (1.42 + 1.32) / 2 = 1.37 mm2 per MiB.
  CHECK(sram_area(cacti7(), 2_MiB)->value.value() == Approx(2 * 1.37));
  // 128 KiB is half way from 64 to 256 KiB.
  CHECK(sram_read_energy(cacti7(), 128_KiB)->value.value() == Approx((0.088 + 0.194) / 2));
  CHECK(sram_write_energy(cacti7(), 128_KiB)->value.value() == Approx((0.096 + 0.182) / 2));
  CHECK_FALSE(sram_read_energy(cacti7(), 128_KiB)->extrapolated);
}

TEST_CASE("Outside the listed capacities the end value is held and flagged") {
  const auto small = sram_area(cacti7(), 16_KiB);
  CHECK(small->value.value() == Approx(1.69 / 64));
  CHECK(small->extrapolated);
  const auto large = sram_area(cacti7(), 48_MiB);
  CHECK(large->value == SquareMm{48 * 1.25});
  CHECK(large->extrapolated);
  CHECK(sram_read_energy(cacti7(), 48_MiB)->value == Picojoules{2.153});
  CHECK(sram_read_energy(cacti7(), 48_MiB)->extrapolated);
}

TEST_CASE("Leakage is held per MiB outside the listed capacities, and exact at them") {
  CHECK(sram_leakage(cacti7(), 24_MiB)->value.value() == Approx(2.408e-3).epsilon(1e-14));
  CHECK(sram_leakage(cacti7(), 48_MiB)->value.value() == Approx(2 * 2.408e-3));
  CHECK(sram_leakage(cacti7(), 48_MiB)->extrapolated);
}

TEST_CASE("A larger memory never has less area, leakage or energy per bit") {
  const Technology technology = cacti7();
  for (Bytes capacity = 32_KiB; capacity < 64_MiB; capacity = capacity * 5) {
    const Bytes larger = capacity + capacity;
    CAPTURE(capacity.value());
    CHECK(sram_area(technology, larger)->value > sram_area(technology, capacity)->value);
    CHECK(sram_leakage(technology, larger)->value > sram_leakage(technology, capacity)->value);
    CHECK(sram_read_energy(technology, larger)->value >= sram_read_energy(technology, capacity)->value);
  }
}

TEST_CASE("A single point holds for every capacity, flagged except at the point") {
  CHECK_FALSE(sram_area(marca_calibrated(), 24_MiB)->extrapolated);
  CHECK(sram_area(marca_calibrated(), 6_MiB)->value.value() == Approx(44.4));
  CHECK(sram_area(marca_calibrated(), 6_MiB)->extrapolated);
}

TEST_CASE("A hole of a table is null and never zero") {
  CHECK_FALSE(pe_area(marca_calibrated(), DataType::kFp16));
  CHECK_FALSE(pe_area(tpuv1_upper(), DataType::kFp32));
  CHECK_FALSE(pe_area(cacti7(), DataType::kBf16));
  CHECK_FALSE(mac_energy(marca_calibrated(), DataType::kFp32));
  CHECK_FALSE(sram_read_energy(marca_calibrated(), 24_MiB));
  CHECK_FALSE(sram_write_energy(tpuv1_upper(), 24_MiB));
  CHECK_FALSE(sram_leakage(tpuv1_upper(), 24_MiB));
  CHECK_FALSE(sram_area(Technology{}, 1_B));
}

TEST_CASE("An fp16 multiplier with an fp32 accumulator is its own number") {
  CHECK(pe_area(cacti7(), DataType::kFp16) == SquareMm{0.00219});
  CHECK(pe_area(cacti7(), DataType::kFp16, DataType::kFp16) == SquareMm{0.00113});
}

TEST_CASE("Every label has a name that names it") {
  for (const Label label : {Label::kPublished, Label::kReproduced, Label::kModelled}) {
    CHECK(label_named(name_of(label)) == label);
  }
  CHECK_FALSE(label_named("guessed"));
}

}  // namespace
}  // namespace fusescape::technology_test
