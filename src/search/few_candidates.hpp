// Which nest of an operator is the best on one machine? Without weighing all that may be on another.
#pragma once

#include <optional>
#include <stop_token>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Planner::best on `machine`, and BestCandidate::fastest.
struct BestOfFew {
  Candidate candidate;
  std::optional<Candidate> fastest;
};

/// Found among a few of the candidates. None: they are not enough to say so; little is known of the operator
/// before it is laid out, or nothing fits.
[[nodiscard]] std::optional<BestOfFew> best_of_few(const Planner& planner, OpId op, const Machine& machine,
                                                   const std::stop_token& stop);

}  // namespace fusescape
