// Do the area tables give the numbers of their sources?
#include <catch2/catch.hpp>

#include "fusescape/arch/area.hpp"
#include "fusescape/arch/node_scaling.hpp"
#include "technology_tables.hpp"

namespace fusescape::area_energy_test {
namespace {

using namespace test_tables;

TEST_CASE("Node factors are those of Stillmaker and Baas 2017") {
  // doi 10.1016/j.vlsi.2017.02.002; 28 nm interpolated there.
  CHECK(node_factor(45, 28)->area == Approx(0.3767).epsilon(1e-15));
  CHECK(node_factor(45, 28)->energy == Approx(0.513).epsilon(1e-15));
  CHECK(node_factor(40, 28)->area == Approx(0.547).epsilon(1e-15));
  CHECK(node_factor(40, 28)->energy == Approx(0.591).epsilon(1e-15));
  CHECK(node_factor(28, 16)->area == 0.570);
  CHECK(node_factor(28, 16)->energy == 0.338);
  CHECK(node_factor(28, 7)->area == 0.180);
  CHECK(node_factor(28, 7)->energy == 0.184);
}

TEST_CASE("PE areas are Horowitz's 45 nm multiplier and adder at 28 nm") {
  // ISSCC 2014, um2 at 45 nm: multipliers 7700 fp32, 1640 fp16, 282 int8; adders 4184, 1360, 137 (int32).
  const double um2 = 1e-6 * node_factor(45, 28)->area;
  const Technology cacti = cacti7();
  CHECK(pe_area(cacti, DataType::kFp32)->value() == Approx((7700 + 4184) * um2).epsilon(2e-3));
  CHECK(pe_area(cacti, DataType::kFp16)->value() == Approx((1640 + 4184) * um2).epsilon(2e-3));
  CHECK(pe_area(cacti, DataType::kFp16, DataType::kFp16)->value() ==
        Approx((1640 + 1360) * um2).epsilon(2e-3));
  CHECK(pe_area(cacti, DataType::kInt8)->value() == Approx((282 + 137) * um2).epsilon(2e-3));
  CHECK(mac_energy(cacti, DataType::kFp32)->value() == Approx((3.7 + 0.9) * 0.513).epsilon(2e-3));
  CHECK(mac_energy(cacti, DataType::kInt8)->value() == Approx((0.2 + 0.1) * 0.513).epsilon(2e-3));
}

TEST_CASE("The calibrated table closes on MARCA, 80% SRAM and 20% PEs") {
  const Closure closure = closure_of(marca_calibrated()).value();
  CHECK(closure.explained().value() == Approx(222.0).epsilon(1e-12));
  CHECK(closure.sram / closure.die == Approx(0.80));
  CHECK(pe_area(marca_calibrated(), DataType::kFp32)->value() == Approx(0.00542).margin(5e-6));
}

TEST_CASE("CACTI explains 67 of MARCA's 222 mm2, with its megabytes read as binary") {
  // 24 MiB x 1.25 + 8192 x 0.00448 = 30 + 36.70 = 66.70 mm2.
  const Closure closure = closure_of(cacti7()).value();
  CHECK(closure.explained().value() == Approx(66.70).margin(0.005));
  CHECK(closure.unexplained().value() == Approx(155.30).margin(0.005));
  // Read as 10^6 bytes they make it 68 and 154: 25.166 MB x 1.25 + 36.70 = 68.16 mm2. No conclusion differs.
  const double decimal_mb = 24 * 1.048576;
  CHECK(decimal_mb * 1.25 + closure.pes.value() == Approx(68.16).margin(0.005));
}

TEST_CASE("MARCA's SRAM is 4.4 to 5.9 times less dense than CACTI's") {
  const double marca = sram_area(marca_calibrated(), 24_MiB)->value.value() / 24;
  CHECK(marca / sram_area(cacti7(), 24_MiB)->value.value() * 24 == Approx(5.92));
  CHECK(marca / sram_area(cacti7(), 64_KiB)->value.value() / 16 == Approx(4.38).margin(0.005));
}

TEST_CASE("TPU v1 explains 67% of its die: buffers 37%, matrix unit 30%") {
  const Closure closure = closure_of(tpuv1_upper()).value();
  CHECK(closure.sram / closure.die == Approx(0.37).margin(5e-4));
  CHECK(closure.pes / closure.die == Approx(0.30).margin(5e-4));
}

TEST_CASE("No table's SRAM is denser than its bare cells") {
  CHECK(bitcell_area_per_mib(28)->value() == Approx(1.065).margin(5e-4));
  for (const Technology& technology : {marca_calibrated(), cacti7(), tpuv1_upper()}) {
    CAPTURE(technology.name);
    for (const SramAreaPoint& point : technology.sram_area.points) {
      CHECK(point.per_mib > *bitcell_area_per_mib(28));
    }
  }
}

}  // namespace
}  // namespace fusescape::area_energy_test
