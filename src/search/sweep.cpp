#include "fusescape/search/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "fusescape/cost/profile.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/model_head.hpp"
#include "fusescape/search/parallel_for.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Points between two progress reports. Plans and profiles are kept for one batch only.
constexpr std::size_t kBatch = 4096;

using Status = PointOutcome::Status;

PointOutcome failed(std::string why) {
  PointOutcome outcome;
  outcome.status = Status::kFailed;
  outcome.why = std::move(why);
  return outcome;
}

PointOutcome infeasible(Bytes needed, Bytes available, std::string why) {
  PointOutcome outcome;
  outcome.status = Status::kInfeasible;
  outcome.needed = needed;
  outcome.available = available;
  outcome.why = std::move(why);
  return outcome;
}

std::string described(const Cascade& cascade, const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    text += (text.empty() ? "" : "; ") + describe(cascade, violation);
  }
  return text;
}

PointOutcome outcome_of(const Infeasible& why) {
  switch (why.reason) {
    case Infeasible::Reason::kCapacity:
      return infeasible(why.needed, why.available, describe_shortage(why.group, why.needed, why.available));
    case Infeasible::Reason::kUnsupported:
      return failed(fmt::format("group {} has an operator that no core runs", why.group));
    case Infeasible::Reason::kOverflow:
      break;
  }
  return failed("a count does not fit 64 bits");
}

/// One planner per workload and way to lay its operators over hardware: points that differ in capacity,
/// bandwidth or array shape share one.
class Planners {
 public:
  Planners(const BoundSweep& sweep, std::span<const DesignPoint> points, int jobs)
      : sweep_{sweep}, of_workload_(sweep.workloads.size()) {
    std::vector<std::set<std::uint32_t>> used(of_workload_.size());
    for (const DesignPoint& point : points) used[point.workload].insert(point.design);
    parallel_for(of_workload_.size(), jobs, [&](std::size_t workload) {
      for (const std::uint32_t design : used[workload]) add_if_new(workload, design);
    });
  }

  [[nodiscard]] const Planner& of(const DesignPoint& point) const {
    const Planner* found = find(point.workload, point.design);
    FUSESCAPE_EXPECTS(found != nullptr);
    return *found;
  }

 private:
  [[nodiscard]] const Planner* find(std::size_t workload, std::uint32_t design) const {
    const Accelerator& served = sweep_.designs[design].accelerator;
    for (const Planner& planner : of_workload_[workload]) {
      if (planner.serves(served)) return &planner;
    }
    return nullptr;
  }

  void add_if_new(std::size_t workload, std::uint32_t design) {
    if (find(workload, design) != nullptr) return;
    of_workload_[workload].emplace_back(sweep_.workloads[workload].block, sweep_.designs[design].accelerator);
  }

  const BoundSweep& sweep_;
  std::vector<std::vector<Planner>> of_workload_;
};

/// What points share, made once.
struct Shared {
  Planners planners;
  SweepHeads heads;
};

