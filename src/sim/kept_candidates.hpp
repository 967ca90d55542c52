// Which tensors may stay on chip between groups?
#pragma once

#include <vector>

#include "fusescape/plan/layout.hpp"
#include "fusescape/sim/options.hpp"

namespace fusescape {

/// Per tensor of the cascade, whether parts of it may stay from the group that makes it to its last reader:
/// it ends there, all these groups fit their static buffers (`fits`, per group), its readers fetch it as it
/// is (no window, no shift, no format of its own), and `keep` says so.
[[nodiscard]] std::vector<bool> kept_candidates(const Cascade& cascade, const Plan& plan,
                                                const Layout& layout, const std::vector<bool>& fits,
                                                Keep keep);

}  // namespace fusescape
