#include "fusescape/arch/energy.hpp"

#include <fmt/format.h>

#include <cmath>

namespace fusescape {
namespace {

std::int64_t arrays_of(const OnChipMemory& memory, SramAccess access) {
  return access == SramAccess::kBanked ? memory.bank_count() : 1;
}

Bytes array_size(const OnChipMemory& memory, SramAccess access) {
  return Bytes{ceil_div(memory.capacity.value(), arrays_of(memory, access))};
}

unexpected<EnergyHole> hole(Missing missing, DataType type = {}) {
  return unexpected<EnergyHole>{EnergyHole{missing, type}};
}

Energy priced(const std::optional<Picojoules>& price, Missing missing, DataType type = {}) {
  if (!price) return hole(missing, type);
  return *price;
}

Energy priced(const std::optional<Interpolated<Picojoules>>& price, bool& extrapolated) {
  if (!price) return hole(Missing::kSram);
  extrapolated = extrapolated || price->extrapolated;
  return price->value;
}

Energy wire_price(const OnChipMemory& memory, const Technology& technology, SramAccess access,
                  bool& extrapolated) {
  if (arrays_of(memory, access) == 1) return Picojoules{0.0};
  const auto length = wire_length_mm(memory, technology, access);
  if (!length) return hole(Missing::kSramArea);
  if (!technology.energy.wire) return hole(Missing::kWire);
  extrapolated = extrapolated || length->extrapolated;
  return technology.energy.wire->value * length->value;
}

void price_operations(const Technology& technology, EnergyPrices& prices) {
  const DataType type = prices.pe_type;
  const DataType accumulator = facts(type).accumulator;
  const auto price = [&](Operation operation, DataType of, Missing missing) {
    return priced(operation_energy(technology, operation, of), missing, of);
  };
  prices.mac = priced(mac_energy(technology, type), Missing::kMac, type);
  prices.multiplication = price(Operation::kMultiplication, type, Missing::kMultiplication);
  prices.addition = price(Operation::kAddition, type, Missing::kAddition);
  prices.sum = price(Operation::kAddition, accumulator, Missing::kAddition);
  prices.function = prices.multiplication ? prices.addition : prices.multiplication;
  if (prices.function) prices.function = 2.0 * *prices.multiplication + 2.0 * *prices.addition;
  const auto& upper = technology.energy.function_upper;
  prices.function_upper = priced(upper ? std::optional{upper->value} : std::nullopt, Missing::kFunctionUpper);
}

EnergyPrices no_prices() {
  const Energy none = hole(Missing::kTable);
  return {.dram = none,
          .sram_read = none,
          .sram_write = none,
          .wire = none,
          .register_read = none,
          .register_write = none,
          .mac = none,
          .multiplication = none,
          .addition = none,
          .sum = none,
          .function = none,
          .function_upper = none,
          .leakage = hole(Missing::kTable)};
}

std::string typed(const DataType type, std::string_view what) {
  std::string text{"has no energy of "};
  text += name_of(type);
  text += ' ';
  return text += what;
}

/// What the table lacks, as the end of a sentence that begins with its name.
std::string lack(const EnergyHole& hole) {
  switch (hole.missing) {
    case Missing::kDram:
      return "has no energy of a bit to or from DRAM";
    case Missing::kSram:
      return "has no energy of SRAM accesses";
    case Missing::kSramArea:
      return "has no area of SRAM, which the length of its wires follows from";
    case Missing::kWire:
      return "has no energy of wires";
    case Missing::kRegisters:
      return "has no energy of PE registers, which chains use";
    case Missing::kMac:
      return typed(hole.type, "multiply-accumulates");
    case Missing::kMultiplication:
      return typed(hole.type, "multiplications");
    case Missing::kAddition:
      return typed(hole.type, "additions");
    case Missing::kFunctionUpper:
      return "has no upper bound of the energy of an exponential";
    case Missing::kLeakage:
      return "has no leakage of SRAM";
    case Missing::kTable:
    case Missing::kWiderThanPes:
    case Missing::kOverflow:
      break;
  }
  return {};
}

std::string_view scope_text(DramScope scope) {
  switch (scope) {
    case DramScope::kDevice:
      return "the device alone";
    case DramScope::kPhy:
      return "the device and its interface";
    case DramScope::kSystem:
      return "all that a system spends on a bit";
  }
  return "";
}

}  // namespace

std::string describe(const EnergyHole& hole, const Technology* technology) {
  if (hole.missing == Missing::kTable || technology == nullptr) return "the accelerator names no technology";
  if (hole.missing == Missing::kOverflow) return "its count does not fit 64 bits";
  if (hole.missing == Missing::kWiderThanPes) {
    std::string text{name_of(hole.type)};
    return text += " data are wider than the PEs, which no table prices";
  }
  const bool area = hole.missing == Missing::kSramArea;
  return (area ? technology->name : technology->energy.name) + " " + lack(hole);
}

std::optional<Interpolated<double>> wire_length_mm(const OnChipMemory& memory, const Technology& technology,
                                                   SramAccess access) {
  const std::int64_t arrays = arrays_of(memory, access);
  if (arrays == 1) return Interpolated<double>{0.0, false};
  const auto one = sram_area(technology, array_size(memory, access));
  if (!one) return std::nullopt;
  return Interpolated<double>{std::sqrt(one->value.value() * static_cast<double>(arrays)) / 2.0,
                              one->extrapolated};
}

std::optional<Watts> leakage_of(const OnChipMemory& memory, const Technology& technology) {
  const auto bank = sram_leakage(technology, array_size(memory, SramAccess::kBanked));
  if (!bank) return std::nullopt;
  return bank->value * static_cast<double>(memory.bank_count());
}

EnergyPrices prices_of(const Accelerator& accelerator, const Technology* technology, SramAccess access) {
  EnergyPrices prices = no_prices();
  prices.pe_type = accelerator.pe_type;
  prices.clock = accelerator.clock;
  if (technology == nullptr) return prices;
  const EnergyTable& energy = technology->energy;
  const OnChipMemory& memory = accelerator.sram;
  const Bytes array = array_size(memory, access);
  prices.dram = priced(energy.dram ? std::optional{energy.dram->per_bit} : std::nullopt, Missing::kDram);
  prices.sram_read = priced(sram_read_energy(*technology, array), prices.extrapolated);
  prices.sram_write = priced(sram_write_energy(*technology, array), prices.extrapolated);
  prices.wire = wire_price(memory, *technology, access, prices.extrapolated);
  const auto& registers = energy.registers;
  prices.register_read =
      priced(registers ? std::optional{registers->read_per_bit} : std::nullopt, Missing::kRegisters);
  prices.register_write =
      priced(registers ? std::optional{registers->write_per_bit} : std::nullopt, Missing::kRegisters);
  price_operations(*technology, prices);
  const auto leakage = leakage_of(memory, *technology);
  prices.leakage = hole(Missing::kLeakage);
  if (leakage) prices.leakage = *leakage;
  return prices;
}

std::vector<std::string> energy_provenance(const Technology& technology) {
  std::vector<std::string> lines;
  if (!technology.energy_from.empty()) {
    lines.push_back(fmt::format("energies are those of {}; {} has none of its own", technology.energy.name,
                                technology.name));
  }
  if (technology.energy.dram) {
    lines.push_back(fmt::format("DRAM energy covers {}", scope_text(technology.energy.dram->scope)));
  }
  return lines;
}

}  // namespace fusescape
