// Which operators depend on their own earlier results? Recurrences: the cyclic components of the cascade.
#pragma once

#include <optional>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Operators on cycles along one rank (RULES of docs/model/plan.md: one group, one common loop over `rank`).
struct Recurrence {
  RankId rank{};
  std::int64_t min_distance = 1;  ///< Smallest distance around any cycle through these operators.
  std::vector<OpId> operators;    ///< In cascade order. A single one is self-recurrent (`scan`).

  [[nodiscard]] bool self_recurrent() const { return operators.size() == 1; }
};

[[nodiscard]] std::vector<Recurrence> recurrences(const Cascade& cascade);

/// Per operator, the position of its recurrence in `recurrences(cascade)`, if it is in one.
[[nodiscard]] std::vector<std::optional<std::size_t>> recurrence_of_operator(
    const Cascade& cascade, const std::vector<Recurrence>& found);

}  // namespace fusescape
