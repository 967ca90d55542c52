#include "fusescape/search/planner.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "best_answers.hpp"
#include "best_candidate.hpp"
#include "candidates.hpp"
#include "few_candidates.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/plan/windows.hpp"
#include "fusescape/search/array_work.hpp"
#include "fusescape/search/known_candidates.hpp"
#include "fusescape/support/contract.hpp"
#include "group_trials.hpp"
#include "operator_key.hpp"
#include "operator_profiler.hpp"
#include "optimal_space.hpp"
#include "useful_candidates.hpp"
#include "weights.hpp"

namespace fusescape {
namespace {

/// What the plan says of storing `tensor` in `node`: one entry, however often it is read there.
Storage& storage_in(Plan& plan, NodeId node, TensorId tensor) {
  const auto found = std::find_if(plan.storages.begin(), plan.storages.end(), [&](const Storage& storage) {
    return storage.node == node && storage.tensor == tensor;
  });
  if (found != plan.storages.end()) return *found;
  return plan.storages.emplace_back(Storage{.tensor = tensor, .node = node});
}

}  // namespace

NodeId add_group(Plan& plan, const Cascade& cascade, const Candidate& candidate) {
  const NodeId group = add_sequence(plan, kRoot);
  NodeId inner = group;
  for (const LoopSpec& loop : candidate.loops) inner = add_loop(plan, inner, loop.rank, loop.tile);
  for (const OpId op : candidate.operators) add_operator(plan, inner, op);
  for (const TensorId tensor : candidate.spilled) storage_in(plan, inner, tensor).spilled = true;
  if (!candidate.holds_windows) return group;
  for (const OpId op : candidate.operators) {
    for (const Access& input : cascade.op(op).inputs) {
      if (steps_along_window(plan, inner, input)) storage_in(plan, inner, input.tensor).held = true;
    }
  }
  return group;
}

namespace {

/// From few candidates the best is found so often; then all are made, which takes about as long.
constexpr int kMostOfFew = 4;

}  // namespace

/// Candidates, each list made by the first thread that asks for it.
struct Planner::Made {
  struct Entry {
    std::once_flag once;
    std::vector<Candidate> candidates;
  };
  struct Alone : Entry {
    std::once_flag profiler_once;
    std::unique_ptr<OperatorProfiler> profiler;  ///< Of a unit of one operator.
    std::mutex mutex;                            ///< Guards all that follows.
    bool asked = false;                          ///< For the best on some machine.
    std::atomic<int> of_few = 0;                 ///< So often it was looked for among few.
    std::deque<Candidate> few;                   ///< Those that it was; they stay where they are.
    BestAnswers known;                           ///< With on-chip ports of all widths,
    BestAnswers of_fast;                         ///< and with ones that nothing waits for.

    /// The one in the same loops; null: it is not kept yet.
    [[nodiscard]] const Candidate* find_kept(const Candidate& candidate) const {
      const auto same = std::find_if(few.begin(), few.end(), [&](const Candidate& other) {
        return other.loops == candidate.loops && other.holds_windows == candidate.holds_windows;
      });
      return same != few.end() ? &*same : nullptr;
    }
    /// Once.
    const Candidate* keep(Candidate candidate) {
      const Candidate* kept = find_kept(candidate);
      return kept != nullptr ? kept : &few.emplace_back(std::move(candidate));
    }
    /// That of an equal operator, as one of `op`.
    const Candidate* own(const Candidate& other, OpId op) {
      if (const Candidate* kept = find_kept(other)) return kept;
      Candidate made = other;
      made.operators = {op};
      return keep(std::move(made));
    }
  };
  explicit Made(std::size_t units) : alone(units) {}

  std::optional<GroupProfile> profile(const Planner& planner, const Candidate& candidate) {
    if (candidate.operators.size() > 1) return profile_of(planner, candidate);
    const OpId op = candidate.operators.front();
    Alone& entry = alone[planner.unit_[index_of(op)]];
    std::call_once(entry.profiler_once,
                   [&] { entry.profiler = std::make_unique<OperatorProfiler>(planner, op); });
    return entry.profiler->profile(candidate);
  }

  /// The first operator that is mapped as `op`.
  OpId first_equal(const Planner& planner, OpId op) {
    std::call_once(equal_once, [&] { equal = first_equals(planner); });
    return equal[index_of(op)];
  }

  [[nodiscard]] static bool waits_not(const Planner& planner, const Candidate& candidate,
                                      const Machine& machine);
  BestWithin look_for_best(const Planner& planner, OpId op, const Machine& machine);
  BestWithin look_for_fast(const Planner& planner, OpId op, const Machine& machine);
  bool serves_here(const Planner& planner, OpId op, const Machine& machine, const BestAnswer& fast);

  std::vector<Alone> alone;  ///< Per unit.
  std::mutex fused_mutex;    ///< Guards the map, not its entries, which stay where they are.
  std::map<std::vector<OpId>, Entry> fused;

  std::once_flag equal_once;
  std::vector<OpId> equal;  ///< Per operator the first one that is mapped like it.

