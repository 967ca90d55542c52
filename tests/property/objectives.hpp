// What does a test of `optimal` minimise, under which prices, and what does a plan have of it?
#pragma once

#include <memory>
#include <utility>

#include "designs.hpp"
#include "fusescape/search/optimal.hpp"
#include "fusescape/search/run_energy.hpp"
#include "technology_tables.hpp"

namespace fusescape::test_plans {

inline StrategyInputs minimising(Objective objective, const Design& design) {
  StrategyInputs inputs;
  inputs.minimize = objective;
  inputs.prices = prices_of(design.accelerator, design.technology.get());
  return inputs;
}

/// Under CACTI's table, with an energy of registers.
inline Design with_energies(const Accelerator& accelerator) {
  Technology technology = test_tables::cacti7();
  technology.energy.registers = RegisterEnergy{Picojoules{0.01}, Picojoules{0.02}, {}};
  return priced(design_of(accelerator), std::make_shared<const Technology>(std::move(technology)));
}

inline double figure_of(const PlanFigures& figures, Objective objective, const TickScale& scale) {
  switch (objective) {
    case Objective::kLatency:
      return static_cast<double>(figures.latency.value());
    case Objective::kEnergy:
      return figures.energy_pj;
    case Objective::kDramBytes:
      return static_cast<double>(figures.moved.value());
    case Objective::kEnergyDelay:
      break;
  }
  return figures.energy_delay(scale);
}

}  // namespace fusescape::test_plans
