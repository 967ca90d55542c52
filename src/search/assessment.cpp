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
  return fmt::format("{} does not fit: it needs {} B on chip for {}; sram.capacity is {} B, {} B short.",
                     error.group, error.why.needed.value(), fmt::join(error.tensors, ", "),
                     error.why.available.value(), short_by.value());
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
  return fmt::format("{}: the least is {} B, sram.capacity is {} B, {} B short.", refusal.message,
                     refusal.needed.value(), refusal.available.value(),
                     (refusal.needed - refusal.available).value());
}

/// Where some group lacks room, the one that needs the most: with that much all of them fit.
Infeasible greatest_shortage(const PlanProfile& profile, Infeasible why) {
  if (why.reason != Infeasible::Reason::kCapacity) return why;
  for (std::uint32_t g = 0; g < profile.groups.size(); ++g) {
    const Bytes needed = profile.groups[g].peak + profile.groups[g].reserved;
    if (needed.overflow() || needed <= why.needed) continue;
    why.needed = needed;
    why.group = g;
  }
  return why;
}

/// The capacity that a shortage names.
std::optional<Bytes> needed_by(const AssessmentError& error) {
  const auto* run = std::get_if<DoesNotRun>(&error);
  if (run != nullptr && run->why.reason == Infeasible::Reason::kCapacity) return run->why.needed;
  const auto* refusal = std::get_if<Refusal>(&error);
  if (refusal != nullptr && refusal->reason == Refusal::Reason::kDoesNotFit) return refusal->needed;
  return std::nullopt;
}

AssessmentError with_available(AssessmentError error, Bytes available) {
  if (auto* run = std::get_if<DoesNotRun>(&error)) run->why.available = available;
  if (auto* refusal = std::get_if<Refusal>(&error)) refusal->available = available;
  return error;
}

}  // namespace

Assessed assess(const Cascade& cascade, const Design& design, Plan plan) {
  if (auto wide = wider_data(cascade, design.accelerator)) {
    return unexpected{AssessmentError{std::move(*wide)}};
  }
  auto layout = lay_out(cascade, plan);
  if (!layout) return unexpected{AssessmentError{IllegalPlan{descriptions(cascade, layout.error())}}};
  const std::vector<Violation> hardware = hardware_violations(cascade, plan, design.accelerator);
  if (!hardware.empty()) return unexpected{AssessmentError{IllegalPlan{descriptions(cascade, hardware)}}};
  Assessment made;
  made.profile = profile(cascade, plan, *layout, profile_options(design.accelerator));
  made.groups.resize(made.profile.groups.size());
  const auto cost = evaluate(made.profile, design.machine, made.groups);
  if (!cost) {
    const Infeasible why = greatest_shortage(made.profile, cost.error());
    const GroupLayout& group = layout->groups[why.group];
    return unexpected{
        AssessmentError{DoesNotRun{why, group_name(cascade, group), held_tensors(cascade, group)}}};
  }
  made.plan = std::move(plan);
  made.layout = std::move(*layout);
  made.cost = *cost;
  return made;
}

namespace {

/// Without a second look at a shortage.
Assessed assess_once(const Planner& planner, const Design& design, const Strategy& strategy,
                     const StrategyInputs& inputs) {
  // Before what the strategy says of a cascade that could not run anyway.
  if (auto wide = wider_data(planner.cascade(), design.accelerator)) {
    return unexpected{AssessmentError{std::move(*wide)}};
  }
  auto plan = plan_by(strategy, planner, design.machine, inputs);
  if (!plan) return unexpected{AssessmentError{std::move(plan.error())}};
  plan->name = strategy.name;
  return assess(planner.cascade(), design, std::move(*plan));
}

}  // namespace

Assessed assess(const Planner& planner, const Design& design, const Strategy& strategy,
                const StrategyInputs& inputs) {
  Assessed found = assess_once(planner, design, strategy, inputs);
  if (found) return found;
  return unexpected{whole_shortage(planner, design, strategy, std::move(found.error()), inputs)};
}

AssessmentError whole_shortage(const Planner& planner, const Design& design, const Strategy& strategy,
                               AssessmentError found, const StrategyInputs& inputs) {
  const Bytes available = design.accelerator.sram.capacity;
  constexpr int kMostSteps = 32;
  Accelerator larger = design.accelerator;
  std::optional<Bytes> needed = needed_by(found);
  for (int i = 0; i < kMostSteps && needed && *needed > larger.sram.capacity; ++i) {
    larger.sram.capacity = *needed;
    const auto tried = make_design(larger);
    if (!tried) break;
    Assessed next = assess_once(planner, *tried, strategy, inputs);
    needed = next ? std::nullopt : needed_by(next.error());
    if (needed) found = with_available(std::move(next.error()), available);
  }
  return found;
}

Assessed assess(const Cascade& cascade, const Design& design, const Strategy& strategy,
                const StrategyInputs& inputs) {
  return assess(Planner{cascade, design.accelerator}, design, strategy, inputs);
}

std::string describe(const AssessmentError& error) {
  return std::visit(
      overloaded{
          [](const IllegalPlan& illegal) { return fmt::format("{}", fmt::join(illegal.reasons, "\n")); },
          [](const Refusal& refusal) { return describe_refusal(refusal); },
          [](const DoesNotRun& run) { return describe_run(run); },
      },
      error);
}

}  // namespace fusescape