  struct Space {
    std::once_flag once;
    std::unique_ptr<OptimalSpace> space;
  };
  std::mutex spaces_mutex;  ///< Likewise.
  std::map<Ingredients, Space> spaces;
};

Planner::Planner(Planner&& other) noexcept = default;
Planner& Planner::operator=(Planner&& other) noexcept = default;
Planner::~Planner() = default;

Planner::Planner(const Cascade& cascade, const Accelerator& accelerator, std::stop_token stop,
                 std::shared_ptr<KnownCandidates> known)
    : cascade_{&cascade},
      spatial_{spatial_mappings(cascade, accelerator)},
      options_{profile_options(accelerator)},
      array_{array_model(accelerator)},
      cores_{accelerator.cores},
      stop_{std::move(stop)},
      unit_(cascade.operators.size(), 0),
      known_{std::move(known)} {
  const auto& recurrence_of = cascade.recurrence_of;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    const std::vector<OpId> members =
        recurrence_of[i] ? cascade.recurrences[*recurrence_of[i]].operators : std::vector<OpId>{op};
    if (members.front() == op) {
      units_.push_back(members);
      for (const OpId member : members) unit_[index_of(member)] = units_.size() - 1;
    }
  }
  made_ = std::make_unique<Made>(units_.size());
}

const std::vector<Candidate>& Planner::candidates(OpId op) const {
  Made::Entry& entry = made_->alone[unit_[index_of(op)]];
  const auto make = [&] { return useful_candidates(*this, op, stop_); };
  std::call_once(entry.once,
                 [&] { entry.candidates = known_ ? known_->of(*this, op, make, stop_) : make(); });
  return entry.candidates;
}

std::vector<Candidate> Planner::nests(OpId op) const {
  const std::vector<OpId>& members = unit(op);
  const Engine& engine = array_.engines[static_cast<std::size_t>(cascade_->op(members.front()).kind)];
  const SpatialMapping& mapping = spatial_[index_of(members.front())];
  if (members.size() > 1 || !has_nest_space(*cascade_, op)) {
    return streaming_nests(*cascade_, mapping, engine, members);
  }
  const NestSpace space = nest_space(*cascade_, mapping, engine, op);
  std::vector<Candidate> found;
  Tiling tiling;
  for (std::size_t number = 0; number < tilings(space); ++number) {
    set_tiling(space, number, tiling);
    for_each_order(space, tiling, [&](const Tiling& ordered) {
      append_loops(space, ordered, found.emplace_back(Candidate{.loops = {}, .operators = {op}}).loops);
    });
  }
  return found;
}

const std::vector<Candidate>& Planner::fused(const std::vector<OpId>& operators) const {
  Made::Entry* entry = nullptr;
  {
    const std::lock_guard lock{made_->fused_mutex};
    entry = &made_->fused[operators];
  }
  std::call_once(entry->once, [&] {
    for (Candidate& nest : fused_nests(*cascade_, operators)) {
      if (stop_.stop_requested()) break;
      if (try_profile(nest)) entry->candidates.push_back(std::move(nest));
    }
  });
  return entry->candidates;
}

const OptimalSpace& Planner::optimal_space(const Ingredients& with) const {
  Made::Space* made = nullptr;
  {
    const std::lock_guard lock{made_->spaces_mutex};
    made = &made_->spaces[with];
  }
  std::call_once(made->once, [&] { made->space = std::make_unique<OptimalSpace>(*this, with, stop_); });
  return *made->space;
}

bool Planner::runs_on_hardware(const Plan& plan) const {
  Accelerator accelerator;
  accelerator.cores = cores_;
  return hardware_violations(*cascade_, plan, accelerator).empty();
}

const GroupProfile& Planner::profile(const Candidate& candidate) const {
  const auto& profile = candidate.profile.get([&] { return made_->profile(*this, candidate); });
  FUSESCAPE_EXPECTS(profile.has_value());
  return *profile;
}

bool Planner::try_profile(Candidate& candidate) const {
  const auto& profile = candidate.profile.get([&] { return made_->profile(*this, candidate); });
  if (profile) candidate.weights = weights_of(*profile, array_work(*profile, array_));
  return profile.has_value();
}

bool Planner::serves(const Accelerator& accelerator) const {
  return array_ == array_model(accelerator) && options_ == profile_options(accelerator) &&
         spatial_ == spatial_mappings(*cascade_, accelerator);
}

/// Whether it takes the machine as long as one with faster on-chip ports.
bool Planner::Made::waits_not(const Planner& planner, const Candidate& candidate, const Machine& machine) {
  const GroupProfile& profile = planner.profile(candidate);
  const auto cost = evaluate_group(profile, machine);
  const auto faster = evaluate_group(profile, with_fast_ports(machine, machine.capacity));
  return cost && faster && cost->latency == faster->latency;
}

