// Is energy the sum of what was counted times what it costs, and null where a cost is unknown?
#include "fusescape/arch/energy.hpp"

#include <catch2/catch.hpp>

#include "technology_tables.hpp"

namespace fusescape {
namespace {

using namespace test_tables;
using literals::operator""_B;

EnergyCounts one_of_each() {
  EnergyCounts counts{.dram = 100_B, .onchip_read = 200_B, .onchip_write = 300_B};
  counts.ops[static_cast<std::size_t>(DataType::kFp32)] = Ops{1000};
  return counts;
}

TEST_CASE("Energy is the sum of bytes and operations times their costs") {
  const OnChipMemory memory{.capacity = 24_MiB, .banks = 1};
  const EnergyBreakdown energy = energy_of(one_of_each(), memory, cacti7());
  CHECK(energy.dram->value() == Approx(800 * 3.9));
  CHECK(energy.onchip_read->value() == Approx(1600 * 2.153));
  CHECK(energy.onchip_write->value() == Approx(2400 * 2.119));
  CHECK(energy.compute->value() == Approx(1000 * 2.36));
  CHECK(*energy.total() == *energy.dram + *energy.onchip_read + *energy.onchip_write + *energy.compute);
  CHECK_FALSE(energy.extrapolated);
}

TEST_CASE("A banked memory reads one bank and drives a wire over half its side") {
  const OnChipMemory memory{.capacity = 24_MiB, .banks = {}};  // 384 banks of 64 KiB.
  const auto banked = access_energy(memory, cacti7(), SramAccess::kBanked);
  REQUIRE(banked);
  const double wire = 0.12 * 5.477225575 / 2;  // sqrt(30 mm2) = 5.477225575 mm.
  CHECK(banked->read.value.value() == Approx(0.088 + wire));
  CHECK(banked->write.value.value() == Approx(0.096 + wire));
  const auto monolithic = access_energy(memory, cacti7(), SramAccess::kMonolithic);
  CHECK(monolithic->read.value == Picojoules{2.153});
}

TEST_CASE("One bank is the same memory banked or monolithic, and needs no wire") {
  Technology wireless = cacti7();
  wireless.wire_energy.reset();
  const OnChipMemory one{.capacity = 64_KiB, .banks = {}};
  CHECK(access_energy(one, wireless, SramAccess::kBanked)->read.value == Picojoules{0.088});
  CHECK(access_energy(one, wireless, SramAccess::kMonolithic)->read.value == Picojoules{0.088});
  const OnChipMemory two{.capacity = 128_KiB, .banks = {}};
  CHECK_FALSE(access_energy(two, wireless, SramAccess::kBanked));
}

TEST_CASE("A missing cost makes its part and the total null, unless nothing was counted for it") {
  const OnChipMemory memory{.capacity = 24_MiB, .banks = {}};
  const EnergyBreakdown none = energy_of(one_of_each(), memory, marca_calibrated());
  CHECK_FALSE(none.dram);
  CHECK_FALSE(none.onchip_read);
  CHECK_FALSE(none.compute);
  CHECK_FALSE(none.total());

  EnergyCounts bf16 = one_of_each();
  bf16.ops[static_cast<std::size_t>(DataType::kBf16)] = Ops{1};
  CHECK_FALSE(energy_of(bf16, memory, cacti7()).compute);
  CHECK_FALSE(energy_of(bf16, memory, cacti7()).total());

  CHECK(energy_of(EnergyCounts{}, memory, marca_calibrated()).total() == Picojoules{0.0});
}

TEST_CASE("An overflowed count has no energy") {
  EnergyCounts counts;
  counts.dram = Bytes::overflowed();
  CHECK_FALSE(energy_of(counts, OnChipMemory{.capacity = 24_MiB, .banks = {}}, cacti7()).total());
}

TEST_CASE("Power is energy over time plus leakage, and null if either is") {
  // 14.336 W = 256 GB/s x 8 bit x 7 pJ.
  const Picojoules second{256e9 * 8 * 7};
  CHECK(average_power(second, Seconds{1.0}, Watts{0.0})->value() == Approx(14.336));
  CHECK(average_power(second, Seconds{2.0}, Watts{0.5})->value() == Approx(7.668));
  CHECK_FALSE(average_power(std::nullopt, Seconds{1.0}, Watts{0.0}));
  CHECK_FALSE(average_power(second, Seconds{1.0}, std::nullopt));
  CHECK(leakage_of(OnChipMemory{.capacity = 24_MiB, .banks = {}}, cacti7())->value() == Approx(2.408e-3));
}

}  // namespace
}  // namespace fusescape
