// Which core should run which operator? In turn, or moved one leaf at a time while that helps.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Per operator, a position in single_cores().
using CoreOf = std::vector<std::uint32_t>;

/// The leaves of each group, in order, take the next core that can run them. None if some leaf finds no core.
[[nodiscard]] std::optional<CoreOf> round_robin(const Cascade& cascade, const Plan& plan,
                                                const Accelerator& accelerator);

/// Each leaf takes the first core that can run it. None likewise.
[[nodiscard]] std::optional<CoreOf> first_able(const Cascade& cascade, const Plan& plan,
                                               const Accelerator& accelerator);

/// From `start`: moves each leaf in turn to the core where `latency` is least, until no single move helps.
/// Cores that are alike and both empty count as one. `latency` is none where a placement does not run.
[[nodiscard]] CoreOf improved(const Cascade& cascade, const Plan& plan, const Accelerator& accelerator,
                              CoreOf start,
                              const std::function<std::optional<Ticks>(const CoreOf&)>& latency);

}  // namespace fusescape
