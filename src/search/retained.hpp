// What can layer-by-layer execution gain from memory alone? Tilings and retained tensors, chosen together.
#pragma once

#include "fusescape/search/strategy.hpp"

namespace fusescape {

/// Every operator alone, with the tilings and the retained amounts that together move the fewest bytes. Large
/// tiles take the room in which tensors could stay, so the tilings for smaller memories are tried beside the
/// most that can be retained with them in all of it: those that take, with nothing retained, at most a
/// sixteenth longer than the tilings for ample memory. Of equals, the largest tiles.
[[nodiscard]] expected<Plan, Refusal> retained_plan(const Planner& planner, const Machine& machine);

}  // namespace fusescape
