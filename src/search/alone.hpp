// How does an operator join a plan as a group of its own?
#pragma once

#include "fusescape/search/strategy.hpp"

namespace fusescape {

/// Adds the unit of `op` in its best tiling as a group; refused if none fits.
[[nodiscard]] expected<void, Refusal> add_alone(Plan& plan, const Planner& planner, const Machine& machine,
                                                OpId op);

}  // namespace fusescape
