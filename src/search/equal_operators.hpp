// Which operators of a cascade are mapped alike?
#pragma once

#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Per operator the first one over the same ranks that reads and makes as many bits along them on the same
/// engine: whatever loops run one of them alone, the other takes as long and moves as much in them. Itself if
/// there is none, or if it reads its own results.
[[nodiscard]] std::vector<OpId> first_equals(const Planner& planner);

}  // namespace fusescape
