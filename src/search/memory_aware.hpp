// How many slices of the channels keep a fused state update on chip?
#pragma once

#include "fused_groups.hpp"

namespace fusescape {

/// The operators of the selective state update, in the fine-grained-fusion paper's order.
[[nodiscard]] FusedNames state_update();

enum class Slicing : unsigned char { kPublishedRule, kSmallestThatFits };

/// The paper's rule: ceil((5 + 2/64) * D * N * 32 bit * 1.01 / SRAM bits), raised to the next divisor of D.
/// The 2/64 is literal, for every N. Expects positive arguments.
[[nodiscard]] std::int64_t published_slices(std::int64_t channels, std::int64_t entries, Bytes sram);

[[nodiscard]] expected<Plan, Refusal> memory_aware_plan(const Planner& planner, const Machine& machine,
                                                        Slicing slicing, Intermediates intermediates);

}  // namespace fusescape
