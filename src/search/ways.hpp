// In which ways can a unit of operators run alone, and what is known of each before it is laid out?
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// What is known of a way for little; it weighs no less.
struct Sketch {
  Bytes moved;
  Bytes held;
  Bytes ends;
  Cycles compute;
  std::uint32_t number = 0;
  std::uint32_t made = 0;  ///< Room for whoever looks closer at it.
};
[[nodiscard]] inline Sketch sketch_of(const Weights& weights, std::uint32_t number) {
  return {weights.moved, weights.held, weights.ends, weights.array.compute, number};
}

[[nodiscard]] inline Weights least_weights(const Sketch& sketch) {
  return {sketch.moved, sketch.held, sketch.ends, {sketch.compute, {}}};
}

/// A way that has not been laid out.
struct Draft {
  Weights weights;           ///< At the least.
  bool exact = false;        ///< They are what the profile says, and the way is legal.
  std::uint32_t order = 0;   ///< Of a tiling's orders, in that of for_each_order.
  std::uint32_t number = 0;  ///< Of the tiling, or of the nest.
};

/// Ways that are numbered.
class Ways {
 public:
  Ways() = default;
  Ways(const Ways&) = delete;
  Ways& operator=(const Ways&) = delete;
  virtual ~Ways() = default;

  /// All of them.
  [[nodiscard]] virtual std::vector<Sketch> sketches() = 0;
  [[nodiscard]] virtual Draft draft(std::uint32_t number) = 0;
  [[nodiscard]] virtual Candidate candidate(const Draft& draft) const = 0;
  /// Which of two that weigh the same Planner::candidates keeps: the one that comes earlier.
  [[nodiscard]] virtual bool earlier(const Draft& a, const Draft& b) const = 0;
};

/// Of the unit of `op`.
[[nodiscard]] std::unique_ptr<Ways> ways_of(const Planner& planner, OpId op);

}  // namespace fusescape
