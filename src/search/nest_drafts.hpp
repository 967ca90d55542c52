// The nests of an operator, drafted first and made only where they may be useful.
#pragma once

#include <stop_token>
#include <vector>

#include "candidates.hpp"
#include "nest_weights.hpp"
#include "ways.hpp"

namespace fusescape {

/// Of an operator with a space of nests: of the orders of each tiling the one that moves least.
class NestDrafts : public Ways {
 public:
  NestDrafts(const Planner& planner, OpId op);

  [[nodiscard]] std::vector<Sketch> sketches() override;
  [[nodiscard]] Draft draft(std::uint32_t number) override;
  [[nodiscard]] Candidate candidate(const Draft& draft) const override;
  [[nodiscard]] bool earlier(const Draft& a, const Draft& b) const override;

  /// Of all tilings those that Planner::candidates has, lightest first; after `stop` some may be missing.
  [[nodiscard]] std::vector<Candidate> useful(const std::stop_token& stop);

 private:
  const Planner& planner_;
  OpId op_;
  NestSpace space_;
  NestWeights weights_;
};

/// Without those that another is no worse than, lightest first.
[[nodiscard]] std::vector<Candidate> without_outdone(std::vector<Candidate> tried);

}  // namespace fusescape
