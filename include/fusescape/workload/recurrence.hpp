// Which operators depend on their own earlier results? Recurrences: the cyclic components of the cascade.
#pragma once

#include <optional>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// What make_cascade finds. Expects a cascade whose cycles are sound.
[[nodiscard]] std::vector<Recurrence> recurrences(const Cascade& cascade);

/// Per operator, the position of its recurrence in `recurrences(cascade)`, if it is in one.
[[nodiscard]] std::vector<std::optional<std::size_t>> recurrence_of_operator(
    const Cascade& cascade, const std::vector<Recurrence>& found);

}  // namespace fusescape
