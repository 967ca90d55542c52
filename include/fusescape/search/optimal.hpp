// What is the best plan of a class that holds every strategy's, how far is it from a bound, and who made it?
//
// docs/model/optimal.md has the class, its bound and what is left out.
#pragma once

#include <cstddef>
#include <string_view>

#include "fusescape/search/strategy.hpp"

namespace fusescape {

inline constexpr std::string_view kOptimalName = "optimal";

/// What optimal_answer is optimal over, less what its tiles leave out (docs/model/optimal.md).
inline constexpr std::string_view kOptimalClass =
    "runs of consecutive operators, cut beside contractions, each a group of loops over batch and tokens "
    "around "
    "bodies: one loop over a shared rank around operators in order; recurrences step by step; element-wise "
    "runs in registers where they fit; operators alone in any tiling of the mapper; every other strategy's "
    "plan";

struct OptimalAnswer {
  Plan plan;
  Ticks latency;              ///< Closed form.
  Ticks bound;                ///< Of the class: no plan of it is faster. At most `latency`.
  std::size_t laid_out = 0;   ///< Groups that were laid out to choose from.
  std::size_t compared = 0;   ///< Plans of other strategies that competed.
  std::string_view winner{};  ///< The strategy whose plan it is: "optimal", or another one.
};

/// The fastest of the class and of all strategies' plans. Refused if nothing fits.
[[nodiscard]] expected<OptimalAnswer, Refusal> optimal_answer(const Planner& planner, const Machine& machine,
                                                              const StrategyInputs& inputs = {});

}  // namespace fusescape
