#include "fusescape/search/point_evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>

#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/optimal.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/search/recent.hpp"
#include "fusescape/support/contract.hpp"
#include "profiled_plans.hpp"
#include "sweep_generations.hpp"

namespace fusescape {
namespace {

using Status = PointOutcome::Status;

// How much is kept. A planner of a block has up to 8 MB of candidates, of which designs need one for each
// array, and some 40 MB once `optimal` has searched it; an outcome some 1 KB.
constexpr std::size_t kIdlePlanners = 12;
constexpr std::size_t kArrays = 128;
constexpr std::size_t kRuns = 4096;

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

/// A plan that points are given: none of this depends on capacity, bandwidth or clock.
struct Given {
  expected<Plan, std::string> plan;
  std::shared_ptr<const ProfiledPlan> profile{};  ///< Null if it cannot run on the arrays.
};

/// Of a plan that is given, what it lacks in memories of a size, whatever else they are.
class Shortages {
 public:
  std::optional<PointOutcome> of(Bytes capacity) {
    const std::lock_guard lock{mutex_};
    const PointOutcome* known = known_.find(capacity);
    return known != nullptr ? std::optional{*known} : std::nullopt;
  }
  void note(Bytes capacity, const PointOutcome& outcome) {
    const std::lock_guard lock{mutex_};
    known_.insert(capacity, outcome);
  }

 private:
  static constexpr std::size_t kCapacities = 1024;

  std::mutex mutex_;
  Recent<std::map<Bytes, PointOutcome>> known_{kCapacities};
};

/// A workload with the planner of one way to lay its operators over hardware: designs that differ in
/// capacity, bandwidth or clock share one.
struct Planning {
  Planning(std::shared_ptr<const Workload> of, const Accelerator& accelerator, std::stop_token stop,
           std::uint64_t its_number)
      : workload{std::move(of)}, planner{workload->block, accelerator, std::move(stop)}, number{its_number} {}

  std::shared_ptr<const Workload> workload;
  Planner planner;
  std::uint64_t number;  ///< No two have the same.

  mutable std::once_flag given_once;
  mutable std::optional<Given> given;
  mutable Shortages shortages;
};

/// Of one workload, by the number of the hardware.
struct Arrays {
  explicit Arrays(std::shared_ptr<const Workload> of) : workload{std::move(of)} {}

  std::shared_ptr<const Workload> workload;
  Recent<std::map<std::uint64_t, std::shared_ptr<const Planning>>> recent{kArrays};
  std::uint64_t asked = 0;  ///< When it was, counted in workloads that a thread began.
};

/// Planners of the workloads that threads are at, and a few of those that they have left.
class Plannings {
 public:
  void make_room_for(const SweepPoint& point) {
    const std::size_t kinds = point.kinds == nullptr ? 1 : point.kinds->size();
    const std::size_t runs = point.generation == nullptr ? 1 : 1 + point.generation->steps.size();
    const bool searches = point.plan == nullptr && point.strategy->name == kOptimalName;
    if (kinds * runs <= most_at_once_ && (searched_ || !searches)) return;  // No lock for every point.
    const std::lock_guard lock{mutex_};
    most_at_once_ = std::max<std::size_t>(most_at_once_, kinds * runs);
    if (searches) searched_ = true;
  }

  std::shared_ptr<const Planning> of(const std::shared_ptr<const Workload>& workload, std::uint64_t hardware,
                                     const Accelerator& accelerator, const std::stop_token& stop) {
    const std::lock_guard lock{mutex_};
    Arrays& arrays = arrays_of(workload);
    if (const auto* planning = arrays.recent.find(hardware)) return *planning;
    const auto* serving = arrays.recent.find_if([&](std::uint64_t /*number*/, const auto& planning) {
      return planning->planner.serves(accelerator);
    });
    auto planning = serving != nullptr
                        ? *serving
                        : std::make_shared<const Planning>(workload, accelerator, stop, ++made_);
    return arrays.recent.insert(hardware, std::move(planning));
  }

