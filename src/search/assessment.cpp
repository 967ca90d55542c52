#include "fusescape/search/assessment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fusescape/plan/spatial.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {
namespace {

using Assessed = expected<Assessment, WhyNot>;

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
  if (cascade.resident > Bytes{0}) {
    names.push_back(fmt::format("the resident states of all layers ({} B)", cascade.resident.value()));
  }
  return names;
}

std::string describe_capacity(const DoesNotRun& error) {
  const Bytes short_by = error.why.needed - error.why.available;
  return fmt::format("{} does not fit: it needs {} B on chip for {}; sram.capacity is {} B, {} B short.",
                     error.group, error.why.needed.value(), fmt::join(error.tensors, ", "),
                     error.why.available.value(), short_by.value());
}

constexpr std::string_view kEviction =
    "\nOr let the memory evict what does not fit: simulate --eviction furthest.";

std::string describe_run(const DoesNotRun& error) {
  switch (error.why.reason) {
    case Infeasible::Reason::kCapacity:
      return fmt::format("{}{}", describe_capacity(error), error.may_evict ? kEviction : "");
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

std::string describe_simulation(const DoesNotSimulate& failed) {
  using Reason = SimFailure::Reason;
  std::string text = failed.text;
  if (failed.why.reason == Reason::kCapacity && !failed.evicts) text += kEviction;
  if (failed.why.reason == Reason::kDeadlock) {
    text +=
        "\nMore SRAM (--set sram.capacity=...) would do, or other cores (--core-of), or all on one (no "
        "--allocation).";
  }
  return text;
}

/// `larger`, found in more room, as what `found` should have said.
void replace_shortage(WhyNot& found, WhyNot larger, Bytes available) {
  const auto* before = std::get_if<DoesNotRun>(&found);
  if (auto* run = std::get_if<DoesNotRun>(&larger)) {
    run->why.available = available;
    run->may_evict = before != nullptr && before->may_evict;
  }
  if (auto* refusal = std::get_if<Refusal>(&larger)) refusal->available = available;
  found = std::move(larger);
}

}  // namespace

Assessed assess(const Cascade& cascade, const Design& design, Plan plan) {
  if (auto wide = wider_data(cascade, design.accelerator)) {
    return unexpected{WhyNot{std::move(*wide)}};
  }
  auto layout = lay_out(cascade, plan);
  if (!layout) return unexpected{WhyNot{IllegalPlan{descriptions(cascade, layout.error())}}};
  const std::vector<Violation> hardware = hardware_violations(cascade, plan, design.accelerator);
  if (!hardware.empty()) return unexpected{WhyNot{IllegalPlan{descriptions(cascade, hardware)}}};
  Assessment made;
  made.profile = profile(cascade, plan, *layout, profile_options(design.accelerator));
  made.groups.resize(made.profile.groups.size());
  const auto cost = evaluate(made.profile, design.machine, made.groups);
  if (!cost) {
    const Infeasible why = greatest_shortage(made.profile, cost.error());
    const GroupLayout& group = layout->groups[why.group];
    return unexpected{WhyNot{DoesNotRun{why, group_name(cascade, group), held_tensors(cascade, group)}}};
  }
  made.plan = std::move(plan);
  made.layout = std::move(*layout);
  made.cost = *cost;
  return made;
}

namespace {

/// Without a second look at a shortage.
expected<Plan, WhyNot> plan_once(const Planner& planner, const Design& design, const Strategy& strategy,
                                 const StrategyInputs& inputs) {
  // Before what the strategy says of a cascade that could not run anyway.
  if (auto wide = wider_data(planner.cascade(), design.accelerator)) {
    return unexpected{WhyNot{std::move(*wide)}};
  }
  auto plan = plan_by(strategy, planner, design, inputs);
  if (!plan) return unexpected{WhyNot{std::move(plan.error())}};
  plan->name = strategy.name;
  return std::move(*plan);
}

/// Likewise.
Assessed assess_once(const Planner& planner, const Design& design, const Strategy& strategy,
                     const StrategyInputs& inputs) {
  expected<Plan, WhyNot> plan = plan_once(planner, design, strategy, inputs);
  if (!plan) return unexpected{std::move(plan.error())};
  return assess(planner.cascade(), design, std::move(*plan));
}

/// The same machine with a memory that holds anything, through the ports that it has.
Design roomy(Design design) {
  constexpr Bytes kAnything{std::int64_t{1} << 50U};
  design.accelerator.sram.banks = design.accelerator.sram.bank_count();
  design.accelerator.sram.capacity = design.machine.capacity = kAnything;
  return design;
}

}  // namespace

WhyNot whole_shortage(const Planner& planner, const Design& design, const Strategy& strategy, WhyNot found,
                      const StrategyInputs& inputs) {
  const Bytes available = design.accelerator.sram.capacity;
  constexpr int kMostSteps = 32;
  Accelerator larger = design.accelerator;
  std::optional<Bytes> needed = capacity_needed(found);
  for (int i = 0; i < kMostSteps && needed && *needed > larger.sram.capacity; ++i) {
    larger.sram.capacity = *needed;
    const auto tried = make_design(larger);
    if (!tried) break;
    // What `found` names may let the planner go on to another part, or to another plan.
    Assessed next = assess_once(planner, *tried, strategy, inputs);
    needed = next ? std::nullopt : capacity_needed(next.error());
    if (needed) replace_shortage(found, std::move(next.error()), available);
  }
  return found;
}

Assessed assess(const Planner& planner, const Design& design, const Strategy& strategy,
                const StrategyInputs& inputs) {
  Assessed found = assess_once(planner, design, strategy, inputs);
  if (found) return found;
  return unexpected{whole_shortage(planner, design, strategy, std::move(found.error()), inputs)};
}

Assessed assess(const Cascade& cascade, const Design& design, const Strategy& strategy,
                const StrategyInputs& inputs) {
  return assess(Planner{cascade, design.accelerator}, design, strategy, inputs);
}

expected<Plan, WhyNot> plan_of(const Planner& planner, const Design& design, const Strategy& strategy,
                               const StrategyInputs& inputs) {
  expected<Plan, WhyNot> plan = plan_once(planner, design, strategy, inputs);
  if (plan) return plan;
  return unexpected{whole_shortage(planner, design, strategy, std::move(plan.error()), inputs)};
}

expected<SimulatedPlan, WhyNot> simulate_plan(const Cascade& cascade, const Design& design, Plan plan,
                                              const SimOptions& options) {
  const bool evicts = options.eviction != Eviction::kNone;
  Assessed closed = assess(cascade, design, plan);
  const bool fits = closed.has_value();
  if (!closed && capacity_needed(closed.error()) && evicts) {
    closed = assess(cascade, roomy(design), std::move(plan));
  }
  if (!closed) {
    auto* const run = std::get_if<DoesNotRun>(&closed.error());
    if (run != nullptr) run->may_evict = !evicts;
    return unexpected{std::move(closed.error())};
  }
  expected<SimResult, SimFailure> result = simulate(cascade, closed->plan, closed->layout, design, options);
  if (result) return SimulatedPlan{std::move(*closed), fits, std::move(*result)};
  std::string text = describe(cascade, result.error());
  return unexpected{WhyNot{DoesNotSimulate{std::move(result.error()), std::move(text), evicts}}};
}

expected<SimulatedPlan, WhyNot> simulate_plan(const Planner& planner, const Design& design,
                                              const Strategy& strategy, const SimOptions& options,
                                              const StrategyInputs& inputs) {
  expected<Plan, WhyNot> plan = plan_of(planner, design, strategy, inputs);
  if (!plan) return unexpected{std::move(plan.error())};
  auto simulated = simulate_plan(planner.cascade(), design, std::move(*plan), options);
  if (simulated) return simulated;
  return unexpected{whole_shortage(planner, design, strategy, std::move(simulated.error()), inputs)};
}

std::optional<Bytes> capacity_needed(const WhyNot& error) {
  const auto* run = std::get_if<DoesNotRun>(&error);
  if (run != nullptr && run->why.reason == Infeasible::Reason::kCapacity) return run->why.needed;
  const auto* refusal = std::get_if<Refusal>(&error);
  if (refusal != nullptr && refusal->reason == Refusal::Reason::kDoesNotFit) return refusal->needed;
  return std::nullopt;
}

std::string describe(const WhyNot& error) {
  return std::visit(
      overloaded{
          [](const IllegalPlan& illegal) { return fmt::format("{}", fmt::join(illegal.reasons, "\n")); },
          [](const Refusal& refusal) { return describe_refusal(refusal); },
          [](const DoesNotRun& run) { return describe_run(run); },
          [](const DoesNotSimulate& failed) { return describe_simulation(failed); },
      },
      error);
}

}  // namespace fusescape