/// The point's plan, or why it has none.
expected<Plan, PointOutcome> draft(const BoundSweep& sweep, const Shared& shared, const DesignPoint& point) {
  const Cascade& cascade = sweep.workloads[point.workload].block;
  const Design& design = sweep.designs[point.design];
  if (const auto wide = wider_data(cascade, design.accelerator)) {
    return unexpected{infeasible({}, {}, wide->message)};
  }
  expected<Plan, Refusal> plan =
      plan_by(*sweep.strategies[point.strategy], shared.planners.of(point), design.machine);
  if (!plan) {
    const Refusal& refusal = plan.error();
    return unexpected{refusal.reason == Refusal::Reason::kDoesNotFit
                          ? infeasible(refusal.needed, refusal.available, refusal.message)
                          : failed(refusal.message)};
  }
  const std::vector<Violation> violations = hardware_violations(cascade, *plan, design.accelerator);
  if (!violations.empty()) return unexpected{failed(described(cascade, violations))};
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
using Profiled = expected<ProfiledPlan, std::string>;

Profiled profiled(const BoundSweep& sweep, const ProfileKey& key) {
  const Cascade& cascade = sweep.workloads[key.workload].block;
  const auto layout = lay_out(cascade, key.plan);
  if (!layout) return unexpected{described(cascade, layout.error())};
  ProfiledPlan made{.profile = profile(cascade, key.plan, *layout, key.options), .counts = {}};
  if (sweep.energy) made.counts = energy_counts(cascade, key.plan, *layout, made.profile, key.options);
  return made;
}

/// Consecutive points, evaluated in stages; within a stage every call writes one slot.
class Batch {
 public:
  Batch(const BoundSweep& sweep, const Shared& shared, std::span<const DesignPoint> points,
        std::span<PointOutcome> outcomes, int jobs)
      : sweep_{sweep}, shared_{shared}, points_{points}, outcomes_{outcomes}, jobs_{jobs} {}

  void run() {
    build_plans();
    profile_distinct_plans();
    parallel_for(points_.size(), jobs_, [&](std::size_t i) { evaluate_one(i); });
  }

 private:
  static constexpr std::size_t kNoPlan = static_cast<std::size_t>(-1);

  void build_plans() {
    plans_.resize(points_.size());
    parallel_for(points_.size(), jobs_, [&](std::size_t i) {
      expected<Plan, PointOutcome> plan = draft(sweep_, shared_, points_[i]);
      if (plan) {
        plans_[i] = {.workload = points_[i].workload,
                     .options = profile_options(sweep_.designs[points_[i].design].accelerator),
                     .plan = std::move(*plan)};
      } else {
        outcomes_[i] = std::move(plan.error());
      }
    });
  }

  void profile_distinct_plans() {
    std::unordered_map<ProfileKey, std::size_t, ProfileKeyHash> known;
    std::vector<const ProfileKey*> distinct;
    profile_of_.assign(points_.size(), kNoPlan);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (outcomes_[i].status != Status::kSkipped) continue;
      const auto [entry, is_new] = known.try_emplace(std::move(plans_[i]), distinct.size());
      if (is_new) distinct.push_back(&entry->first);
      profile_of_[i] = entry->second;
    }
    profiles_.resize(distinct.size());
    parallel_for(distinct.size(), jobs_,
                 [&](std::size_t i) { profiles_[i] = profiled(sweep_, *distinct[i]); });
  }

  void evaluate_one(std::size_t i) {
    if (profile_of_[i] == kNoPlan) return;
    const Profiled& profiled = profiles_[profile_of_[i]];
    if (!profiled) {
      outcomes_[i] = failed(profiled.error());
      return;
    }
    const Design& design = sweep_.designs[points_[i].design];
    std::vector<GroupCost> groups(sweep_.energy ? profiled->profile.groups.size() : 0);
    const auto cost = evaluate(profiled->profile, design.machine, groups);
    if (!cost) {
      outcomes_[i] = outcome_of(cost.error());
      return;
    }
    outcomes_[i].status = Status::kFeasible;
    outcomes_[i].cost = *cost;
    outcomes_[i].head = shared_.heads.of(points_[i]);
    if (!sweep_.energy) return;
    const std::vector<Activity> activities = activities_of(groups, design.machine, design.accelerator.clock);
    const EnergyPrices prices = prices_of(design.accelerator, design.technology.get());
    outcomes_[i].energy = energy_of(profiled->counts, activities, prices).plan;
  }

  const BoundSweep& sweep_;
  const Shared& shared_;
  std::span<const DesignPoint> points_;
  std::span<PointOutcome> outcomes_;
  int jobs_;
  std::vector<ProfileKey> plans_;
  std::vector<std::size_t> profile_of_;  ///< Per point; kNoPlan if its outcome is known without one.
  std::vector<Profiled> profiles_;
};

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
          .cost = outcome.feasible() ? &outcome.cost : nullptr,
          .energy = outcome.energy ? &*outcome.energy : nullptr,
          .head = outcome.head.get()};
}

std::vector<PointOutcome> evaluate_points(const BoundSweep& sweep, std::span<const DesignPoint> points,
                                          const SweepRun& run) {
  const Shared shared{.planners{sweep, points, run.jobs}, .heads{sweep, points, run.jobs}};
  std::vector<PointOutcome> outcomes(points.size());
  for (std::size_t done = 0; done < points.size();) {
    const std::size_t size = std::min(kBatch, points.size() - done);
    Batch{sweep, shared, points.subspan(done, size), std::span{outcomes}.subspan(done, size), run.jobs}.run();
    done += size;
    if (run.progress && !run.progress(done, points.size())) break;
  }
  return outcomes;
}

SweepResult run_sweep(const BoundSweep& sweep, const SweepRun& run) {
  SweepResult result;
  result.points = evaluate_points(sweep, sweep.points, run);
  result.baselines = evaluate_points(sweep, sweep.baselines, {.jobs = run.jobs, .progress = {}});
  result.counts = counts_of(result.points);
  return result;
}

}  // namespace fusescape
