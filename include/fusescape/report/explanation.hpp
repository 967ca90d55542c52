// What bounds each group of an evaluation, why, and which lever helps by how much?
#pragma once

#include <vector>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/search/levers.hpp"

namespace fusescape {

/// Per group: what bounds it, what it moves and why, and the levers that were tried and help; then those of
/// the design. Empty if infeasible.
[[nodiscard]] Findings findings_of(const EvaluationReport& report, const std::vector<Lever>& levers);

}  // namespace fusescape