 private:
  /// Expects `mutex_` to be locked, as the others.
  Arrays& arrays_of(const std::shared_ptr<const Workload>& workload) {
    std::deque<const Workload*>& at = at_[std::this_thread::get_id()];
    if (std::find(at.begin(), at.end(), workload.get()) == at.end()) {
      at.push_back(workload.get());
      if (at.size() > most_at_once_) at.pop_front();
      begin(workload);
    }
    return known_.at(workload.get());
  }

  void begin(const std::shared_ptr<const Workload>& workload) {
    known_.try_emplace(workload.get(), workload).first->second.asked = ++begun_;
    std::map<std::uint64_t, const Workload*, std::greater<>> idle;  // The last asked for first.
    for (const auto& [one, arrays] : known_) {
      const bool is_at = std::any_of(at_.begin(), at_.end(), [&, key = one](const auto& thread) {
        return std::find(thread.second.begin(), thread.second.end(), key) != thread.second.end();
      });
      if (!is_at) idle.emplace(arrays.asked, one);
    }
    std::size_t kept = 0;
    for (const auto& [asked, one] : idle) {
      kept += known_.at(one).recent.size();
      if (searched_ || kept > kIdlePlanners) known_.erase(one);
    }
  }

  std::mutex mutex_;
  std::uint64_t made_ = 0;
  std::uint64_t begun_ = 0;
  std::atomic<std::size_t> most_at_once_{1};  ///< Workloads of one point.
  std::atomic<bool> searched_{false};         ///< By `optimal`: planners of a workload that is left are gone.
  /// By its address, which nothing else has while it is here.
  std::map<const Workload*, Arrays> known_;
  /// The last workloads that each thread asked for.
  std::unordered_map<std::thread::id, std::deque<const Workload*>> at_;
};

PointOutcome outcome_of(const HeadRun& run) {
  PointOutcome outcome;
  outcome.status = Status::kFeasible;
  outcome.cost = run.cost;
  outcome.energy = run.energy;
  return outcome;
}

/// What a kind of layers came to, and whether under the strategy that was asked for.
struct KindOutcome {
  PointOutcome outcome;
  bool is_replaced = false;
};

/// Of the whole stack; of a model with one block, its own.
PointOutcome combined(std::vector<KindOutcome> kinds, const std::vector<Workload>& blocks) {
  if (kinds.size() == 1) return std::move(kinds.front().outcome);
  PointOutcome whole;
  whole.status = Status::kFeasible;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    PointOutcome& kind = kinds[k].outcome;
    if (!kind.feasible()) {
      kind.why = fmt::format("layers {}: {}", blocks[k].name, kind.why);
      return std::move(kind);
    }
    whole.layers.push_back({.kind = blocks[k].name,
                            .count = blocks[k].n_layer,
                            .is_replaced = kinds[k].is_replaced,
                            .cost = kind.cost,
                            .energy = kind.energy});
  }
  return whole;
}

Given given_for(const Planner& planner, const SweepPoint& point, WithEnergy energy) {
  const Accelerator& accelerator = point.design->accelerator;
  Given given{.plan = (*point.plan)(planner.cascade(), accelerator)};
  const bool runs = given.plan && !wider_data(planner.cascade(), accelerator) &&
                    hardware_violations(planner.cascade(), *given.plan, accelerator).empty();
  if (runs) given.profile = profiled(planner, *given.plan, energy);
  return given;
}

PointOutcome outcome_of(const Planning& planning, const SweepPoint& point, WithEnergy energy) {
  std::call_once(planning.given_once, [&] { planning.given = given_for(planning.planner, point, energy); });
  const Given& given = *planning.given;
  if (given.profile) {
    if (auto run = priced(*given.profile, *point.design, energy)) return outcome_of(*run);
  }
  const Bytes capacity = point.design->accelerator.sram.capacity;
  if (auto known = planning.shortages.of(capacity)) return std::move(*known);
  PointOutcome failed;
  failed.status = Status::kFailed;
  if (!given.plan) {
    failed.why = given.plan.error();
    return failed;
  }
  const auto found = assess(planning.planner.cascade(), *point.design, *given.plan);
  if (found) return failed;
  failed = outcome_of(found.error(), capacity);
  if (capacity_needed(found.error())) planning.shortages.note(capacity, failed);
  return failed;
}

/// Outcomes of the prefills and steps that generations have in common.
class GenerationOutcomes {
 public:
  template <class Make>
  PointOutcome of(const SweepPoint& run, const Make& make) {
    const Key key{run.workload.get(), run.hardware, run.variant, run.strategy, run.inputs};
    {
      const std::lock_guard lock{mutex_};
      if (const Kept* known = recent_.find(key)) return known->outcome;
    }
    PointOutcome outcome = make(run);
    const std::lock_guard lock{mutex_};
    return recent_.insert(key, {run.workload, std::move(outcome)}).outcome;
  }

