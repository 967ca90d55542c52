// What does a candidate cost, machines apart? Its group laid out and profiled.
#pragma once

#include <vector>

#include "fusescape/plan/layout.hpp"
#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Profiles groups one at a time. Its plan, whose spatial mappings are many small vectors, is made once.
class GroupTrials {
 public:
  GroupTrials(const Cascade& cascade, const std::vector<SpatialMapping>& spatial,
              const ProfileOptions& options)
      : cascade_{cascade}, options_{options} {
    plan_.spatial = spatial;
  }

  /// False if the candidate breaks a rule.
  bool run(Candidate& candidate) {
    plan_.nodes.assign(1, Node{});
    plan_.storages.clear();
    add_group(plan_, cascade_, candidate);
    const auto layout = lay_out(cascade_, plan_, Coverage::kPart);
    if (layout) candidate.profile = profile_group(cascade_, plan_, layout->groups.front(), options_);
    return layout.has_value();
  }

 private:
  const Cascade& cascade_;
  const ProfileOptions& options_;
  Plan plan_;
};

inline Bytes bytes_moved(const Candidate& candidate) {
  return candidate.profile.dram_read + candidate.profile.dram_write;
}

inline Bytes bytes_held(const Candidate& candidate) {
  return candidate.profile.peak;
}

}  // namespace fusescape
