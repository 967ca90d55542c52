// Where does COREY's policy cut a real cascade, and into which tiles? From entropies, before anything is
// priced.
//
// The rule is that of the published prototype (arXiv 2604.10597, version 1); how its quantities are those of
// a cascade is defined in docs/model/strategies.md.
#pragma once

#include "fusescape/search/strategy.hpp"

namespace fusescape {

/// The plan: from the left, an operator (or recurrence) joins the group before it while the group's score
/// exceeds 0.52 and one of its nests is legal and fits the on-chip memory. Nothing here asks what a plan
/// costs, but for the tilings of operators that stay alone, which are everyone's. Refused if an operator's
/// output has no entropy.
[[nodiscard]] expected<Plan, Refusal> corey_plan(const Planner& planner, const Machine& machine,
                                                 const StrategyInputs& inputs);

}  // namespace fusescape
