#include "fusescape/search/sweep.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <variant>

#include "fusescape/cost/profile.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/model_head.hpp"
#include "fusescape/search/parallel_for.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/support/contract.hpp"
#include "point_set.hpp"
#include "sweep_generations.hpp"
#include "sweep_stacks.hpp"

namespace fusescape {
namespace {

/// Points for which profiles are kept.
constexpr std::size_t kBatch = 4096;

using Status = PointOutcome::Status;

/// What a point that has no cost shows, in the words of every other command.
PointOutcome outcome_of(const WhyNot& why, Bytes available) {
  PointOutcome outcome;
  outcome.why = describe(why);
  const auto* refusal = std::get_if<Refusal>(&why);
  const bool is_too_wide = refusal != nullptr && refusal->reason == Refusal::Reason::kWiderData;
  const std::optional<Bytes> needed = capacity_needed(why);
  outcome.status = needed || is_too_wide ? Status::kInfeasible : Status::kFailed;
  outcome.lacks_operators = refusal != nullptr && refusal->reason == Refusal::Reason::kMissingOperators;
  if (!needed) return outcome;
  outcome.needed = *needed;
  outcome.available = available;
  return outcome;
}

/// One planner per workload and way to lay its operators over hardware: points that differ in capacity,
/// bandwidth or array shape share one.
class Planners {
 public:
  Planners(const BoundSweep& sweep, std::span<const DesignPoint> points, const SweepRun& run)
      : sweep_{sweep}, stop_{run.stop}, of_workload_(sweep.workloads.size()) {
    std::vector<std::set<std::uint32_t>> used(of_workload_.size());
    for (const DesignPoint& point : points) used[point.workload].insert(point.design);
    parallel_for(
        of_workload_.size(), run.jobs,
        [&](std::size_t workload) {
          for (const std::uint32_t design : used[workload]) serve(workload, design);
        },
        run.stop);
  }

  [[nodiscard]] const Planner& of(const DesignPoint& point) const {
    const Served& served = of_workload_[point.workload];
    return served.planners[served.of_design.at(point.design)];
  }

 private:
  struct Served {
    std::vector<Planner> planners;
    std::map<std::uint32_t, std::size_t> of_design;
  };

  void serve(std::size_t workload, std::uint32_t design) {
    if (stop_.stop_requested()) return;
    const Accelerator& accelerator = sweep_.designs[design].accelerator;
    Served& served = of_workload_[workload];
    const auto known = std::find_if(served.planners.begin(), served.planners.end(),
                                    [&](const Planner& planner) { return planner.serves(accelerator); });
    served.of_design[design] = static_cast<std::size_t>(known - served.planners.begin());
    if (known == served.planners.end()) {
      served.planners.emplace_back(sweep_.workloads[workload].block, accelerator, stop_);
    }
  }

  const BoundSweep& sweep_;
  std::stop_token stop_;
  std::vector<Served> of_workload_;
};

/// What points share, made once.
struct Shared {
  Planners planners;
  SweepHeads heads;
};

StrategyInputs inputs_of(const BoundSweep& sweep, const DesignPoint& point) {
  return sweep.inputs.empty() ? StrategyInputs{} : sweep.inputs[point.strategy];
}

/// The point's plan, or none that its hardware runs.
std::optional<Plan> draft(const BoundSweep& sweep, const Planners& planners, const DesignPoint& point) {
  const Cascade& cascade = sweep.workloads[point.workload].block;
  const Design& design = sweep.designs[point.design];
  if (wider_data(cascade, design.accelerator)) return std::nullopt;
  expected<Plan, Refusal> plan =
      plan_by(*sweep.strategies[point.strategy], planners.of(point), design, inputs_of(sweep, point));
  if (!plan || !hardware_violations(cascade, *plan, design.accelerator).empty()) return std::nullopt;
  return std::move(*plan);
}

/// What a profile depends on. Many accelerators share one, because profiles know nothing of theirs.
struct ProfileKey {
  std::uint32_t workload = 0;
  ProfileOptions options;
  Plan plan;
  friend bool operator==(const ProfileKey&, const ProfileKey&) = default;
};

struct ProfileKeyHash {
  std::size_t operator()(const ProfileKey& key) const {
    std::size_t hash = key.workload;
    const auto mix = [&](std::size_t value) { hash = (hash ^ value) * 0x100000001b3U; };
    for (const Node& node : key.plan.nodes) {
      mix(index_of(node.rank));
      mix(static_cast<std::size_t>(node.tile));
      mix(index_of(node.op));
    }
    return hash;
  }
};

/// A plan's profile, and its energy counts if they are asked for.
struct ProfiledPlan {
  PlanProfile profile;
  std::vector<EnergyCounts> counts;
};
using Profiled = std::optional<ProfiledPlan>;

Profiled profiled(const BoundSweep& sweep, const ProfileKey& key) {
  const Cascade& cascade = sweep.workloads[key.workload].block;
  const auto layout = lay_out(cascade, key.plan);
  if (!layout) return std::nullopt;
  ProfiledPlan made{.profile = profile(cascade, key.plan, *layout, key.options), .counts = {}};
  if (sweep.energy) made.counts = energy_counts(cascade, key.plan, *layout, made.profile, key.options);
  return made;
}

/// Profiles of the distinct plans of some points, each made by the first thread that asks for it.
class Profiles {
 public:
  explicit Profiles(const BoundSweep& sweep) : sweep_{sweep} {}

  [[nodiscard]] const Profiled& of(ProfileKey key) {
    Entries::pointer entry = nullptr;
    {
      const std::lock_guard lock{mutex_};
      entry = &*entries_.try_emplace(std::move(key)).first;
    }
    Made& made = entry->second;
    std::call_once(made.once, [&] { made.profile = profiled(sweep_, entry->first); });
    return made.profile;
  }

