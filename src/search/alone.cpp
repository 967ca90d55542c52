#include "alone.hpp"

#include <fmt/format.h>

namespace fusescape {

expected<void, Refusal> add_alone(Plan& plan, const Planner& planner, const Machine& machine, OpId op) {
  const Candidate* best = planner.best(op, machine);
  if (best == nullptr) {
    return unexpected{Refusal{Refusal::Reason::kDoesNotFit,
                              fmt::format("{} fits in no tiling", planner.cascade().op(op).name),
                              planner.least_footprint(op), machine.capacity}};
  }
  add_group(plan, planner.cascade(), *best);
  return {};
}

}  // namespace fusescape
