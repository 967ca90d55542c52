// What does a candidate cost, machines apart? Its group laid out and profiled.
#pragma once

#include <optional>

#include "fusescape/cost/profile.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/search/planner.hpp"
#include "weights.hpp"

namespace fusescape {

/// None if the candidate breaks a rule.
inline std::optional<GroupProfile> profile_of(const Planner& planner, const Candidate& candidate) {
  Plan plan;
  plan.spatial.resize(planner.spatial().size());
  for (const OpId op : candidate.operators) plan.spatial[index_of(op)] = planner.spatial()[index_of(op)];
  add_group(plan, planner.cascade(), candidate);
  const auto layout = lay_out(planner.cascade(), plan, Coverage::kPart);
  if (!layout) return std::nullopt;
  GroupProfile profile = profile_group(planner.cascade(), plan, layout->groups.front(), planner.options());
  fit(profile);
  return profile;
}

}  // namespace fusescape
