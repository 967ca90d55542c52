#include "fusescape/arch/what_if.hpp"

#include <algorithm>
#include <cmath>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr double kMostMissed = 0.005;  ///< Of a factor, by a width of whole bits.

/// floor(number * factor); at least 1.
std::int64_t times(std::int64_t number, const Ratio& factor) {
  return std::max<std::int64_t>(floor_times(factor, number).value_or(number), 1);
}

/// The nearest whole number of bits. False, and the width as it was, if that misses the factor.
bool widen(BitsPerCycle& width, const Ratio& factor) {
  if (width.unlimited()) return true;
  const std::int64_t least = floor_times(factor, width.value).value_or(0);
  const double exact = factor.nearest_double() * static_cast<double>(width.value);
  const std::int64_t nearest = exact - static_cast<double>(least) < 0.5 ? least : least + 1;
  if (std::abs(static_cast<double>(nearest) - exact) > kMostMissed * exact) return false;
  width.value = nearest;
  return true;
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

bool scale(AreaTemplate& area, const WhatIf& what_if) {
  if (what_if.constant == Constant::kSramDensity) {
    area.full_sram = Bytes{times(area.full_sram.value(), what_if.factor)};
  }
  if (what_if.constant == Constant::kPeArea) {
    area.full_pes = times(area.full_pes, inverse(what_if.factor));
  }
  if (what_if.constant == Constant::kDramBandwidth) {
    return widen(area.full_bandwidth, what_if.factor) && widen(area.phy.bandwidth, what_if.factor);
  }
  return true;
}

bool scale(Accelerator& accelerator, const WhatIf& what_if, bool derived) {
  if (what_if.constant == Constant::kDramBandwidth && !derived) {
    return widen(accelerator.dram.bandwidth, what_if.factor);
  }
  if (what_if.constant == Constant::kOnchipBandwidth) {
    return widen(accelerator.sram.bank_read, what_if.factor) &&
           widen(accelerator.sram.bank_write, what_if.factor);
  }
  return true;
}

}  // namespace fusescape
