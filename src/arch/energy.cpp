#include "fusescape/arch/energy.hpp"

#include <cmath>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr double kJoulesPerPicojoule = 1e-12;

std::optional<Picojoules> moved(Bytes bytes, std::optional<Picojoules> per_bit) {
  if (bytes == Bytes{0}) return Picojoules{0.0};
  if (!per_bit || bytes.overflow()) return std::nullopt;
  return *per_bit * (8.0 * static_cast<double>(bytes.value()));
}

std::optional<Picojoules> computed(const EnergyCounts& counts, const Technology& technology) {
  Picojoules sum{0.0};
  for (const DataTypeFacts& f : kDataTypes) {
    const Ops ops = counts.ops[static_cast<std::size_t>(f.type)];
    if (ops == Ops{0}) continue;
    const auto per_op = mac_energy(technology, f.type);
    if (!per_op || ops.overflow()) return std::nullopt;
    sum += *per_op * static_cast<double>(ops.value());
  }
  return sum;
}

}  // namespace

std::optional<Picojoules> EnergyBreakdown::total() const {
  if (!dram || !onchip_read || !onchip_write || !compute) return std::nullopt;
  return *dram + *onchip_read + *onchip_write + *compute;
}

std::optional<AccessEnergy> access_energy(const OnChipMemory& memory, const Technology& technology,
                                          SramAccess access) {
  const std::int64_t banks = access == SramAccess::kBanked ? memory.bank_count() : 1;
  const Bytes array{ceil_div(memory.capacity.value(), banks)};
  auto read = sram_read_energy(technology, array);
  auto write = sram_write_energy(technology, array);
  if (!read || !write) return std::nullopt;
  if (banks == 1) return AccessEnergy{*read, *write};  // The table's wires are all there are.

  const auto area = sram_area(technology, memory.capacity);
  if (!technology.wire_energy || !area) return std::nullopt;
  const double distance_mm = std::sqrt(area->value.value()) / 2.0;
  const Picojoules wire = technology.wire_energy->value * distance_mm;
  read->value += wire;
  write->value += wire;
  read->extrapolated = read->extrapolated || area->extrapolated;
  write->extrapolated = write->extrapolated || area->extrapolated;
  return AccessEnergy{*read, *write};
}

EnergyBreakdown energy_of(const EnergyCounts& counts, const OnChipMemory& memory,
                          const Technology& technology, SramAccess access) {
  EnergyBreakdown energy;
  if (const auto onchip = access_energy(memory, technology, access)) {
    energy.onchip_read = moved(counts.onchip_read, onchip->read.value);
    energy.onchip_write = moved(counts.onchip_write, onchip->write.value);
    energy.extrapolated = onchip->read.extrapolated || onchip->write.extrapolated;
  } else {
    energy.onchip_read = moved(counts.onchip_read, std::nullopt);
    energy.onchip_write = moved(counts.onchip_write, std::nullopt);
  }
  const auto& dram = technology.dram_energy;
  energy.dram = moved(counts.dram, dram ? std::optional{dram->value} : std::nullopt);
  energy.compute = computed(counts, technology);
  return energy;
}

std::optional<Watts> leakage_of(const OnChipMemory& memory, const Technology& technology) {
  const auto leakage = sram_leakage(technology, memory.capacity);
  return leakage ? std::optional{leakage->value} : std::nullopt;
}

std::optional<Watts> average_power(std::optional<Picojoules> energy, Seconds time,
                                   std::optional<Watts> leakage) {
  FUSESCAPE_EXPECTS(time > Seconds{0.0});
  if (!energy || !leakage) return std::nullopt;
  return Watts{energy->value() * kJoulesPerPicojoule / time.value()} + *leakage;
}

}  // namespace fusescape
