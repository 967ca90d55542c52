#include "fusescape/search/assessment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fusescape/plan/spatial.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {
namespace {

using Assessed = expected<Assessment, AssessmentError>;

std::vector<std::string> descriptions(const Cascade& cascade, const std::vector<Violation>& violations) {
  std::vector<std::string> lines;
  lines.reserve(violations.size());
  for (const Violation& violation : violations) lines.push_back(describe(cascade, violation));
  return lines;
}

std::string group_name(const Cascade& cascade, const GroupLayout& group) {
  std::vector<std::string_view> names;
  for (const OpId op : group.operators) names.push_back(cascade.op(op).name);
  return fmt::format("{{{}}}", fmt::join(names, ", "));
}

/// The tensors that the group holds, by name.
std::vector<std::string> held_tensors(const Cascade& cascade, const GroupLayout& group) {
  std::vector<std::string> names;
  for (const Buffer& buffer : group.buffers) {
    const std::string& name = cascade.tensor(buffer.tensor).name;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string describe_capacity(const DoesNotRun& error) {
  const Bytes short_by = error.why.needed - error.why.available;
  return fmt::format(
      "{} does not fit: it needs {} B on chip for {}; sram.capacity is {} B, {} B short.\nMore SRAM "
      "(--set sram.capacity=...), or a strategy that slices the channels (mem-aware-exact), would do.",
      error.group, error.why.needed.value(), fmt::join(error.tensors, ", "), error.why.available.value(),
      short_by.value());
}

std::string describe_run(const DoesNotRun& error) {
  switch (error.why.reason) {
    case Infeasible::Reason::kCapacity:
      return describe_capacity(error);
    case Infeasible::Reason::kUnsupported:
      return fmt::format("{}: no core runs it", error.group);
    case Infeasible::Reason::kOverflow:
      return fmt::format("{}: its counts do not fit 64 bits; smaller ranks would do", error.group);
  }
  return {};
}

std::string describe_refusal(const Refusal& refusal) {
  if (refusal.reason == Refusal::Reason::kUnsupported) {
    return refusal.message +
           ".\nCores with cycles for these kinds would do (--set cores.NAME.cycles.KIND=...).";
  }
  if (refusal.reason != Refusal::Reason::kDoesNotFit) return refusal.message;
  return fmt::format(
      "{}: the least is {} B, sram.capacity is {} B, {} B short.\nMore SRAM would do "
      "(--set sram.capacity=...).",
      refusal.message, refusal.needed.value(), refusal.available.value(),
      (refusal.needed - refusal.available).value());
}

}  // namespace

Assessed assess(const Cascade& cascade, const Accelerator& accelerator, Plan plan) {
  auto layout = lay_out(cascade, plan);
  if (!layout) return unexpected{AssessmentError{IllegalPlan{descriptions(cascade, layout.error())}}};
  const std::vector<Violation> hardware = hardware_violations(cascade, plan, accelerator);
  if (!hardware.empty()) return unexpected{AssessmentError{IllegalPlan{descriptions(cascade, hardware)}}};
  const auto machine = make_machine(accelerator);
  if (!machine) return unexpected{AssessmentError{machine.error()}};
  Assessment made;
  made.profile = profile(cascade, plan, *layout, profile_options(accelerator));
  made.groups.resize(made.profile.groups.size());
  const auto cost = evaluate(made.profile, *machine, made.groups);
  if (!cost) {
    const GroupLayout& group = layout->groups[cost.error().group];
    return unexpected{
        AssessmentError{DoesNotRun{cost.error(), group_name(cascade, group), held_tensors(cascade, group)}}};
  }
  made.plan = std::move(plan);
  made.layout = std::move(*layout);
  made.machine = *machine;
  made.cost = *cost;
  return made;
}

Assessed assess(const Planner& planner, const Accelerator& accelerator, const Strategy& strategy,
                const StrategyInputs& inputs) {
  const auto machine = make_machine(accelerator);
  if (!machine) return unexpected{AssessmentError{machine.error()}};
  auto plan = plan_by(strategy, planner, *machine, inputs);
  if (!plan) return unexpected{AssessmentError{std::move(plan.error())}};
  plan->name = strategy.name;
  return assess(planner.cascade(), accelerator, std::move(*plan));
}

Assessed assess(const Cascade& cascade, const Accelerator& accelerator, const Strategy& strategy,
                const StrategyInputs& inputs) {
  return assess(Planner{cascade, accelerator}, accelerator, strategy, inputs);
}

std::string describe(const AssessmentError& error) {
  return std::visit(
      overloaded{
          [](const IllegalPlan& illegal) { return fmt::format("{}", fmt::join(illegal.reasons, "\n")); },
          [](const Refusal& refusal) { return describe_refusal(refusal); },
          [](const DoesNotRun& run) { return describe_run(run); },
          [](const NoTimeBase&) {
            return std::string{
                "the ports' bandwidths have no common time base; round them to multiples of 8 bits"};
          },
      },
      error);
}

}  // namespace fusescape
