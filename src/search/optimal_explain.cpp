#include "fusescape/search/optimal_explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "fusescape/cost/busy_time.hpp"
#include "fusescape/search/assessment.hpp"
#include "optimal_choice.hpp"
#include "resident_states.hpp"

namespace fusescape {
namespace {

struct MoreOf {
  std::string change;
  Accelerator accelerator;
};

/// The first core gets the row or the column; others of the same shape too, so that they stay equal.
void grow(Accelerator& accelerator, std::int64_t Core::*side) {
  const std::int64_t rows = accelerator.cores.front().rows;
  const std::int64_t cols = accelerator.cores.front().cols;
  for (Core& core : accelerator.cores) {
    if (core.rows == rows && core.cols == cols) ++(core.*side);
  }
}

std::vector<MoreOf> little_more(const Accelerator& accelerator) {
  constexpr Bytes kKib{1024};
  std::vector<MoreOf> found;
  const auto add = [&](std::string change) -> Accelerator& {
    return found.emplace_back(MoreOf{std::move(change), accelerator}).accelerator;
  };
  const std::int64_t banks = accelerator.sram.bank_count();
  const Bytes bank = Bytes{accelerator.sram.capacity.value() / banks};
  OnChipMemory& larger = add("one more KiB of SRAM, as many banks").sram;
  larger.capacity += kKib;
  larger.banks = banks;
  OnChipMemory& wider = add(fmt::format("one more bank of {} B", bank.value())).sram;
  wider.capacity += bank;
  wider.banks = banks + 1;
  if (!accelerator.dram.bandwidth.unlimited()) {
    const double bits_per_gb = 8e9 / accelerator.clock.value();
    const std::int64_t bits = std::max<std::int64_t>(1, std::llround(bits_per_gb));
    add(fmt::format("{:.3g} GB/s more of DRAM bandwidth", static_cast<double>(bits) / bits_per_gb))
        .dram.bandwidth.value += bits;
  }
  grow(add("one more row of PEs"), &Core::rows);
  grow(add("one more column of PEs"), &Core::cols);
  return found;
}

struct Busy {
  Ticks tiles;
  Ticks dram;
  Ticks latency;
};

Busy busy_of(const Assessment& assessed, const Machine& machine) {
  Busy sum;
  for (const GroupProfile& group : assessed.profile.groups) {
    const BusyTime one = busy_time(group, machine);
    sum.tiles += one.tiles;
    sum.dram += one.dram;
  }
  sum.latency = assessed.cost.total.latency;
  return sum;
}

/// Those of `path` that `other` lacks.
std::string groups_apart(const Planner& planner, const OptimalPath& path, const OptimalPath& other) {
  std::vector<std::string> names;
  for (const PathStep& step : path.steps) {
    const bool shared = std::any_of(other.steps.begin(), other.steps.end(),
                                    [&](const PathStep& theirs) { return theirs.edge == step.edge; });
    if (!shared) names.push_back(group_name(planner, *step.edge));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::vector<MarginalGain> marginal_gains(const Planner& planner, const Design& design,
                                         const StrategyInputs& inputs) {
  std::vector<MarginalGain> gains;
  for (MoreOf& more : little_more(design.accelerator)) {
    MarginalGain& gain = gains.emplace_back(MarginalGain{std::move(more.change), {}, {}});
    auto larger = make_design(std::move(more.accelerator));
    if (!larger) continue;
    const Design tried =
        design.technology ? priced(std::move(*larger), design.technology, design.phy) : std::move(*larger);
    gain.scale = tried.machine.scale;
    const auto answer = [&](const Planner& with) {
      return optimal_answer(with, tried.machine, priced(inputs, tried));
    };
    const auto found = planner.serves(tried.accelerator)
                           ? answer(planner)
                           : answer(Planner{planner.cascade(), tried.accelerator});
    if (found) gain.figures = found->figures;
  }
  return gains;
}

std::optional<NextBest> next_best(const Planner& planner, const Machine& machine,
                                  const StrategyInputs& inputs) {
  const Machine left = beside_states(planner.cascade(), machine);
  PathQuestion question{
      .planner = planner, .space = space_of(planner, inputs.with), .machine = left, .inputs = inputs};
  const std::vector<OptimalPath> paths = optimal_paths(question);
  const OptimalPath* best = best_of(paths, inputs, machine.scale);
  if (best == nullptr) return std::nullopt;
  std::optional<OptimalPath> next;
  for (const PathStep& step : best->steps) {  // Another partition lacks one of its groups.
    question.avoided = std::pair{step.edge->first, step.edge->last};
    const std::vector<OptimalPath> others = optimal_paths(question);
    const OptimalPath* other = best_of(others, inputs, machine.scale);
    if (other == nullptr) continue;
    if (!next || less(other->figures, next->figures, inputs.minimize, machine.scale)) next = *other;
  }
  if (!next) return std::nullopt;
  return NextBest{next->figures, groups_apart(planner, *next, *best), groups_apart(planner, *best, *next)};
}

std::optional<GainSplit> gain_over_unfused(const Planner& planner, const Design& design, const Plan& plan) {
  const auto unfused = assess(planner, design, *find_strategy("unfused"));
  const auto assessed = assess(planner.cascade(), design, plan);
  if (!unfused || !assessed) return std::nullopt;
  const Busy before = busy_of(*unfused, design.machine);
  const Busy after = busy_of(*assessed, design.machine);
  const auto hidden = [](const Busy& busy) { return busy.tiles + busy.dram - busy.latency; };
  return GainSplit{before.latency, after.latency, before.dram - after.dram, before.tiles - after.tiles,
                   hidden(after) - hidden(before)};
}

}  // namespace fusescape
