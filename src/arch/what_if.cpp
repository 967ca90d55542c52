#include "fusescape/arch/what_if.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kBitsPerByte = 8;

/// floor(number * factor); at least 1.
std::int64_t times(std::int64_t number, const Ratio& factor) {
  return std::max<std::int64_t>(floor_times(factor, number).value_or(number), 1);
}

BitsPerCycle times(BitsPerCycle width, const Ratio& factor) {
  if (width.unlimited()) return width;
  if (width.value % kBitsPerByte != 0) return {times(width.value, factor)};
  return {times(width.value / kBitsPerByte, factor) * kBitsPerByte};
}

/// The inverse. Expects a ratio above 0.
Ratio inverse(const Ratio& ratio) {
  FUSESCAPE_EXPECTS(ratio > Ratio{0});
  return *Ratio::of(ratio.denominator(), ratio.numerator());
}

void scale_sram_energy(EnergyTable& energy, double factor) {
  for (SramEnergyPoint& point : energy.sram.points) {
    point.read_per_bit = factor * point.read_per_bit;
    point.write_per_bit = factor * point.write_per_bit;
  }
  for (SramLeakagePoint& point : energy.leakage.points) point.power = factor * point.power;
}

void scale_operation_energy(EnergyTable& energy, double factor) {
  for (auto& entry : energy.mac.entries) entry.value = factor * entry.value;
  for (OperationEnergy& entry : energy.operations.entries) entry.value = factor * entry.value;
  if (energy.function_upper) energy.function_upper->value = factor * energy.function_upper->value;
  if (!energy.registers) return;
  energy.registers->read_per_bit = factor * energy.registers->read_per_bit;
  energy.registers->write_per_bit = factor * energy.registers->write_per_bit;
}

}  // namespace

Technology scaled(Technology technology, const WhatIf& what_if) {
  const double factor = what_if.factor.nearest_double();
  EnergyTable& energy = technology.energy;
  switch (what_if.constant) {
    case Constant::kSramDensity:
      for (SramAreaPoint& point : technology.sram_area.points) point.per_mib = (1.0 / factor) * point.per_mib;
      break;
    case Constant::kPeArea:
      for (auto& entry : technology.pe_area.entries) entry.value = factor * entry.value;
      break;
    case Constant::kDramBandwidth:
      if (technology.dram_channel) {
        technology.dram_channel->bandwidth = factor * technology.dram_channel->bandwidth;
      }
      break;
    case Constant::kOnchipBandwidth:
      break;
    case Constant::kDramEnergy:
      if (energy.dram) energy.dram->per_bit = factor * energy.dram->per_bit;
      break;
    case Constant::kSramEnergy:
      scale_sram_energy(energy, factor);
      break;
    case Constant::kOperationEnergy:
      scale_operation_energy(energy, factor);
      break;
    case Constant::kWireEnergy:
      if (energy.wire) energy.wire->value = factor * energy.wire->value;
      break;
  }
  return technology;
}

AreaTemplate scaled(AreaTemplate area, const WhatIf& what_if) {
  if (what_if.constant == Constant::kSramDensity) {
    area.full_sram = Bytes{times(area.full_sram.value(), what_if.factor)};
  }
  if (what_if.constant == Constant::kPeArea) {
    area.full_pes = times(area.full_pes, inverse(what_if.factor));
  }
  if (what_if.constant == Constant::kDramBandwidth) {
    area.full_bandwidth = times(area.full_bandwidth, what_if.factor);
    area.phy.bandwidth = times(area.phy.bandwidth, what_if.factor);
  }
  return area;
}

void scale(Accelerator& accelerator, const WhatIf& what_if, bool derived) {
  if (what_if.constant == Constant::kDramBandwidth && !derived) {
    accelerator.dram.bandwidth = times(accelerator.dram.bandwidth, what_if.factor);
  }
  if (what_if.constant == Constant::kOnchipBandwidth) {
    accelerator.sram.bank_read = times(accelerator.sram.bank_read, what_if.factor);
    accelerator.sram.bank_write = times(accelerator.sram.bank_write, what_if.factor);
  }
}

}  // namespace fusescape
