#include "fusescape/search/planner.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

#include "best_way.hpp"
#include "candidates.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/plan/windows.hpp"
#include "fusescape/search/array_work.hpp"
#include "fusescape/search/known_candidates.hpp"
#include "fusescape/search/recent.hpp"
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

PortTimes port_times(const Machine& machine, Bytes capacity) {
  return {.capacity = capacity,
          .ticks_per_cycle = machine.scale.ticks_per_cycle(),
          .dram = machine.dram_ticks_per_byte,
          .read = machine.sram_read_ticks_per_byte,
          .write = machine.sram_write_ticks_per_byte,
          .launch = machine.model.launch_cycles.value(),
          .dram_ports = machine.dram_ports,
          .sram_ports = machine.sram_ports};
}

/// In as few ticks as its ports allow: machines of equal ports have equal ticks.
Machine in_fewest_ticks(Machine machine) {
  const std::int64_t cycle = machine.scale.ticks_per_cycle();
  const std::int64_t common =
      std::gcd(std::gcd(cycle, machine.dram_ticks_per_byte),
               std::gcd(machine.sram_read_ticks_per_byte, machine.sram_write_ticks_per_byte));
  TickScale scale;
  FUSESCAPE_EXPECTS(scale.include(BitsPerCycle{cycle / common}));
  machine.scale = scale;
  machine.dram_ticks_per_byte /= common;
  machine.sram_read_ticks_per_byte /= common;
  machine.sram_write_ticks_per_byte /= common;
  machine.launch = Ticks{machine.model.launch_cycles.value()} * scale.ticks_per_cycle();
  return machine;
}

/// As `machine`, with on-chip ports that nothing waits for.
Machine with_fast_ports(Machine machine) {
  machine.sram_read_ticks_per_byte = machine.sram_write_ticks_per_byte = 0;
  return machine;
}

/// Ticks per cycle, and per byte of the on-chip ports.
struct OnChipPorts {
  std::int64_t cycle = 1;
  std::int64_t read = 0;
  std::int64_t write = 0;

  [[nodiscard]] bool no_slower_than(const OnChipPorts& other) const {
    const auto no_more = [&](std::int64_t own, std::int64_t its) {
      return static_cast<Int128>(own) * other.cycle <= static_cast<Int128>(its) * cycle;
    };
    return no_more(read, other.read) && no_more(write, other.write);
  }
};

struct KnownBest {
  WayFound way;
  const Candidate* best = nullptr;
  OnChipPorts waits_not{};  ///< For ports that are no slower neither it nor the witness waits.

  [[nodiscard]] bool has(Bytes capacity) const { return way.from <= capacity && capacity <= way.to; }
  [[nodiscard]] BestWithin within(bool with_faster_ports) const {
    return {.from = way.from, .to = way.to, .best = best, .with_faster_ports = with_faster_ports};
  }
};

