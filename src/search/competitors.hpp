// What do plans of other strategies take at the least? Their groups can be bounded without being made.
#pragma once

#include <optional>
#include <vector>

#include "fusescape/search/planner.hpp"
#include "fusescape/search/strategy.hpp"

namespace fusescape {

class OptimalSpace;

/// What operators that run as one group ask for whatever their tiles: each value from outside is read once,
/// and what is used outside is written once; each operator has its whole iteration space as one tile.
struct GroupFloor {
  Bytes read;
  Bytes written;
  Cycles compute;
  Bytes held;  ///< Of a run: least_held.
};

/// What a group of consecutive operators holds on chip at the least, if it loops over nothing but ranks that
/// all outputs share.
[[nodiscard]] Bytes least_held(const Cascade& cascade, const std::vector<OpId>& operators);

/// Made once per workload and array.
class CompetitorFloors {
 public:
  /// No strategy's plan is bounded if there are more units than this: the runs of them are too many.
  static constexpr std::size_t kMostUnits = 128;

  CompetitorFloors(const Planner& planner, const std::vector<std::vector<OpId>>& units,
                   const std::vector<std::vector<OpId>>& updates);

  /// Units [first, last) as one group. Expects first + 1 < last.
  [[nodiscard]] const GroupFloor& run(std::size_t first, std::size_t last) const {
    return runs_[first * units_ + last - 1];
  }
  [[nodiscard]] std::vector<OpId> operators(std::size_t first, std::size_t last) const;
  [[nodiscard]] std::size_t units() const { return units_; }
  /// Whether runs are bounded, and inputs come one after another: else nothing is known.
  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] bool is_updating(std::size_t unit) const { return updating_[unit]; }
  /// Per state update all of its operators as one group.
  [[nodiscard]] const std::vector<GroupFloor>& updates() const { return updates_; }

 private:
  std::size_t units_ = 0;
  std::vector<std::vector<OpId>> members_;  ///< Per unit.
  bool known_ = false;
  std::vector<GroupFloor> runs_;  ///< By first unit, then by last one.
  std::vector<bool> updating_;    ///< Per unit: its operators are some update's.
  std::vector<GroupFloor> updates_;
};

/// What no plan of a strategy takes less than, by what its groups hold (StrategyGroups).
class LeastTimes {
 public:
  LeastTimes(const Planner& planner, const OptimalSpace& space, const Machine& machine);

  /// Whether none of the strategy's plans takes less than `time`. Looks no closer than it must.
  [[nodiscard]] bool none_below(Ticks time, const Strategy& strategy);

 private:
  /// Of a run as one group.
  struct RunTime {
    Ticks least;
    bool exact = false;  ///< Of the nests that Planner::fused has; else it is the floor's.
    bool fits = true;
  };

  [[nodiscard]] Ticks time_of(const GroupFloor& floor) const;
  void find_floors_of_runs();
  [[nodiscard]] bool make_exact(const std::vector<std::size_t>& ends);
  [[nodiscard]] bool runs_below(Ticks time, bool of_planner);
  [[nodiscard]] std::vector<std::size_t> fastest_runs(const std::vector<RunTime>& runs, Ticks& sum) const;
  [[nodiscard]] RunTime exact_time(std::size_t first, std::size_t last) const;
  [[nodiscard]] Ticks least_of_updates() const;
  [[nodiscard]] bool none_retained_below(Ticks time);
  template <class Saved>
  [[nodiscard]] Ticks least_retained(const Saved& saved) const;

  const Planner& planner_;
  const OptimalSpace& space_;
  const CompetitorFloors& floors_;
  const Machine& machine_;
  std::vector<Ticks> alone_;             ///< Per unit.
  std::vector<RunTime> floors_of_runs_;  ///< By first unit, then by last one; once they are asked for.
  std::optional<Ticks> retained_;        ///< Once it is asked for.
  std::vector<RunTime> runs_;            ///< Likewise, some of them exact.
};

}  // namespace fusescape
