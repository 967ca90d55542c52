#include "fusescape/plan/tile_classes.hpp"
#include "long_loops.hpp"
#include "managed_group.hpp"

namespace fusescape {
namespace {

/// Longer ones are not tried in the search for what repeats.
constexpr Elements kMostTried{std::int64_t{1} << 18};

SimFailure failure_of(StuckStep stuck) {
  SimFailure failure{
      .reason = SimFailure::Reason::kCapacity, .needed = stuck.why.needed, .available = stuck.why.available};
  failure.memory = std::move(stuck.held);
  return failure;
}

}  // namespace

Elements step_count(const Cascade& cascade, const Plan& plan) {
  Elements steps;
  for (std::size_t n = 0; n < plan.nodes.size(); ++n) {
    if (plan.nodes[n].kind != NodeKind::kOperator) continue;
    steps += iteration_count(cascade, loops_above(plan, NodeId{static_cast<std::uint16_t>(n)}));
  }
  return steps;
}

/// Runs the group with ever less left out, until what is left out repeats.
expected<TimedGroup, SimFailure> timed_spilling_group(const SlabContext& context, const Spilling& spilling,
                                                      bool steady) {
  if (step_count(context.cascade, context.plan).overflow())
    return unexpected{SimFailure{.reason = SimFailure::Reason::kOverflow}};
  Shortening shortening{context.cascade, context.plan, context.layout, spilling.ahead};
  if (!steady) shortening.give_up();
  for (;;) {
    const Cascade cascade = shortening.cascade();
    const std::vector<LongLoop> loops = shortening.loops();
    const Elements count = step_count(cascade, context.plan);
    if (!loops.empty() && count > kMostTried) {
      shortening.give_up();
      continue;
    }
    if (count > kMostSteps) return unexpected{SimFailure{.reason = SimFailure::Reason::kTooLong}};
    const SlabContext shorter{cascade,         context.plan,      context.layout,
                              context.machine, context.engine_of, context.granule};
    TimedGroup made{.program = slab_program(shorter, StepSize::kOperator, loops), .group = {}, .times = {}};
    auto group = spilling_group(shorter, made.program, spilling);
    if (!group) return unexpected{failure_of(std::move(group.error()))};
    made.group = std::move(*group);
    made.group.transfers.loops = loops;
    made.times = transfer_times(made.group.transfers, context.machine.dram_ports);
    if (shortening.settled(made.times.found)) return made;
  }
}

}  // namespace fusescape
