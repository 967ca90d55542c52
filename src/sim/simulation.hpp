// How do the groups of a plan run, one after another?
#pragma once

#include <vector>

#include "fusescape/sim/simulate.hpp"
#include "fusescape/support/expected.hpp"
#include "program.hpp"

namespace fusescape {

/// Per group: do first loads of the next one come while it runs?
using LoadsAhead = std::vector<bool>;

[[nodiscard]] expected<SimResult, SimFailure> run_groups(const SimContext& context, const SimOptions& options,
                                                         LoadsAhead ahead, SimObserver* observer);

}  // namespace fusescape
