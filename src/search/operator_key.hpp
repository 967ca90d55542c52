// Which operators run alone in the same ways?
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// All that the nests around an operator, and what each of them moves, holds and takes, depend on but the
/// array and its options: an operator's names apart. Ranks are positions in its iteration space.
using OperatorKey = std::vector<std::int64_t>;

/// None: they depend on more, as those of recurrences and of windows do.
[[nodiscard]] std::optional<OperatorKey> operator_key(const Planner& planner, OpId op);

/// Per operator of the planner's cascade the first one that has its key and its ranks; itself if it has no
/// key.
[[nodiscard]] std::vector<OpId> first_equals(const Planner& planner);

}  // namespace fusescape
