// What does one point of a sweep cost? Points that come one after another share what can be shared: planners,
// profiles of plans, heads. What is kept is bounded, however many points there are.
#pragma once

#include <memory>
#include <stop_token>

#include "fusescape/search/model_head.hpp"
#include "fusescape/search/sweep_point.hpp"

namespace fusescape {

class PointEvaluator {
 public:
  /// Once `stop` is requested, outcomes are not to be kept: planners may have left candidates out.
  PointEvaluator(WithEnergy energy, std::stop_token stop);
  PointEvaluator(const PointEvaluator&) = delete;
  PointEvaluator(PointEvaluator&&) = delete;
  PointEvaluator& operator=(const PointEvaluator&) = delete;
  PointEvaluator& operator=(PointEvaluator&&) = delete;
  ~PointEvaluator();

  /// On any thread. Equal points have equal outcomes, whatever was asked before.
  [[nodiscard]] PointOutcome operator()(const SweepPoint& point);

  /// Gives back what is kept, while nobody evaluates.
  void forget();

 private:
  struct Kept;

  PointOutcome of_block(const std::shared_ptr<const Workload>& workload, const SweepPoint& point);
  PointOutcome of_stack(const SweepPoint& point);
  PointOutcome of_run(const SweepPoint& point);

  WithEnergy energy_;
  std::stop_token stop_;
  std::unique_ptr<Kept> kept_;
};

}  // namespace fusescape
