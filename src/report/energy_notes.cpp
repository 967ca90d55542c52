#include "fusescape/report/energy_notes.hpp"

#include <fmt/format.h>

namespace fusescape {
namespace {

constexpr double kPicojoulesPerMillijoule = 1e9;

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
  notes = energy_provenance(*technology);
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
