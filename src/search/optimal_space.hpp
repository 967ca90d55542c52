// Which groups does `optimal` choose from? Made once per workload and array, shared by all its design points.
#pragma once

#include <map>
#include <stop_token>
#include <utility>
#include <vector>

#include "fusescape/search/planner.hpp"
#include "optimal_group.hpp"

namespace fusescape {

/// Groups of consecutive units, in cascade order.
class OptimalSpace {
 public:
  OptimalSpace(const Planner& planner, const std::stop_token& stop);

  /// The first operators of the units, in execution order: the path goes from unit to unit.
  [[nodiscard]] const std::vector<OpId>& leaders() const { return leaders_; }
  /// The groups that run units [first, last); none if no such run is tried.
  [[nodiscard]] const std::vector<FusedGroup>* groups(std::size_t first, std::size_t last) const;
  /// Groups that have been laid out.
  [[nodiscard]] std::size_t tried() const { return tried_; }

 private:
  std::vector<OpId> leaders_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<FusedGroup>> groups_;
  std::size_t tried_ = 0;
};

}  // namespace fusescape
