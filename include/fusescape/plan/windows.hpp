// Which buffers can hold the halo of a window from one tile to the next?
#pragma once

#include "fusescape/plan/plan.hpp"

namespace fusescape {

/// Whether a loop above a buffer at `node` steps along a window of `access`: a loop over l for x[l-k].
[[nodiscard]] bool steps_along_window(const Plan& plan, NodeId node, const Access& access);

}  // namespace fusescape
