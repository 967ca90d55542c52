// What can layer-by-layer execution gain from memory alone? Tilings and retained tensors, chosen together.
#pragma once

#include "fusescape/search/strategy.hpp"

namespace fusescape {

/// Every operator alone, with the tilings and the retained amounts that together move the fewest bytes: large
/// tiles take the room in which tensors could stay, so the tilings for every smaller memory in which all
/// operators still keep the machine busy are tried beside the most that can be retained with them in all of
/// it. Of equals, the largest tiles.
[[nodiscard]] expected<Plan, Refusal> retained_plan(const Planner& planner, const Machine& machine);

}  // namespace fusescape
