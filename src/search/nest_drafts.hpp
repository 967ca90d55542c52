// The nests of an operator, drafted first and made only where they may be useful.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "best_candidate.hpp"
#include "candidates.hpp"
#include "nest_weights.hpp"
#include "reach.hpp"

namespace fusescape {

/// A nest that has not been laid out.
struct Draft {
  Weights weights;          ///< At the least.
  bool exact = false;       ///< They are what the profile says.
  std::uint32_t order = 0;  ///< Of a tiling's orders, in that of for_each_order.
  std::size_t number = 0;   ///< Of the tiling, or of the nest.
};

/// Of an operator with a space of nests.
class NestDrafts {
 public:
  NestDrafts(const Planner& planner, OpId op);

  /// All of them; of the orders of one tiling only the one that moves least.
  [[nodiscard]] std::vector<Draft> all();

  /// Whether bounds of tilings are known.
  [[nodiscard]] bool has_bounds() const;

  /// Of the tilings that fit and may take at most twice as long as the one that may be the fastest.
  [[nodiscard]] std::vector<TilingBound> bounds(const Machine& machine, const LeastTime& time);

  /// A tiling that is among the fastest: of those with the least bound, or of some of them, the one whose
  /// weights are. Null if there is none.
  [[nodiscard]] const TilingBound* quick(const std::vector<TilingBound>& bounds, const LeastTime& time);

  /// Of the tilings within a reach.
  [[nodiscard]] std::vector<Draft> within(const Reach& reach, const std::vector<TilingBound>& bounds,
                                          const LeastTime& time);

  [[nodiscard]] Candidate candidate(const Draft& draft) const;
  [[nodiscard]] Candidate candidate(const TilingBound& bound) { return candidate(drafted(bound)); }

 private:
  [[nodiscard]] Draft draft(std::size_t number, const NestWeights::Lightest& lightest);
  [[nodiscard]] Draft drafted(const TilingBound& bound);

  const Planner& planner_;
  OpId op_;
  NestSpace space_;
  NestWeights weights_;
};

/// Makes of the drafts, lightest first, those that none made before is no worse than; after `stop` some may
/// be missing.
[[nodiscard]] std::vector<Candidate> useful(const Planner& planner, const NestDrafts& nests,
                                            std::vector<Draft> drafts, const std::stop_token& stop);

/// Without those that another is no worse than, lightest first.
[[nodiscard]] std::vector<Candidate> without_outdone(std::vector<Candidate> tried);

}  // namespace fusescape
