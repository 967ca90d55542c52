// Which loop nests are worth trying for a group of operators that runs alone?
#pragma once

#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Loop nests for one unit, without profiles. docs/model/strategies.md describes the space.
[[nodiscard]] std::vector<Candidate> candidate_nests(const Cascade& cascade, const std::vector<OpId>& unit);

/// Likewise for consecutive units that run as one group: loops over the outer ranks that all of them share.
[[nodiscard]] std::vector<Candidate> fused_nests(const Cascade& cascade, const std::vector<OpId>& operators);

/// Whether the operators hold a recurrence along `rank`.
[[nodiscard]] bool carries(const Cascade& cascade, const std::vector<OpId>& operators, RankId rank);

/// Leading ranks of the outputs that all of the operators have.
[[nodiscard]] std::vector<RankId> shared_ranks(const Cascade& cascade, const std::vector<OpId>& operators);

}  // namespace fusescape
