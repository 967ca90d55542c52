// Which of the nests that are tried for an operator may ever be the best?
#pragma once

#include <stop_token>
#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Planner::candidates; after `stop` some may be missing.
[[nodiscard]] std::vector<Candidate> useful_candidates(const Planner& planner, OpId op,
                                                       const std::stop_token& stop);

}  // namespace fusescape
