// What does a loop nest around one operator cost, machines apart? Profiled in a cascade of nothing else,
// which takes a fraction of the time.
#pragma once

#include <optional>
#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

class OperatorProfiler {
 public:
  OperatorProfiler(const Planner& planner, OpId op);

  /// As profile_of (group_trials.hpp) says in the whole cascade: none if the nest breaks a rule.
  [[nodiscard]] std::optional<GroupProfile> profile(const Candidate& candidate) const;

 private:
  [[nodiscard]] bool add_operator();

  const Planner& planner_;
  OpId op_;
  bool apart_ = false;  ///< It is the same in a cascade of its own.
  Cascade cascade_;
  Plan plan_;                      ///< Its spatial mapping, and no group yet.
  std::vector<RankId> ranks_;      ///< Of the whole cascade, by those of its own.
  std::vector<TensorId> tensors_;  ///< Likewise.
};

}  // namespace fusescape
