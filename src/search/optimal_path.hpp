// Which groups, one after another, take least of what is minimised, and what may stay on chip between them?
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "fusescape/search/optimal.hpp"
#include "fusescape/search/planner.hpp"
#include "optimal_space.hpp"

namespace fusescape {

/// What is compared: the plans themselves, or what each of their groups takes if it is as fast as its busiest
/// resource.
enum class PathOf : unsigned char { kPlans, kBounds };

struct PathQuestion {
  const Planner& planner;
  const OptimalSpace& space;
  const Machine& machine;
  const StrategyInputs& inputs;
  bool trades = false;  ///< All that no other path beats in latency and energy, instead of one.
  PathOf of = PathOf::kPlans;
  std::optional<std::pair<std::size_t, std::size_t>> avoided{};  ///< Units that may not be one group.
};

/// One group of a path.
struct PathStep {
  const SpaceEdge* edge = nullptr;
  const Way* way = nullptr;
  KeptSet own = 0;  ///< Stays on chip, of what it makes or reads.
  PlanFigures figures;
};

/// A partition of the cascade into groups of the space, and what stays on chip between them.
struct OptimalPath {
  PlanFigures figures;
  std::vector<PathStep> steps;
};

/// The best one; with `trades` all of them, fastest first. Empty if some operator fits in no group.
[[nodiscard]] std::vector<OptimalPath> optimal_paths(const PathQuestion& question);

[[nodiscard]] Plan plan_of(const OptimalPath& path, const Planner& planner, const OptimalSpace& space);

}  // namespace fusescape
