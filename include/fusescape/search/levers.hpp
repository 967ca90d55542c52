// Which single change of a plan or a design would help, and by how much? Each is evaluated before it is told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/search/assessment.hpp"

namespace fusescape {

/// A change that was tried, and the block's latency with it, in the closed form.
struct Lever {
  std::string change;                ///< "`slots: 2` on u", "twice the DRAM bandwidth".
  std::optional<std::size_t> group;  ///< Of the plan, if the change is one of a single group's.
  Cycles latency;
  Cycles before;  ///< Without it; zero: the plan does not run.
};

/// Who made the plan: a strategy plans again on a changed design, of the same inputs; a file's plan stays as
/// it is.
struct PlanSource {
  const Strategy* strategy = nullptr;  ///< None: the plan was given.
  StrategyInputs inputs{};
};

/// The changes that make the block faster, fastest first. Of a group: a second slot, a tile twice or half as
/// large, two loops swapped, a spilled tensor or a halo held, its output kept for later groups. Of the
/// design: twice the bandwidth of DRAM or of the on-chip banks, twice the SRAM, twice the PEs. Of a
/// strategy's plan: the fastest strategy. Of a plan that minimises something else than latency only those of
/// a group.
[[nodiscard]] std::vector<Lever> levers_of(const Cascade& cascade, const Design& design,
                                           const Assessment& assessed, const PlanSource& source);

/// Changes under which a plan that lacks room runs: the least SRAM that holds it, single slots or smaller
/// tiles in the group that is too large. Empty if none of them is enough.
[[nodiscard]] std::vector<Lever> ways_to_fit(const Cascade& cascade, const Design& design, const Plan& plan);

/// The least SRAM at which a strategy that lacks room (`source` has one) has a plan, and the fastest strategy
/// that fits as it is.
[[nodiscard]] std::vector<Lever> ways_to_fit(const Cascade& cascade, const Design& design,
                                             const PlanSource& source);

/// "`slots: 2` on u: 239,552 cycles; ..." in the order given; empty if there are none.
[[nodiscard]] std::string describe(const std::vector<Lever>& levers);

}  // namespace fusescape
