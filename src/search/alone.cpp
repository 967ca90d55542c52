#include "alone.hpp"

#include <fmt/format.h>

namespace fusescape {
namespace {

/// Why no candidate runs `op` alone, on a machine that supports it.
Refusal refusal_of(const Planner& planner, const Machine& machine, OpId op) {
  const std::string& name = planner.cascade().op(op).name;
  if (planner.candidates(op).empty()) {
    return {Refusal::Reason::kIllegal, fmt::format("{} has no legal tiling of its own", name), {}, {}};
  }
  const Bytes least = planner.least_footprint(op);
  if (least.overflow() || least <= machine.capacity) {
    return {Refusal::Reason::kOverflow,
            fmt::format("{}: its counts do not fit 64 bits; smaller ranks would do", name),
            {},
            {}};
  }
  return {Refusal::Reason::kDoesNotFit, fmt::format("{} fits in no tiling", name), least, machine.capacity};
}

}  // namespace

expected<void, Refusal> add_alone(Plan& plan, const Planner& planner, const Machine& machine, OpId op) {
  const Candidate* best = planner.best(op, machine);
  if (best == nullptr) {
    return unexpected{refusal_of(planner, machine, op)};
  }
  add_group(plan, planner.cascade(), *best);
  return {};
}

}  // namespace fusescape
