#include "fusescape/search/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "fusescape/arch/machine.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/assessment.hpp"
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

using Machines = std::vector<expected<Machine, NoTimeBase>>;  ///< Per accelerator.

/// One planner per workload and way to lay its operators over hardware: points that differ in capacity,
/// bandwidth or array shape share one.
class Planners {
 public:
  Planners(const BoundSweep& sweep, std::span<const DesignPoint> points, int jobs)
      : sweep_{sweep}, of_workload_(sweep.workloads.size()) {
    std::vector<std::set<std::uint32_t>> used(of_workload_.size());
    for (const DesignPoint& point : points) used[point.workload].insert(point.accelerator);
    parallel_for(of_workload_.size(), jobs, [&](std::size_t workload) {
      for (const std::uint32_t accelerator : used[workload]) add_if_new(workload, accelerator);
    });
  }

  [[nodiscard]] const Planner& of(const DesignPoint& point) const {
    const Planner* found = find(point.workload, point.accelerator);
    FUSESCAPE_EXPECTS(found != nullptr);
    return *found;
  }

 private:
  [[nodiscard]] const Planner* find(std::size_t workload, std::uint32_t accelerator) const {
    const Accelerator& served = sweep_.accelerators[accelerator].accelerator;
    for (const Planner& planner : of_workload_[workload]) {
      if (planner.serves(served)) return &planner;
    }
    return nullptr;
  }

  void add_if_new(std::size_t workload, std::uint32_t accelerator) {
    if (find(workload, accelerator) != nullptr) return;
    of_workload_[workload].emplace_back(sweep_.workloads[workload].block,
                                        sweep_.accelerators[accelerator].accelerator);
  }

  const BoundSweep& sweep_;
  std::vector<std::vector<Planner>> of_workload_;
};

/// What points share, made once.
struct Shared {
  Machines machines;
  Planners planners;
};

/// The point's plan, or why it has none.
expected<Plan, PointOutcome> draft(const BoundSweep& sweep, const Shared& shared, const DesignPoint& point) {
  const Cascade& cascade = sweep.workloads[point.workload].block;
  const auto& machine = shared.machines[point.accelerator];
  if (!machine) return unexpected{failed("the ports' bandwidths have no common time base")};
  const StrategyInputs inputs = sweep.inputs.empty() ? StrategyInputs{} : sweep.inputs[point.strategy];
  expected<Plan, Refusal> plan =
      plan_by(*sweep.strategies[point.strategy], shared.planners.of(point), *machine, inputs);
  if (!plan) {
    const Refusal& refusal = plan.error();
    return unexpected{refusal.reason == Refusal::Reason::kDoesNotFit
                          ? infeasible(refusal.needed, refusal.available, refusal.message)
                          : failed(refusal.message)};
  }
  const std::vector<Violation> violations =
      hardware_violations(cascade, *plan, sweep.accelerators[point.accelerator].accelerator);
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

using Profiled = expected<PlanProfile, std::string>;

Profiled profiled(const BoundSweep& sweep, const ProfileKey& key) {
  const Cascade& cascade = sweep.workloads[key.workload].block;
  const auto layout = lay_out(cascade, key.plan);
  if (!layout) return unexpected{described(cascade, layout.error())};
  return profile(cascade, key.plan, *layout, key.options);
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
                     .options = profile_options(sweep_.accelerators[points_[i].accelerator].accelerator),
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
    const Profiled& profile = profiles_[profile_of_[i]];
    if (!profile) {
      outcomes_[i] = failed(profile.error());
    } else if (const auto cost = evaluate(*profile, *shared_.machines[points_[i].accelerator]); !cost) {
      outcomes_[i] = outcome_of(cost.error());
    } else {
      outcomes_[i].status = Status::kFeasible;
      outcomes_[i].cost = *cost;
    }
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

std::vector<PointOutcome> evaluate_points(const BoundSweep& sweep, std::span<const DesignPoint> points,
                                          const SweepRun& run) {
  Shared shared{.machines = Machines(sweep.accelerators.size()), .planners{sweep, points, run.jobs}};
  parallel_for(shared.machines.size(), run.jobs,
               [&](std::size_t i) { shared.machines[i] = make_machine(sweep.accelerators[i].accelerator); });

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
