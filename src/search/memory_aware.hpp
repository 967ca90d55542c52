// How many slices of the channels keep a fused state update on chip?
#pragma once

#include "fused_groups.hpp"
#include "fusescape/search/published_slices.hpp"

namespace fusescape {

/// The operators of the selective state update, in the fine-grained-fusion paper's order; without dB where
/// the cascade multiplies Delta and x first (`rewrite: delta_x`).
[[nodiscard]] FusedNames state_update(const Cascade& cascade);

enum class Slicing : unsigned char { kPublishedRule, kSmallestThatFits };

[[nodiscard]] expected<Plan, Refusal> memory_aware_plan(const Planner& planner, const Machine& machine,
                                                        Slicing slicing, Intermediates intermediates);

}  // namespace fusescape
