#include "fusescape/search/planner.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "best_candidate.hpp"
#include "candidates.hpp"
#include "few_candidates.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/plan/windows.hpp"
#include "fusescape/search/array_work.hpp"
#include "fusescape/search/known_candidates.hpp"
#include "fusescape/search/recent.hpp"
#include "fusescape/support/contract.hpp"
#include "group_trials.hpp"
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

/// What the best candidate depends on, of machines with the planner's array: how many candidates fit, and how
/// long ports take.
struct PortTimes {
  std::int64_t fitting = 0;
  std::int64_t ticks_per_cycle = 0;
  std::int64_t dram = 0;  ///< Ticks per byte, as the others.
  std::int64_t read = 0;
  std::int64_t write = 0;
  Ports dram_ports{};
  Ports sram_ports{};
  friend auto operator<=>(const PortTimes&, const PortTimes&) = default;
};

PortTimes port_times(const Machine& machine, std::int64_t fitting) {
  return {.fitting = fitting,
          .ticks_per_cycle = machine.scale.ticks_per_cycle(),
          .dram = machine.dram_ticks_per_byte,
          .read = machine.sram_read_ticks_per_byte,
          .write = machine.sram_write_ticks_per_byte,
          .dram_ports = machine.dram_ports,
          .sram_ports = machine.sram_ports};
}

constexpr std::size_t kMachines = 2048;

}  // namespace

/// Candidates, each list made by the first thread that asks for it.
struct Planner::Made {
  struct Entry {
    std::once_flag once;
    std::vector<Candidate> candidates;
  };
  struct Alone : Entry {
    std::atomic_flag asked;      ///< For the best on some machine.
    std::vector<Candidate> few;  ///< Those that may be the best on the machine that was asked for first.
    std::once_flag sizes_once;
    std::vector<Bytes> sizes;  ///< What each of `candidates` holds, ascending.
    std::mutex mutex;          ///< Guards `known`.
    Recent<std::map<PortTimes, const Candidate*>> known{kMachines};
  };
  explicit Made(std::size_t units) : alone(units) {}

  std::vector<Alone> alone;  ///< Per unit.
  std::mutex fused_mutex;    ///< Guards the map, not its entries, which stay where they are.
  std::map<std::vector<OpId>, Entry> fused;

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
  const auto& profile = candidate.profile.get([&] { return profile_of(*this, candidate); });
  FUSESCAPE_EXPECTS(profile.has_value());
  return *profile;
}

bool Planner::try_profile(Candidate& candidate) const {
  const auto& profile = candidate.profile.get([&] { return profile_of(*this, candidate); });
  if (profile) candidate.weights = weights_of(*profile, array_work(*profile, array_));
  return profile.has_value();
}

bool Planner::serves(const Accelerator& accelerator) const {
  return array_ == array_model(accelerator) && options_ == profile_options(accelerator) &&
         spatial_ == spatial_mappings(*cascade_, accelerator);
}

/// Whoever asks once needs few candidates; whoever asks often asks for machines alike.
const Candidate* Planner::best(OpId op, const Machine& machine) const {
  Made::Alone& entry = made_->alone[unit_[index_of(op)]];
  if (!entry.asked.test_and_set()) {
    if (const Candidate* best = best_of_few(*this, op, machine, entry.few, stop_)) return best;
  }
  const std::vector<Candidate>& all = candidates(op);
  std::call_once(entry.sizes_once, [&] {
    entry.sizes.reserve(all.size());
    for (const Candidate& candidate : all) entry.sizes.push_back(candidate.weights.held);
    std::sort(entry.sizes.begin(), entry.sizes.end());
  });
  // Of a unit of several operators the size of the memory may also tell how long it takes.
  const bool by_size = unit(op).size() > 1;
  const auto fitting = std::upper_bound(entry.sizes.begin(), entry.sizes.end(), machine.capacity);
  const PortTimes times =
      port_times(machine, by_size ? machine.capacity.value() : fitting - entry.sizes.begin());
  {
    const std::lock_guard lock{entry.mutex};
    if (const auto* known = entry.known.find(times)) return *known;
  }
  const Candidate* best = best_of(*this, op, all, machine).candidate;
  const std::lock_guard lock{entry.mutex};
  return entry.known.insert(times, best);
}

Bytes Planner::least_footprint(OpId op) const {
  Bytes least = Bytes::overflowed();
  for (const Candidate& candidate : candidates(op)) least = std::min(least, candidate.weights.held);
  return least;
}

}  // namespace fusescape
