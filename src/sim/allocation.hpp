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

/// Which core a leaf takes, of those that can run it: the next one after that of the leaf before it in its
/// group, or always the first.
enum class NextCore : unsigned char { kInTurn, kFirst };

/// None if no core can run some leaf.
[[nodiscard]] std::optional<CoreOf> allocated(const Cascade& cascade, const Plan& plan,
                                              const Accelerator& accelerator, NextCore next);

/// From the first of `starts` that is fastest: moves each leaf in turn to the core where `latency` is least,
/// until no single move helps. Cores that are alike and both empty count as one. `latency` is none where a
/// placement does not run. Expects at least one start.
[[nodiscard]] CoreOf improved(const Cascade& cascade, const Plan& plan, const Accelerator& accelerator,
                              const std::vector<CoreOf>& starts,
                              const std::function<std::optional<Ticks>(const CoreOf&)>& latency);

}  // namespace fusescape
