#include "fusescape/report/energy_notes.hpp"

#include <fmt/format.h>

namespace fusescape {
namespace {

constexpr double kPicojoulesPerMillijoule = 1e9;

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

std::string millijoules(const Energy& energy) {
  return energy ? fmt::format("{:.4g} mJ", energy->value() / kPicojoulesPerMillijoule)
                : std::string{"no known bound"};
}

}  // namespace

std::vector<std::string> energy_notes(const EnergyBreakdown& energy, const EnergyPrices& prices,
                                      const Technology* technology) {
  std::vector<std::string> notes;
  if (technology == nullptr) return notes;
  if (!energy.total) {
    for (const EnergyComponentFacts& f : kEnergyComponents) {
      const Energy& part = energy[f.component];
      if (!part)
        notes.push_back(fmt::format("no energy of {}: {}", f.name, describe(part.error(), technology)));
    }
    return notes;
  }
  if (!technology->energy_from.empty()) {
    notes.push_back(fmt::format("energies are those of {}; {} has none of its own", technology->energy.name,
                                technology->name));
  }
  if (technology->energy.dram) {
    notes.push_back(fmt::format("DRAM energy covers {}", scope_text(technology->energy.dram->scope)));
  }
  if (energy.compute_low != energy[EnergyComponent::kCompute]) {
    notes.push_back(
        fmt::format("exp and the like are modelled as two multiplications and two additions; at "
                    "one multiply-accumulate, or the table's upper bound, compute takes {} or {}",
                    millijoules(energy.compute_low), millijoules(energy.compute_high)));
  }
  if (prices.extrapolated)
    notes.emplace_back("SRAM energy or wire length extrapolated beyond the table's sizes");
  notes.push_back(fmt::format("energy leaves out {}", kEnergyTotalLeavesOut));
  return notes;
}

}  // namespace fusescape
