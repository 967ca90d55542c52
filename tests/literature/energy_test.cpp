// Do shipped energies give the numbers of their sources, and a plan's energy the parts that it should have?
#include "fusescape/cost/energy.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "designs.hpp"
#include "fusescape/arch/node_scaling.hpp"
#include "fusescape/report/energy_notes.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/strategy.hpp"
#include "loaded.hpp"

namespace fusescape::energy_test {
namespace {

constexpr double kBitsPerByte = 8.0;

TEST_CASE("Operations of cacti7-28nm are Horowitz's at 45 nm times the factor of Stillmaker and Baas") {
  // ISSCC 2014, 45 nm and 0.9 V, pJ: multiplications 3.7 fp32, 1.1 fp16, 0.2 int8, 3.1 int32; additions 0.9,
  // 0.4, 0.03, 0.1. All x 0.513.
  const Technology cacti = value_of(load_technology("cacti7-28nm"));
  const auto energy = [&](Operation operation, DataType type) {
    return operation_energy(cacti, operation, type).value().value();
  };
  const double factor = node_factor(45, 28)->energy;
  CHECK(factor == Approx(0.513));
  CHECK(energy(Operation::kMultiplication, DataType::kFp32) == Approx(3.7 * factor));
  CHECK(energy(Operation::kMultiplication, DataType::kFp16) == Approx(1.1 * factor));
  CHECK(energy(Operation::kMultiplication, DataType::kInt8) == Approx(0.2 * factor));
  CHECK(energy(Operation::kMultiplication, DataType::kInt32) == Approx(3.1 * factor));
  CHECK(energy(Operation::kAddition, DataType::kFp32) == Approx(0.9 * factor));
  CHECK(energy(Operation::kAddition, DataType::kFp16) == Approx(0.4 * factor));
  CHECK(energy(Operation::kAddition, DataType::kInt8) == Approx(0.03 * factor));
  CHECK(energy(Operation::kAddition, DataType::kInt32) == Approx(0.1 * factor));
  // An fp16 product is added to an fp32 sum, an int8 one to an int32 sum.
  CHECK(mac_energy(cacti, DataType::kFp32)->value() == Approx((3.7 + 0.9) * factor));
  CHECK(mac_energy(cacti, DataType::kFp16)->value() == Approx((1.1 + 0.9) * factor));
  CHECK(mac_energy(cacti, DataType::kInt8)->value() == Approx((0.2 + 0.1) * factor));
  CHECK_FALSE(mac_energy(cacti, DataType::kBf16));
}

TEST_CASE("An exponential lies between one multiply-accumulate and Aladdin's trigonometric unit") {
  const Technology cacti = value_of(load_technology("cacti7-28nm"));
  const EnergyPrices prices = prices_of(value_of(load_accelerator("marca-split-cacti")), &cacti);
  CHECK(prices.function->value() == Approx((2 * 3.7 + 2 * 0.9) * 0.513));
  CHECK(prices.function_upper->value() == Approx(15.88 * node_factor(40, 28)->energy).epsilon(1e-4));
  CHECK(*prices.mac < *prices.function);
  CHECK(*prices.function < *prices.function_upper);
}

TEST_CASE("At 7 nm multiply-accumulates are those of Jouppi, and what was not read at a source is null") {
  // ISCA 2021: int8 mult 0.070 + int32 add 0.030; bf16 mult 0.210 + fp32 add 0.380; fp32 1.310 + 0.380.
  const Technology table = value_of(load_technology("tpuv4i-7nm"));
  CHECK(mac_energy(table, DataType::kInt8)->value() == Approx(0.100));
  CHECK(mac_energy(table, DataType::kBf16)->value() == Approx(0.590));
  CHECK(mac_energy(table, DataType::kFp32)->value() == Approx(1.690));
  CHECK_FALSE(mac_energy(table, DataType::kFp16));
  CHECK_FALSE(operation_energy(table, Operation::kAddition, DataType::kBf16));
  // 450 pJ per 64 bit, device and PHY.
  CHECK(table.energy.dram->per_bit.value() == Approx(450.0 / 64).epsilon(1e-3));
  CHECK(table.energy.dram->scope == DramScope::kPhy);
}

struct Priced {
  Accelerator accelerator;
  Technology technology;
  Assessment assessment;
  std::vector<EnergyCounts> counts;
  EnergyPrices prices;
  PlanEnergy energy;
};

Priced priced(const std::string& arch, const std::string& strategy, const std::string& technology = "") {
  std::vector<Setting> settings{parse_setting("L=1024").value()};
  const Workload workload = value_of(load_workload("mamba-2.8b", settings));
  const Accelerator accelerator = value_of(load_accelerator(arch));
  const Technology table =
      value_of(load_technology(technology.empty() ? accelerator.technology : technology));
  auto made = assess(workload.block, design_of(accelerator), *find_strategy(strategy));
  REQUIRE(made);
  std::vector<EnergyCounts> counts =
      energy_counts(workload.block, made->plan, made->layout, made->profile, profile_options(accelerator));
  const EnergyPrices prices = prices_of(accelerator, &table);
  PlanEnergy energy = energy_of(
      counts, activities_of(made->groups, design_of(accelerator).machine, accelerator.clock), prices);
  return {accelerator, table, std::move(*made), std::move(counts), prices, std::move(energy)};
}

std::string why(const Priced& run, EnergyComponent component) {
  const Energy& energy = run.energy.plan[component];
  return energy ? "" : describe(energy.error(), &run.technology);
}

/// What filling and draining the on-chip memory adds to an energy of DRAM, on-chip accesses of the PEs and
/// 2.36 pJ for each cycle of a PE, in percent, with wires over half the side of `area_mm2`.
double percent_of_fills(const Priced& run, double area_mm2) {
  const double wire = 0.12 * std::sqrt(area_mm2) / 2;
  const double read = 0.088 + wire;
  const double write = 0.096 + wire;
  const GroupCost& total = run.assessment.cost.total;
  const auto bits = [](Bytes bytes) { return kBitsPerByte * static_cast<double>(bytes.value()); };
  const double before = 3.9 * bits(total.dram_read + total.dram_write) + read * bits(total.onchip_read) +
                        write * bits(total.onchip_write) +
                        2.36 * static_cast<double>(total.pe_cycles.value());
  Bytes fill;
  Bytes drain;
  for (const EnergyCounts& group : run.counts) {
    fill += group.onchip_fill;
    drain += group.onchip_drain;
  }
  return 100 * (write * bits(fill) + read * bits(drain)) / before;
}

TEST_CASE("Filling and draining the memory adds 6.4% to unfused and 2.0% to fuse-all over the banks' area") {
  // mamba-2.8b, L=1024, 24 MiB in 384 banks of 64 KiB at 0.088 and 0.096 pJ/bit, HBM2 at 3.9. Operations at
  // one fp32 multiply-accumulate a PE cycle, as before they were priced by kind. Computed outside from the
  // bytes of unfused in tiles of powers of two; in the equal tiles of today it is 5.86 and 6.51%.
  const Priced unfused = priced("marca-split-cacti", "unfused");
  const Priced fused = priced("marca-split-cacti", "fuse-all");
  const double banks = 24 * 1.69;  // 40.56 mm2
  const double one_array = 24 * 1.25;
  CHECK(unfused.accelerator.sram.bank_count() == 384);
  CHECK(percent_of_fills(unfused, one_array) == Approx(5.8).margin(0.15));
  CHECK(percent_of_fills(fused, one_array) == Approx(1.8).margin(0.05));
  CHECK(percent_of_fills(unfused, banks) == Approx(6.4).margin(0.15));
  CHECK(percent_of_fills(fused, banks) == Approx(2.0).margin(0.05));
  // The prices of the program are those: its wire is the one over the banks.
  CHECK(unfused.prices.wire->value() == Approx(0.12 * std::sqrt(banks) / 2).epsilon(1e-4));
}

TEST_CASE("A chain is not free: registers are a component of its energy, and no part of it is null") {
  const Priced chained = priced("marca-split-cacti", "fuse-all-chain");
  const Priced fused = priced("marca-split-cacti", "fuse-all");
  REQUIRE(chained.energy.plan.total);
  CHECK(*chained.energy.plan[EnergyComponent::kRegisters] > Picojoules{0.0});
  CHECK(*fused.energy.plan[EnergyComponent::kRegisters] == Picojoules{0.0});
  CHECK(chained.energy.plan[EnergyComponent::kCompute] == fused.energy.plan[EnergyComponent::kCompute]);
  CHECK(*chained.energy.plan[EnergyComponent::kOnchip] < *fused.energy.plan[EnergyComponent::kOnchip]);
}

TEST_CASE("marca-calibrated is priced by the energies of cacti7-28nm over its own area, and says so") {
  const Priced run = priced("marca", "fuse-all");
  const Technology cacti = value_of(load_technology("cacti7-28nm"));
  REQUIRE(run.energy.plan.total);
  CHECK(run.technology.name == "marca-calibrated");
  CHECK(run.technology.energy.name == "cacti7-28nm");
  CHECK(run.prices.dram == Energy{Picojoules{3.9}});
  CHECK(run.prices.sram_read == Energy{Picojoules{0.088}});
  // 24 MiB at 7.40 mm2 per MiB: 177.6 mm2.
  CHECK(run.prices.wire->value() == Approx(0.12 * std::sqrt(177.6) / 2));
  const auto notes = energy_notes(run.energy.plan, run.prices, &run.technology);
  CHECK(std::find(notes.begin(), notes.end(),
                  "energies are those of cacti7-28nm; marca-calibrated has none of its own") != notes.end());
  CHECK(std::find(notes.begin(), notes.end(), "DRAM energy covers the device alone") != notes.end());
}

TEST_CASE("At 7 nm an energy says which component is null and why, and prices the others") {
  const Priced run = priced("marca-split-cacti", "fuse-all-chain", "tpuv4i-7nm");
  CHECK(why(run, EnergyComponent::kDram).empty());
  CHECK(why(run, EnergyComponent::kOnchip).empty());
  CHECK(why(run, EnergyComponent::kCompute).empty());
  CHECK(why(run, EnergyComponent::kWire) ==
        "tpuv4i-7nm has no area of SRAM, which the length of its wires follows from");
  CHECK(why(run, EnergyComponent::kRegisters) ==
        "tpuv4i-7nm has no energy of PE registers, which chains use");
  CHECK(why(run, EnergyComponent::kLeakage) == "tpuv4i-7nm has no leakage of SRAM");
  REQUIRE_FALSE(run.energy.plan.total);
  CHECK(energy_notes(run.energy.plan, run.prices, &run.technology).size() == 3);
}

TEST_CASE("bf16 has no energy at 28 nm, and its additions none at 7 nm") {
  const Accelerator edge = value_of(load_accelerator("edge"));
  const Technology at28 = value_of(load_technology("cacti7-28nm"));
  const Technology at7 = value_of(load_technology("tpuv4i-7nm"));
  CHECK(describe(prices_of(edge, &at28).mac.error(), &at28) ==
        "cacti7-28nm has no energy of bf16 multiply-accumulates");
  const EnergyPrices prices = prices_of(edge, &at7);
  CHECK(prices.mac->value() == Approx(0.590));
  CHECK(describe(prices.addition.error(), &at7) == "tpuv4i-7nm has no energy of bf16 additions");
}

}  // namespace
}  // namespace fusescape::energy_test