constexpr std::size_t kMachines = 2048;

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
    std::unique_ptr<BestWays> ways;              ///< Once it is asked for again.
    Recent<std::map<PortTimes, std::vector<KnownBest>>> known{kMachines};
    std::vector<std::shared_ptr<const Candidate>> given;

    /// In the same loops; null: it has not been given.
    [[nodiscard]] const Candidate* find_given(const Candidate& candidate) const {
      const auto same = std::find_if(given.begin(), given.end(), [&](const auto& other) {
        return other->loops == candidate.loops && other->holds_windows == candidate.holds_windows;
      });
      return same != given.end() ? same->get() : nullptr;
    }
    /// What has been given before, or else this, which stays where it is.
    const Candidate* give(const std::shared_ptr<const Candidate>& candidate) {
      if (candidate == nullptr) return nullptr;
      const Candidate* same = find_given(*candidate);
      return same != nullptr ? same : given.emplace_back(candidate).get();
    }
    /// That of an equal operator, as one of `op`.
    const Candidate* own(const Candidate& other, OpId op) {
      if (const Candidate* same = find_given(other)) return same;
      auto own = std::make_shared<Candidate>(other);
      own->operators = {op};
      return give(own);
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

  [[nodiscard]] static bool serves(const Planner& planner, KnownBest& known, const Machine& machine);
  [[nodiscard]] KnownBest& known_best(const Planner& planner, OpId op, const Machine& machine,
                                      bool asked_again);

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

/// Whether neither it nor the witness waits for the on-chip ports of this machine.
bool Planner::Made::serves(const Planner& planner, KnownBest& known, const Machine& machine) {
  const OnChipPorts ports{machine.scale.ticks_per_cycle(), machine.sram_read_ticks_per_byte,
                          machine.sram_write_ticks_per_byte};
  if (known.best == nullptr || ports.no_slower_than(known.waits_not)) return true;
  const Machine faster = with_fast_ports(machine);
  const auto waits = [&](const Candidate& candidate) {
    const GroupProfile& profile = planner.profile(candidate);
    const auto cost = evaluate_group(profile, machine);
    return !cost || cost->latency != evaluate_group(profile, faster)->latency;
  };
  if (waits(*known.way.best)) return false;
  if (known.way.witness != known.way.best && waits(*known.way.witness)) return false;
  known.waits_not = ports;
  return true;
}

/// Looks for it where it is not known. Expects the unit's mutex to be locked. Of ports that are `asked_again`
/// about the answer holds for memories of other sizes, too.
KnownBest& Planner::Made::known_best(const Planner& planner, OpId op, const Machine& machine,
                                     bool asked_again) {
  Alone& entry = alone[planner.unit_[index_of(op)]];
  const bool by_size = planner.unit(op).size() > 1;
  Machine searched = in_fewest_ticks(machine);
  const PortTimes times = port_times(searched, by_size ? machine.capacity : Bytes{});
  std::vector<KnownBest>* known = entry.known.find(times);
  if (known == nullptr) known = &entry.known.insert(times, {});
  for (KnownBest& one : *known) {
    if (one.has(machine.capacity)) return one;
  }
  const bool unlimited = times.read == 0 && times.write == 0;
  const bool wide = !by_size && (unlimited || !known->empty());
  if (entry.ways == nullptr) entry.ways = std::make_unique<BestWays>(planner, op, planner.stop_);
  const auto look = [&](Bytes capacity) -> KnownBest& {
    searched.capacity = capacity;
    KnownBest& found = known->emplace_back(KnownBest{entry.ways->best(searched, times, wide)});
    found.best = entry.give(found.way.best);
    return found;
  };
  const bool first = known->size() <= (unlimited ? 0 : 1);
  if (wide && asked_again && first) {
    if (KnownBest& found = look(kEndlessMemory); found.has(machine.capacity)) return found;
  }
  return look(machine.capacity);
}

/// Whoever asks once needs little of what whoever asks often would make again and again.
BestWithin Planner::best_within(OpId op, const Machine& machine) const {
  Made::Alone& entry = made_->alone[unit_[index_of(op)]];
  if (const OpId first = made_->first_equal(*this, op); first != op) {
    BestWithin within = best_within(first, machine);
    if (within.best == nullptr) return within;
    const std::lock_guard lock{entry.mutex};
    within.best = entry.own(*within.best, op);
    return within;
  }
  const std::lock_guard lock{entry.mutex};
  // Of an element-wise operator small tiles are as good as large ones: what is best anywhere is best here.
  const bool again = std::exchange(entry.asked, true);
  const bool anywhere = again || class_of(cascade_->op(op).kind) == OpClass::kElementwise;
  BestWithin within;
  if (unit(op).size() == 1) {
    KnownBest& fast = made_->known_best(*this, op, with_fast_ports(machine), anywhere);
    if (Made::serves(*this, fast, machine)) within = fast.within(true);
  }
  if (within.best == nullptr) within = made_->known_best(*this, op, machine, anywhere).within(false);
  if (!again) entry.ways.reset();
  return within;
}

Bytes Planner::least_footprint(OpId op) const {
  Bytes least = Bytes::overflowed();
  for (const Candidate& candidate : candidates(op)) least = std::min(least, candidate.weights.held);
  return least;
}

}  // namespace fusescape
