// What does one group take on one machine, with some tensors kept on chip, and what does it take at least?
#pragma once

#include <map>
#include <optional>

#include "fusescape/cost/busy_time.hpp"
#include "optimal_path.hpp"

namespace fusescape {

/// Prices ways to run units. Keeps the energies that it has computed.
class StepPricing {
 public:
  explicit StepPricing(const PathQuestion& question)
      : question_{question},
        beside_{question.machine},
        energy_{question.trades || reads_energy(question.inputs.minimize)} {}

  /// None if it does not fit beside what else stays on chip.
  [[nodiscard]] std::optional<PlanFigures> price(const Way& way, KeptSet own, Bytes reserved);

  /// No figure of price() is less, whatever is reserved. Expects a way that fits.
  [[nodiscard]] PlanFigures least(const Way& way, KeptSet own);

  [[nodiscard]] bool fits(const Way& way, Bytes reserved) const {
    return way.held + reserved <= question_.machine.capacity;
  }

 private:
  /// With its work. Valid until the next call.
  [[nodiscard]] const GroupProfile& whole(const Way& way);
  [[nodiscard]] Ticks least_time(const Way& way, KeptSet own, Bytes saved) const;
  [[nodiscard]] std::optional<double> energy(const EnergyCounts& counts, const GroupCost& cost,
                                             Ticks latency) const;
  [[nodiscard]] std::optional<PlanFigures> bound(const Way& way, KeptSet own);
  [[nodiscard]] double least_energy(const Way& way, KeptSet own, Ticks time);

  const PathQuestion& question_;
  Machine beside_;  ///< The machine with what memory a group finds; room to work in.
  bool energy_;
  GroupProfile unpacked_;
  std::map<const void*, double> energies_;  ///< Of ways with nothing kept, leakage apart.
};

}  // namespace fusescape
