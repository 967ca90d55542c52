#include "fusescape/search/planner.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>

#include "candidates.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/plan/windows.hpp"
#include "group_trials.hpp"
#include "optimal_space.hpp"
#include "useful_candidates.hpp"

namespace fusescape {
namespace {

/// A candidate that fits a machine.
struct Trial {
  const Candidate* candidate = nullptr;
  Ticks latency;
};

/// What a candidate takes at least: the PEs, or the port.
Ticks least_time(const Candidate& candidate, const Machine& machine) {
  const GroupProfile& group = candidate.profile;
  if (candidate.compute.overflow() || !group.countable) return Ticks{};
  return longest(machine.scale.ticks(candidate.compute),
                 Ticks{group.transfers[machine.dram_ports].value()} * machine.dram_ticks_per_byte);
}

/// Those that fit and may take about the least time.
std::vector<Trial> trials_of(const std::vector<Candidate>& candidates, const Machine& machine) {
  std::vector<Trial> trials;
  std::optional<Ticks> least;
  for (const Candidate& candidate : candidates) {
    if (bytes_held(candidate) > machine.capacity) continue;
    if (least && !about(least_time(candidate, machine), *least)) continue;
    const auto cost = evaluate_group(candidate.profile, machine);
    if (!cost) continue;
    trials.push_back({&candidate, cost->latency});
    if (!least || cost->latency < *least) least = cost->latency;
  }
  return trials;
}

bool faster(const Trial& a, const Trial& b) {
  return a.latency < b.latency;
}

/// Of trials that take about the time of the fastest, those that move the fewest bytes. Expects some.
std::vector<Trial> lightest_fast(std::vector<Trial> trials) {
  const Ticks least = std::min_element(trials.begin(), trials.end(), faster)->latency;
  std::erase_if(trials, [&](const Trial& trial) { return !about(trial.latency, least); });
  Bytes fewest = Bytes::overflowed();
  for (const Trial& trial : trials) fewest = std::min(fewest, bytes_moved(*trial.candidate));
  std::erase_if(trials, [&](const Trial& trial) { return bytes_moved(*trial.candidate) > fewest; });
  return trials;
}

/// Whether each row of tiles ends with a shorter one. Long tiles' transfers do not hide behind it, and the
/// closed form, which does not know in which order tiles come, does not see that. Of the nests that are tried
/// none has two loops over a rank.
bool ends_rows_short(const Cascade& cascade, const Candidate& candidate) {
  bool outer = false;
  for (const LoopSpec& loop : candidate.loops) {
    const std::int64_t extent = cascade.extent(loop.rank).value();
    if (outer && extent % loop.tile != 0) return true;
    outer = outer || loop.tile < extent;
  }
  return false;
}

/// The fastest whose rows do not end short, unless it takes longer than equal tiles are worth; else the
/// fastest. Of equals the first. Expects some.
const Candidate* prefer_even(const Cascade& cascade, const std::vector<Trial>& trials) {
  const Trial& fastest = *std::min_element(trials.begin(), trials.end(), faster);
  const Trial* even = nullptr;
  for (const Trial& trial : trials) {
    if (!at_most_a_part_above(trial.latency, fastest.latency, kPartForEvenTiles)) continue;
    if (ends_rows_short(cascade, *trial.candidate)) continue;
    if (even == nullptr || faster(trial, *even)) even = &trial;
  }
  return even != nullptr ? even->candidate : fastest.candidate;
}

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

/// Candidates, each list made by the first thread that asks for it.
struct Planner::Made {
  struct Entry {
    std::once_flag once;
    std::vector<Candidate> candidates;
  };
  explicit Made(std::size_t units) : alone(units) {}

  std::vector<Entry> alone;  ///< Per unit.
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

Planner::Planner(const Cascade& cascade, const Accelerator& accelerator, std::stop_token stop)
    : cascade_{&cascade},
      spatial_{spatial_mappings(cascade, accelerator)},
      options_{profile_options(accelerator)},
      array_{array_model(accelerator)},
      cores_{accelerator.cores},
      stop_{std::move(stop)},
      unit_(cascade.operators.size(), 0) {
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
  std::call_once(entry.once, [&] { entry.candidates = useful_candidates(*this, op, stop_); });
  return entry.candidates;
}

std::vector<Candidate> Planner::nests(OpId op) const {
  const std::vector<OpId>& members = unit(op);
  const Engine& engine = array_.engines[static_cast<std::size_t>(cascade_->op(members.front()).kind)];
  const SpatialMapping& mapping = spatial_[index_of(members.front())];
  if (members.size() > 1 || !has_nest_space(*cascade_, op)) {
    return streaming_nests(*cascade_, mapping, engine, members);
  }
  std::vector<Candidate> found;
  for_each_tiling(nest_space(*cascade_, mapping, engine, op), [&](const Tiling& tiling, std::size_t fixed) {
    for_each_order(tiling, fixed,
                   [&](const Loops& loops) { found.push_back({.loops = loops, .operators = {op}}); });
  });
  return found;
}

const std::vector<Candidate>& Planner::fused(const std::vector<OpId>& operators) const {
  Made::Entry* entry = nullptr;
  {
    const std::lock_guard lock{made_->fused_mutex};
    entry = &made_->fused[operators];
  }
  std::call_once(entry->once, [&] {
    GroupTrials trials{*cascade_, spatial_, options_};
    for (Candidate& nest : fused_nests(*cascade_, operators)) {
      if (stop_.stop_requested()) break;
      if (trials.run(nest)) entry->candidates.push_back(std::move(nest));
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

bool Planner::try_profile(Candidate& candidate) const {
  return GroupTrials{*cascade_, spatial_, options_}.run(candidate);
}

bool Planner::serves(const Accelerator& accelerator) const {
  return array_ == array_model(accelerator) && options_ == profile_options(accelerator) &&
         spatial_ == spatial_mappings(*cascade_, accelerator);
}

const Candidate* Planner::best(OpId op, const Machine& machine) const {
  std::vector<Trial> trials = trials_of(candidates(op), machine);
  if (trials.empty()) return nullptr;
  return prefer_even(*cascade_, lightest_fast(std::move(trials)));
}

Bytes Planner::least_footprint(OpId op) const {
  Bytes least = Bytes::overflowed();
  for (const Candidate& candidate : candidates(op)) least = std::min(least, bytes_held(candidate));
  return least;
}

}  // namespace fusescape
