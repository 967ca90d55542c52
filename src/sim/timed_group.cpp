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

struct StepsToRun {
  StepSize size{};
  std::int64_t ahead = 0;  ///< So many steps ahead decisions look at most.
  bool steady = true;
};

/// Runs the group `run` with ever less left out, until what is left out repeats.
template <class Run>
expected<TimedGroup, SimFailure> timed(const SlabContext& context, const StepsToRun& steps, const Run& run) {
  if (step_count(context.cascade, context.plan).overflow())
    return unexpected{SimFailure{.reason = SimFailure::Reason::kOverflow}};
  Shortening shortening{context.cascade, context.plan, context.layout, steps.ahead};
  if (!steps.steady) shortening.give_up();
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
    TimedGroup made{.program = slab_program(shorter, steps.size, loops), .group = {}, .times = {}};
    auto group = run(shorter, made.program);
    if (!group) return unexpected{failure_of(std::move(group.error()))};
    made.group = std::move(*group);
    made.group.transfers.loops = loops;
    made.times = transfer_times(made.group.transfers, context.machine.dram_ports);
    if (shortening.settled(made.times.found)) return made;
  }
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

expected<TimedGroup, SimFailure> timed_spilling_group(const SlabContext& context, const Spilling& spilling,
                                                      bool steady) {
  const auto run = [&](const SlabContext& shorter, const SlabProgram& program) {
    return spilling_group(shorter, program, spilling);
  };
  return timed(context, {StepSize::kOperator, spilling.ahead, steady}, run);
}

std::optional<TimedGroup> timed_static_group(const SlabContext& context, const Fitting& fitting,
                                             KeptTensors& kept, bool steady) {
  const auto run = [&](const SlabContext& shorter,
                       const SlabProgram& program) -> expected<ManagedGroup, StuckStep> {
    return static_group(shorter, program, fitting, kept);
  };
  auto made = timed(context, {StepSize::kBody, 0, steady}, run);
  if (!made) return std::nullopt;
  return std::move(*made);
}

}  // namespace fusescape
