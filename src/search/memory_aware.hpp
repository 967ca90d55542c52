// How many slices of the channels keep a fused state update on chip?
#pragma once

#include <cstdint>
#include <vector>

#include "fused_groups.hpp"
#include "fusescape/search/published_slices.hpp"

namespace fusescape {

/// A way to cut the channels of a state update: loops, outermost first, that run `count` times together.
struct Slicing {
  std::int64_t count = 1;
  std::vector<LoopSpec> loops;
};

/// The published rule cuts into equal parts; a footprint is cut as finely as it must, the last slice perhaps
/// shorter.
enum class SlicesBy : unsigned char { kPublishedRule, kFootprint };

/// The ways to cut the channels into slices, fewest slices first: one rank in each of its divisors, or into
/// each count of equal slices but the last, then that rank in ones and the next likewise, and so on. First
/// comes the rank along which the least is read again per token, of equals the first of the state's. Ranks
/// along which some operator of the recurrence makes nothing stay whole.
[[nodiscard]] std::vector<Slicing> slicings_of(const Cascade& cascade, const StateUpdate& update,
                                               SlicesBy rule);

/// Every state update fused whole, each in the fewest slices that the rule or its real footprint asks for; in
/// the most there are where none is enough.
[[nodiscard]] expected<Plan, Refusal> memory_aware_plan(const Planner& planner, const Machine& machine,
                                                        SlicesBy rule, Intermediates intermediates);

}  // namespace fusescape
