// How is a plan simulated in tests?
#pragma once

#include "fusescape/sim/simulate.hpp"
#include "plans.hpp"

namespace fusescape::test_plans {

inline SimResult simulated(const Cascade& cascade, const Plan& plan, const Accelerator& machine,
                           const SimOptions& options = {}, SimObserver* observer = nullptr) {
  const auto layout = lay_out(cascade, plan, Coverage::kPart);
  FUSESCAPE_EXPECTS(layout.has_value());
  auto result = simulate(cascade, plan, *layout, machine, options, observer);
  FUSESCAPE_EXPECTS(result.has_value());
  return std::move(*result);
}

}  // namespace fusescape::test_plans
