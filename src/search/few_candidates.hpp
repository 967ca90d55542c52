// Which nest of an operator is the best on one machine? Without weighing all that may be on another.
#pragma once

#include <stop_token>
#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Planner::best on `machine`, found among a few of the candidates, which `few` holds from then on. Null:
/// they are not enough to say so; little is known of the operator before it is laid out, or nothing fits.
[[nodiscard]] const Candidate* best_of_few(const Planner& planner, OpId op, const Machine& machine,
                                           std::vector<Candidate>& few, const std::stop_token& stop);

}  // namespace fusescape
