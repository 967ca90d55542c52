// What is the best plan of a class that holds every strategy's, how far is it from a bound, and who made it?
//
// docs/model/optimal.md has the class, its bound and what is left out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/search/strategy.hpp"

namespace fusescape {

inline constexpr std::string_view kOptimalName = "optimal";

/// What optimal_answer is optimal over with these ingredients (docs/model/optimal.md): all of it if it is
/// `whole`, else less what its tiles leave out.
[[nodiscard]] std::string optimal_class(const Ingredients& with, bool whole = false);

/// What a plan of one block takes, or what none takes less than.
struct PlanFigures {
  Ticks latency;           ///< Closed form.
  Bytes moved;             ///< Over the DRAM port, both ways.
  double energy_pj = 0.0;  ///< Unless it was asked for: 0.
  Ticks busy{};            ///< Each group's PEs or on-chip ports, at the least: decides between equals.

  /// In pJ x cycles: time is rounded up once, as everywhere.
  [[nodiscard]] double energy_delay(const TickScale& scale) const {
    return energy_pj * static_cast<double>(scale.whole_cycles(latency).value());
  }
};

struct OptimalAnswer {
  Plan plan;
  PlanFigures figures;
  std::size_t laid_out = 0;   ///< Groups that were laid out to choose from.
  std::size_t compared = 0;   ///< Plans of other strategies that competed.
  std::string_view winner{};  ///< The strategy whose plan it is: "optimal", or another one.
  bool whole = false;         ///< Every group of the class was laid out, and none was dropped.
};

/// The plan of the class with the least of `inputs.minimize`, also among the plans of other strategies that
/// have none of what is left out. Refused if nothing fits. Expects prices where the objective reads energy.
[[nodiscard]] expected<OptimalAnswer, Refusal> optimal_answer(const Planner& planner, const Machine& machine,
                                                              const StrategyInputs& inputs = {});

/// What no plan of the class, and not `answer`, has less of `inputs.minimize`, which is what its figures are
/// of.
struct OptimalBound {
  PlanFigures figures;
  std::string partition;  ///< Which groups it is of: "{norm..gate}, {out_proj}". Empty: of the answer's plan.
};
[[nodiscard]] OptimalBound optimal_bound(const Planner& planner, const Machine& machine,
                                         const StrategyInputs& inputs, const OptimalAnswer& answer);

/// One of the plans that no other one beats in both latency and energy.
struct TradeOff {
  PlanFigures figures;
  std::string_view winner{};
};
/// Fastest first. Expects prices.
[[nodiscard]] std::vector<TradeOff> latency_energy_front(const Planner& planner, const Machine& machine,
                                                         const StrategyInputs& inputs);

}  // namespace fusescape