 private:
  struct Made {
    std::once_flag once;
    Profiled profile;
  };
  using Entries = std::unordered_map<ProfileKey, Made, ProfileKeyHash>;

  const BoundSweep& sweep_;
  std::mutex mutex_;  ///< Guards the map, not its entries, which stay where they are.
  Entries entries_;
};

/// The point's figures; none if it has no cost.
std::optional<PointOutcome> priced(const BoundSweep& sweep, const Shared& shared, Profiles& profiles,
                                   const DesignPoint& point) {
  const Design& design = sweep.designs[point.design];
  std::optional<Plan> plan = draft(sweep, shared.planners, point);
  if (!plan) return std::nullopt;
  const Profiled& profiled = profiles.of(
      {.workload = point.workload, .options = profile_options(design.accelerator), .plan = std::move(*plan)});
  if (!profiled) return std::nullopt;
  std::vector<GroupCost> groups(sweep.energy ? profiled->profile.groups.size() : 0);
  const auto cost = evaluate(profiled->profile, design.machine, groups);
  if (!cost) return std::nullopt;
  PointOutcome outcome;
  outcome.status = Status::kFeasible;
  outcome.cost = *cost;
  outcome.head = shared.heads.of(point);
  if (!sweep.energy) return outcome;
  const std::vector<Activity> activities = activities_of(groups, design.machine, design.accelerator.clock);
  const EnergyPrices prices = prices_of(design.accelerator, design.technology.get());
  outcome.energy = energy_of(profiled->counts, activities, prices).plan;
  return outcome;
}

PointOutcome evaluated(const BoundSweep& sweep, const Shared& shared, Profiles& profiles,
                       const DesignPoint& point) {
  if (auto outcome = priced(sweep, shared, profiles, point)) return std::move(*outcome);
  const Design& design = sweep.designs[point.design];
  const auto found =
      assess(shared.planners.of(point), design, *sweep.strategies[point.strategy], inputs_of(sweep, point));
  // Only a run that is being stopped, whose outcome nobody keeps, may find now what it did not find before.
  return found ? PointOutcome{} : outcome_of(found.error(), design.accelerator.sram.capacity);
}

/// Points of a sweep, and which of them stands for each of its points and baselines: equal ones are evaluated
/// once.
struct Distinct {
  std::vector<DesignPoint> points;
  std::vector<std::size_t> of_point;
  std::vector<std::size_t> of_baseline;
};

Distinct distinct_points(const BoundSweep& sweep) {
  PointSet known;
  Distinct found;
  for (const DesignPoint& point : sweep.points) found.of_point.push_back(known.id_of(point));
  for (const DesignPoint& point : sweep.baselines) found.of_baseline.push_back(known.id_of(point));
  found.points = known.points();
  return found;
}

SweepCounts counts_of(std::span<const PointOutcome> outcomes) {
  SweepCounts counts;
  for (const PointOutcome& outcome : outcomes) {
    switch (outcome.status) {
      case Status::kFeasible:
        ++counts.feasible;
        break;
      case Status::kInfeasible:
        ++counts.infeasible;
        break;
      case Status::kFailed:
        ++counts.failed;
        break;
      case Status::kSkipped:
        ++counts.skipped;
        break;
    }
  }
  return counts;
}

}  // namespace

Evaluated evaluated_point(const BoundSweep& sweep, const DesignPoint& point, const PointOutcome& outcome) {
  return {.workload = sweep.workloads[point.workload],
          .design = sweep.designs[point.design],
          .cost = outcome.feasible() && outcome.layers.empty() ? &outcome.cost : nullptr,
          .energy = outcome.energy ? &*outcome.energy : nullptr,
          .head = outcome.head.get(),
          .layers = outcome.layers,
          .generation = outcome.generation ? &*outcome.generation : nullptr};
}

std::vector<PointOutcome> evaluate_points(const BoundSweep& sweep, std::span<const DesignPoint> points,
                                          const SweepRun& run) {
  if (!sweep.generations.empty()) return evaluate_generations(sweep, points, run);
  if (!sweep.kinds.empty()) return evaluate_stacks(sweep, points, run);
  if (run.progress != nullptr) run.progress->total = points.size();
  const Shared shared{.planners{sweep, points, run}, .heads{sweep, points, run.jobs}};
  std::vector<PointOutcome> outcomes(points.size());
  for (std::size_t begin = 0; begin < points.size() && !run.stop.stop_requested(); begin += kBatch) {
    Profiles profiles{sweep};
    const auto evaluate_one = [&](std::size_t i) {
      PointOutcome outcome = evaluated(sweep, shared, profiles, points[begin + i]);
      if (run.stop.stop_requested()) return;  // Its planner may have left candidates out.
      outcomes[begin + i] = std::move(outcome);
      if (run.progress != nullptr) ++run.progress->done;
    };
    parallel_for(std::min(kBatch, points.size() - begin), run.jobs, evaluate_one, run.stop);
  }
  return outcomes;
}

SweepResult run_sweep(const BoundSweep& sweep, const SweepRun& run) {
  const Distinct distinct = distinct_points(sweep);
  const std::vector<PointOutcome> outcomes = evaluate_points(sweep, distinct.points, run);
  SweepResult result;
  for (const std::size_t id : distinct.of_point) result.points.push_back(outcomes[id]);
  for (const std::size_t id : distinct.of_baseline) result.baselines.push_back(outcomes[id]);
  result.counts = counts_of(result.points);
  result.complete = counts_of(outcomes).skipped == 0;
  return result;
}

}  // namespace fusescape
