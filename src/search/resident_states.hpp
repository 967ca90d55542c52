// What does a search see where states and caches are resident? A memory without them.
#pragma once

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/arch/machine.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/search/strategy.hpp"

namespace fusescape {

/// What the cascade's resident states leave of a memory: a byte, if they leave nothing, which is as good and
/// can be divided by.
[[nodiscard]] inline Bytes beside_states(const Cascade& cascade, Bytes capacity) {
  return cascade.resident == Bytes{0} ? capacity : std::max(capacity - cascade.resident, Bytes{1});
}

/// `machine` with that much memory.
[[nodiscard]] inline Machine beside_states(const Cascade& cascade, Machine machine) {
  machine.capacity = beside_states(cascade, machine.capacity);
  return machine;
}

/// Of a whole plan, for such a machine: nothing is reserved for resident states.
[[nodiscard]] inline PlanProfile profile_beside_states(const Planner& planner, const Plan& plan,
                                                       const Layout& layout) {
  PlanProfile made = profile(planner.cascade(), plan, layout, planner.options());
  for (GroupProfile& group : made.groups) group.reserved -= planner.cascade().resident;
  return made;
}

/// A refusal on such a machine, in terms of the whole memory.
[[nodiscard]] inline Refusal with_states(Refusal refusal, const Cascade& cascade, const Machine& machine) {
  if (refusal.reason != Refusal::Reason::kDoesNotFit || cascade.resident == Bytes{0}) return refusal;
  refusal.needed += cascade.resident;
  refusal.available = machine.capacity;
  refusal.message += fmt::format(" beside the resident states of all layers, {} B", cascade.resident.value());
  return refusal;
}

}  // namespace fusescape
