// Which distinct points does an evaluation ask for, and where is each of them?
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "fusescape/search/sweep_binding.hpp"

namespace fusescape {

/// Points that are evaluated once each, however often they are asked for.
class PointSet {
 public:
  /// Its position in points().
  std::size_t id_of(const DesignPoint& point) {
    const auto [entry, is_new] =
        ids_.try_emplace({point.workload, point.design, point.strategy}, points_.size());
    if (is_new) points_.push_back(point);
    return entry->second;
  }
  [[nodiscard]] const std::vector<DesignPoint>& points() const { return points_; }

 private:
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::size_t> ids_;
  std::vector<DesignPoint> points_;
};

}  // namespace fusescape
