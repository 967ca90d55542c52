// Is an area the sum of its parts, and null where a part is unknown?
#include "fusescape/arch/area.hpp"

#include <catch2/catch.hpp>
#include <utility>

#include "technology_tables.hpp"

namespace fusescape::area_test {
namespace {

using namespace test_tables;

Accelerator marca() {
  Accelerator accelerator;
  Core& core = accelerator.cores.emplace_back();
  core.rows = 64;
  core.cols = 128;
  accelerator.sram.capacity = 24_MiB;
  accelerator.dram.bandwidth = BitsPerCycle{2048};
  return accelerator;
}

TEST_CASE("An area is the sum of its parts") {
  const AreaBreakdown area = area_of(marca(), cacti7(), PhyArea::kCharged);
  REQUIRE(area.total);
  CHECK(area.sram == SquareMm{30.0});
  CHECK(area.pes->value() == Approx(8192 * 0.00448));
  CHECK(area.phy->value() == Approx(10.45));  // 256 GB/s over 32 GB/s a channel: eight channels, a stack.
  CHECK_FALSE(area.uncore);
  CHECK(*area.total == *area.sram + *area.pes + *area.phy);
}

TEST_CASE("PHYs are whole channels, and are charged only if asked for") {
  Accelerator accelerator = marca();
  accelerator.dram.bandwidth = BitsPerCycle{724};  // 90.5 GB/s: three channels of 32 GB/s.
  CHECK(area_of(accelerator, cacti7(), PhyArea::kCharged).phy->value() == Approx(3 * 10.45 / 8));
  CHECK_FALSE(area_of(accelerator, cacti7()).phy);
  CHECK(area_of(accelerator, cacti7()).total == area_of(marca(), cacti7()).total);
}

TEST_CASE("A total without a necessary part is null, and the known parts stay") {
  Accelerator half = marca();
  half.pe_type = DataType::kFp16;
  const AreaBreakdown area = area_of(half, marca_calibrated());
  CHECK(area.sram);
  CHECK_FALSE(area.pes);
  CHECK_FALSE(area.total);
  CHECK_FALSE(area_of(marca(), marca_calibrated(), PhyArea::kCharged).total);
}

TEST_CASE("A core takes its area whether or not it is used, each in its own type") {
  Accelerator accelerator = marca();
  Core half = accelerator.cores.front();
  half.type = DataType::kFp16;
  accelerator.left_out.push_back(half);
  CHECK(area_of(accelerator, cacti7()).pes->value() == Approx(8192 * (0.00448 + 0.00219)));
  CHECK(accelerator.pes() == 8192);
  std::swap(accelerator.cores, accelerator.left_out);
  CHECK(area_of(accelerator, cacti7()).pes->value() == Approx(8192 * (0.00448 + 0.00219)));
  accelerator.cores.front().type = DataType::kBf16;  // Of which the table has none.
  CHECK_FALSE(area_of(accelerator, cacti7()).total);
}

TEST_CASE("A table closed on its reference die gives the reference design the die's area") {
  const auto closed = closed_on_reference(cacti7());
  REQUIRE(closed);
  const AreaBreakdown area = area_of(marca(), *closed);
  CHECK(area.total->value() == Approx(222.0));
  CHECK(area.uncore == closure_of(cacti7())->unexplained());
  CHECK(closed->uncore->provenance.label == Label::kModelled);
  CHECK(closed_on_reference(*closed)->uncore->value == closed->uncore->value);
}

TEST_CASE("A table that prices the reference die above its area cannot be closed on it") {
  Technology dear = cacti7();
  dear.sram_area.points = {{24_MiB, SquareMm{10.0}}};  // 240 mm2 of SRAM on 222.
  CHECK_FALSE(closed_on_reference(dear));
  dear.reference.reset();
  CHECK_FALSE(closure_of(dear));
}

}  // namespace
}  // namespace fusescape::area_test
