// What does a loop nest around one operator cost, machines apart? Profiled in a cascade of nothing else,
// which takes a fraction of the time.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

#include "fusescape/plan/layout.hpp"
#include "fusescape/search/planner.hpp"

namespace fusescape {

class OperatorProfiler {
 public:
  OperatorProfiler(const Planner& planner, OpId op);

  /// As profile_of (group_trials.hpp) says in the whole cascade: none if the nest breaks a rule.
  [[nodiscard]] std::optional<GroupProfile> profile(const Candidate& candidate) const;

 private:
  /// All that the rules and the buffers of a nest depend on: per loop its rank, whether it goes one by one,
  /// and whether it cuts the rank; and whether windows are held.
  struct Form {
    std::vector<std::tuple<RankId, bool, bool>> loops;
    bool holds_windows = false;
    friend auto operator<=>(const Form&, const Form&) = default;
  };
  /// Nests of one form differ in their tiles alone.
  struct LaidOut {
    Plan plan;
    std::optional<GroupLayout> group;  ///< None: it breaks a rule.
  };

  [[nodiscard]] bool add_operator();
  /// `nest`: in this cascade, with no two loops over a rank.
  [[nodiscard]] const LaidOut& laid_out(const Candidate& nest) const;

  const Planner& planner_;
  OpId op_;
  bool apart_ = false;  ///< It is the same in a cascade of its own.
  Cascade cascade_;
  Plan plan_;                      ///< Its spatial mapping, and no group yet.
  std::vector<RankId> ranks_;      ///< Of the whole cascade, by those of its own.
  std::vector<TensorId> tensors_;  ///< Likewise.
  mutable std::mutex mutex_;       ///< Guards the map, not its entries, which stay where they are.
  mutable std::map<Form, LaidOut> laid_out_;
};

}  // namespace fusescape