 private:
  /// The workload by its address, which nothing else has while it is kept.
  using Key =
      std::tuple<const Workload*, std::uint64_t, std::uint64_t, const Strategy*, const StrategyInputs*>;
  struct Kept {
    std::shared_ptr<const Workload> workload;
    PointOutcome outcome;
  };

  std::mutex mutex_;
  Recent<std::map<Key, Kept>> recent_{kRuns};
};

}  // namespace

struct PointEvaluator::Kept {
  GenerationOutcomes runs;
  Plannings plannings;
  Profiles profiles;
  SweepHeads heads;
};

PointEvaluator::PointEvaluator(WithEnergy energy, std::stop_token stop)
    : energy_{energy}, stop_{std::move(stop)}, kept_{std::make_unique<Kept>()} {}

PointEvaluator::~PointEvaluator() = default;

void PointEvaluator::forget() {
  kept_ = std::make_unique<Kept>();
}

PointOutcome PointEvaluator::of_block(const std::shared_ptr<const Workload>& workload,
                                      const SweepPoint& point) {
  const Design& design = *point.design;
  const auto planning = kept_->plannings.of(workload, point.hardware, design.accelerator, stop_);
  if (point.plan != nullptr) return outcome_of(*planning, point, energy_);
  if (auto plan = draft(planning->planner, *point.design, *point.strategy, *point.inputs)) {
    const auto profile = kept_->profiles.of(planning->number, planning->planner, std::move(*plan), energy_);
    auto run = profile ? priced(*profile, design, energy_) : std::nullopt;
    if (run) return outcome_of(*run);
  }
  const auto found = assess(planning->planner, design, *point.strategy, *point.inputs);
  // Only a run that is being stopped, whose outcome nobody keeps, may find now what it did not find before.
  return found ? PointOutcome{} : outcome_of(found.error(), design.accelerator.sram.capacity);
}

PointOutcome PointEvaluator::of_stack(const SweepPoint& point) {
  std::vector<KindOutcome> kinds;
  kinds.reserve(point.kinds->size());
  bool some_go = false;
  for (const Workload& kind : *point.kinds) {
    kinds.push_back({of_block({point.kinds, &kind}, point)});
    some_go = some_go || !kinds.back().outcome.lacks_operators;
  }
  static const StrategyInputs plain;
  SweepPoint unfused = point;
  unfused.strategy = find_strategy("unfused");
  unfused.inputs = &plain;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    if (!some_go || !kinds[k].outcome.lacks_operators) continue;
    kinds[k] = {of_block({point.kinds, &(*point.kinds)[k]}, unfused), true};
  }
  return combined(std::move(kinds), *point.kinds);
}

PointOutcome PointEvaluator::operator()(const SweepPoint& point) {
  kept_->plannings.make_room_for(point);
  if (point.generation == nullptr) return of_run(point);
  return outcome_of_runs(point, [this](const SweepPoint& run) {
    return kept_->runs.of(run, [this](const SweepPoint& asked) { return of_run(asked); });
  });
}

PointOutcome PointEvaluator::of_run(const SweepPoint& point) {
  const bool is_stack = point.kinds != nullptr && point.kinds->size() > 1;
  PointOutcome outcome = is_stack ? of_stack(point) : of_block(point.workload, point);
  if (outcome.feasible()) outcome.head = kept_->heads.of(point, energy_);
  return outcome;
}

}  // namespace fusescape
