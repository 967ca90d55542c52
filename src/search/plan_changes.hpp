// What can be changed in one group of a plan, one thing at a time?
#pragma once

#include <string>
#include <vector>

#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// A plan with one change, which may be illegal or too large: assess says.
struct PlanChange {
  std::string text;
  Plan plan;
};

/// What may make group `group` of a legal plan faster.
[[nodiscard]] std::vector<PlanChange> faster_changes(const Cascade& cascade, const Plan& plan,
                                                     const Layout& layout, std::size_t group);

/// What makes it smaller: single slots of all that streams, and each loop's tile halved until it is 1.
[[nodiscard]] std::vector<PlanChange> smaller_changes(const Cascade& cascade, const Plan& plan,
                                                      const Layout& layout, std::size_t group);

}  // namespace fusescape