/// Looked for among few candidates, or all.
BestWithin Planner::Made::look_for_best(const Planner& planner, OpId op, const Machine& machine) {
  Alone& entry = alone[planner.unit_[index_of(op)]];
  std::optional<BestOfFew> few;
  if (entry.of_few < kMostOfFew) few = best_of_few(planner, op, machine, planner.stop_);
  BestCandidate best;
  if (!few) best = best_of(planner, op, planner.candidates(op), machine);
  const std::lock_guard lock{entry.mutex};
  entry.of_few = few ? entry.of_few + 1 : kMostOfFew;
  if (few) {
    best.candidate = entry.keep(std::move(few->candidate));
    if (few->fastest) best.fastest = entry.keep(std::move(*few->fastest));
  }
  BestWithin within{.to = machine.capacity, .best = best.candidate, .fastest = best.fastest};
  if (best.candidate != nullptr) within.from = best.candidate->weights.held;
  if (best.fastest != nullptr) within.from = std::max(within.from, best.fastest->weights.held);
  const bool by_size = planner.unit(op).size() > 1;
  if (by_size) within.from = machine.capacity;
  return within;
}

/// With on-chip ports that nothing waits for, and as large a memory as it is not known for.
BestWithin Planner::Made::look_for_fast(const Planner& planner, OpId op, const Machine& machine) {
  Alone& entry = alone[planner.unit_[index_of(op)]];
  const PortTimes times = fast_port_times(machine);
  std::unique_lock lock{entry.mutex};
  const Bytes unknown = entry.of_fast.unknown_above(times, machine.capacity);
  lock.unlock();
  const BestWithin within = look_for_best(planner, op, with_fast_ports(machine, unknown));
  lock.lock();
  entry.of_fast.note(times, within);
  return within;
}

/// Whether what is the best with fast on-chip ports is so with the machine's own. Faster ones never make a
/// candidate slower, so that of most it is known.
bool Planner::Made::serves_here(const Planner& planner, OpId op, const Machine& machine,
                                const BestAnswer& fast) {
  const OnchipTimes here = onchip_times(machine);
  const BestWithin& within = fast.within;
  if (!within.has(machine.capacity) || within.best == nullptr) return false;
  if (fast.waits && fast.waits->at_most(here)) return false;
  const auto same = [&](const Candidate* candidate) {
    return candidate == nullptr || waits_not(planner, *candidate, machine);
  };
  const bool serves = same(within.best) && same(within.fastest);
  Alone& entry = alone[planner.unit_[index_of(op)]];
  const std::lock_guard lock{entry.mutex};
  if (BestAnswer* known = entry.of_fast.find(fast_port_times(machine), machine.capacity)) {
    if (serves && (!known->waits_not || known->waits_not->at_most(here))) known->waits_not = here;
    if (!serves && (!known->waits || here.at_most(*known->waits))) known->waits = here;
  }
  return serves;
}

/// Whoever asks once needs few candidates; whoever asks often asks for memories of many sizes with ports of
/// many widths, and most of them have the same best one.
BestWithin Planner::best_within(OpId op, const Machine& machine) const {
  Made::Alone& entry = made_->alone[unit_[index_of(op)]];
  if (const OpId first = made_->first_equal(*this, op); first != op) {
    BestWithin within = best_within(first, machine);
    if (within.best == nullptr) return within;
    const std::lock_guard lock{entry.mutex};
    within.best = entry.own(*within.best, op);
    return within;
  }
  const bool by_size = unit(op).size() > 1;
  const PortTimes times = port_times(machine, by_size ? machine.capacity : Bytes{});
  std::optional<BestAnswer> fast;
  std::optional<Bytes> unknown;  // Of these ports, if they were asked about before.
  std::unique_lock lock{entry.mutex};
  if (const BestAnswer* known =
          by_size ? nullptr : entry.of_fast.find(fast_port_times(machine), machine.capacity)) {
    fast = *known;
    fast->within.with_faster_ports = true;
    if (known->waits_not && onchip_times(machine).at_most(*known->waits_not)) return fast->within;
  }
  if (const BestAnswer* known = entry.known.find(times, machine.capacity)) return known->within;
  if (!by_size && entry.known.some(times)) unknown = entry.known.unknown_above(times, machine.capacity);
  const bool asked_before = std::exchange(entry.asked, true);
  lock.unlock();
  // Of an element-wise operator small tiles are as good as large ones.
  const bool is_quick = class_of(cascade_->op(op).kind) == OpClass::kElementwise;
  if ((asked_before || is_quick) && !by_size && !fast) {
    fast = BestAnswer{.within = made_->look_for_fast(*this, op, machine)};
    fast->within.with_faster_ports = true;
  }
  if (fast && made_->serves_here(*this, op, machine, *fast)) return fast->within;
  BestWithin within;
  if (unknown) {
    Machine larger = machine;
    larger.capacity = *unknown;
    within = made_->look_for_best(*this, op, larger);
  }
  if (!unknown || !within.has(machine.capacity)) within = made_->look_for_best(*this, op, machine);
  lock.lock();
  entry.known.note(times, within);
  return within;
}

Bytes Planner::least_footprint(OpId op) const {
  Bytes least = Bytes::overflowed();
  for (const Candidate& candidate : candidates(op)) least = std::min(least, candidate.weights.held);
  return least;
}

}  // namespace fusescape
