// Why is the best plan the best, and what would make it better? Each answer by a run of the search.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/design.hpp"
#include "fusescape/search/optimal.hpp"

namespace fusescape {

/// A design with a little more of one thing, and the best plan's figures on it.
struct MarginalGain {
  std::string change;                  ///< "one more KiB of SRAM, as many banks".
  std::optional<PlanFigures> figures;  ///< None: it is no design, or no plan runs on it.
  TickScale scale;                     ///< Of that design.
};

/// The best plan that cuts the cascade elsewhere. Its groups and the answer's, where they differ.
struct NextBest {
  PlanFigures figures;
  std::string groups;
  std::string instead_of;
};

/// A gain in time over another plan, in ticks: `before - after` is the sum of the other three.
struct GainSplit {
  Ticks before;
  Ticks after;
  Ticks traffic;  ///< The DRAM port is busy for so much less.
  Ticks work;     ///< PEs and on-chip ports are, tile by tile.
  Ticks overlap;  ///< So much more of one is hidden behind the other.
};

/// More KiB, banks, GB/s, rows and columns, one of each.
[[nodiscard]] std::vector<MarginalGain> marginal_gains(const Planner& planner, const Design& design,
                                                       const StrategyInputs& inputs);

/// None: there is no other one, or no path of the search is the answer.
[[nodiscard]] std::optional<NextBest> next_best(const Planner& planner, const Machine& machine,
                                                const StrategyInputs& inputs);

/// Over `unfused`; none if either does not run.
[[nodiscard]] std::optional<GainSplit> gain_over_unfused(const Planner& planner, const Design& design,
                                                         const Plan& plan);

}  // namespace fusescape
