#include "fusescape/search/levers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "plan_changes.hpp"

namespace fusescape {
namespace {

using Assessed = expected<Assessment, WhyNot>;

void sort_by_latency(std::vector<Lever>& levers) {
  std::stable_sort(levers.begin(), levers.end(),
                   [](const Lever& a, const Lever& b) { return a.latency < b.latency; });
}

/// A change of the design, and what it is called.
struct DesignChange {
  std::string_view text;
  void (*change)(Accelerator& accelerator);
};
constexpr std::array kDesignChanges{
    DesignChange{"twice the DRAM bandwidth", [](Accelerator& a) { a.dram.bandwidth.value *= 2; }},
    DesignChange{"twice the SRAM, with its banks",
                 [](Accelerator& a) {
                   a.sram.capacity = 2 * a.sram.capacity;
                   if (a.sram.banks) *a.sram.banks *= 2;
                 }},
    DesignChange{"on-chip banks twice as wide",
                 [](Accelerator& a) {
                   a.sram.bank_read.value *= 2;
                   a.sram.bank_write.value *= 2;
                 }},
    DesignChange{"twice the PEs",
                 [](Accelerator& a) {
                   for (Core& core : a.cores) (core.rows <= core.cols ? core.rows : core.cols) *= 2;
                 }},
};

Assessed assess_again(const Cascade& cascade, const Design& design, const Plan& plan,
                      const PlanSource& source) {
  return source.strategy != nullptr
             ? assess(Planner{cascade, design.accelerator}, design, *source.strategy, source.inputs)
             : assess(cascade, design, plan);
}

/// The fastest strategy on this accelerator, if one has a plan.
std::optional<Lever> fastest_strategy(const Cascade& cascade, const Design& design,
                                      const StrategyInputs& inputs) {
  const Planner planner{cascade, design.accelerator};
  std::optional<Lever> best;
  for (const Strategy& strategy : strategies()) {
    const Assessed assessed = assess(planner, design, strategy, inputs);
    if (!assessed || (best && best->latency <= assessed->cost.latency)) continue;
    best = Lever{fmt::format("--strategy {}", strategy.name), std::nullopt, assessed->cost.latency, {}};
  }
  return best;
}

/// The least SRAM that an error asks for may not be enough for what comes after it, so it is asked again.
std::optional<Lever> enough_sram(const Cascade& cascade, const Design& design, const Plan& plan,
                                 const PlanSource& source) {
  constexpr int kMostRounds = 64;
  Accelerator accelerator = design.accelerator;
  for (int round = 0; round < kMostRounds; ++round) {
    const auto larger = make_design(accelerator);
    if (!larger) return std::nullopt;
    const Assessed assessed = assess_again(cascade, *larger, plan, source);
    if (assessed) {
      return Lever{fmt::format("--set sram.capacity=\"{} B\"", accelerator.sram.capacity.value()),
                   std::nullopt,
                   assessed->cost.latency,
                   {}};
    }
    const std::optional<Bytes> needed = capacity_needed(assessed.error());
    if (!needed || *needed <= accelerator.sram.capacity) return std::nullopt;
    accelerator.sram.capacity = *needed;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Lever> levers_of(const Cascade& cascade, const Design& design, const Assessment& assessed,
                             const PlanSource& source) {
  std::vector<Lever> levers;
  const auto add = [&](std::string text, std::optional<std::size_t> group, const Assessed& changed) {
    if (!changed || changed->cost.latency >= assessed.cost.latency) return;
    levers.push_back({std::move(text), group, changed->cost.latency, assessed.cost.latency});
  };
  for (std::size_t group = 0; group < assessed.layout.groups.size(); ++group) {
    for (PlanChange& change : faster_changes(cascade, assessed.plan, assessed.layout, group)) {
      add(std::move(change.text), group, assess(cascade, design, std::move(change.plan)));
    }
  }
  const bool for_latency = source.inputs.minimize == Objective::kLatency;
  for (const DesignChange& change : kDesignChanges) {
    if (!for_latency) break;
    Accelerator accelerator = design.accelerator;
    change.change(accelerator);
    const auto changed = make_design(std::move(accelerator));
    if (!changed) continue;
    add(std::string{change.text}, std::nullopt, assess_again(cascade, *changed, assessed.plan, source));
  }
  if (source.strategy != nullptr && for_latency) {
    std::optional<Lever> fastest = fastest_strategy(cascade, design, source.inputs);
    if (fastest && fastest->latency < assessed.cost.latency) {
      fastest->before = assessed.cost.latency;
      levers.push_back(std::move(*fastest));
    }
  }
  sort_by_latency(levers);
  return levers;
}

std::vector<Lever> ways_to_fit(const Cascade& cascade, const Design& design, const Plan& plan) {
  const Assessed short_of = assess(cascade, design, plan);
  const auto* run = short_of ? nullptr : std::get_if<DoesNotRun>(&short_of.error());
  const auto layout = lay_out(cascade, plan);
  if (run == nullptr || !layout || run->why.reason != Infeasible::Reason::kCapacity) return {};
  std::vector<Lever> ways;
  if (auto more = enough_sram(cascade, design, plan, {})) ways.push_back(std::move(*more));
  for (PlanChange& change : smaller_changes(cascade, plan, *layout, run->why.group)) {
    const Assessed assessed = assess(cascade, design, std::move(change.plan));
    if (assessed) ways.push_back({std::move(change.text), run->why.group, assessed->cost.latency, {}});
  }
  sort_by_latency(ways);
  return ways;
}

std::vector<Lever> ways_to_fit(const Cascade& cascade, const Design& design, const PlanSource& source) {
  std::vector<Lever> ways;
  if (auto more = enough_sram(cascade, design, {}, source)) ways.push_back(std::move(*more));
  if (auto other = fastest_strategy(cascade, design, source.inputs)) ways.push_back(std::move(*other));
  sort_by_latency(ways);
  return ways;
}

std::string describe(const std::vector<Lever>& levers) {
  std::vector<std::string> parts;
  parts.reserve(levers.size());
  for (const Lever& lever : levers) {
    parts.push_back(fmt::format("{}: {} cycles", lever.change, lever.latency.value()));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace fusescape
