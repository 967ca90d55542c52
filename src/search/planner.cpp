#include "fusescape/search/planner.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "candidates.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/plan/windows.hpp"
#include "fusescape/search/array_work.hpp"
#include "fusescape/support/contract.hpp"
#include "group_trials.hpp"
#include "optimal_space.hpp"
#include "useful_candidates.hpp"
#include "weights.hpp"

namespace fusescape {
namespace {

/// A candidate on a machine.
struct Trial {
  const Candidate* candidate = nullptr;
  Ticks latency;
};

/// What a candidate takes at least: the PEs, or the port, unless loads pass through it side by side.
Ticks least_time(const Planner& planner, const Candidate& candidate, const Machine& machine) {
  const Weights& weights = candidate.weights;
  if (weights.array.compute.overflow() || weights.moved.overflow()) return Ticks{};
  const bool side_by_side = std::any_of(candidate.operators.begin(), candidate.operators.end(), [&](OpId op) {
    return planner.spatial()[index_of(op)].operand_loads == OperandLoads::kConcurrent;
  });
  if (side_by_side) return machine.scale.ticks(weights.array.compute);
  const std::int64_t bytes = ceil_div(weights.moved.value(), machine.dram_ports == Ports::kShared ? 1 : 2);
  return longest(machine.scale.ticks(weights.array.compute), Ticks{bytes} * machine.dram_ticks_per_byte);
}

bool faster(const Trial& a, const Trial& b) {
  return a.latency < b.latency;
}

/// The candidates that fit a machine, each evaluated when first asked for.
class Trials {
 public:
  Trials(const Planner& planner, const std::vector<Candidate>& candidates, const Machine& machine)
      : planner_{planner}, machine_{machine} {
    for (const Candidate& candidate : candidates) {
      if (candidate.weights.held <= machine.capacity)
        fitting_.push_back({&candidate, least_time(planner, candidate, machine)});
    }
  }

  /// Those that take about the time of the fastest and of these move the fewest bytes. Lightest first, as
  /// they came.
  [[nodiscard]] std::vector<Trial> lightest_fast() {
    std::vector<Trial> found;
    const std::optional<Ticks> least = least_latency();
    if (!least) return found;
    for (const Trial& trial : fitting_) {
      if (!found.empty() && trial.candidate->weights.moved > found.front().candidate->weights.moved) break;
      if (!about(trial.latency, *least)) continue;
      const std::optional<Ticks> latency = latency_of(*trial.candidate);
      if (latency && about(*latency, *least)) found.push_back({trial.candidate, *latency});
    }
    return found;
  }

 private:
  [[nodiscard]] std::optional<Ticks> latency_of(const Candidate& candidate) const {
    const auto cost = evaluate_group(planner_.profile(candidate), machine_);
    return cost ? std::optional{cost->latency} : std::nullopt;
  }

  /// Asks first those that may be the fastest.
  [[nodiscard]] std::optional<Ticks> least_latency() const {
    std::vector<Trial> heap = fitting_;
    const auto slower = [](const Trial& a, const Trial& b) { return faster(b, a); };
    std::make_heap(heap.begin(), heap.end(), slower);
    std::optional<Ticks> least;
    while (!heap.empty() && (!least || heap.front().latency < *least)) {
      const std::optional<Ticks> latency = latency_of(*heap.front().candidate);
      if (latency && (!least || *latency < *least)) least = latency;
      std::pop_heap(heap.begin(), heap.end(), slower);
      heap.pop_back();
    }
    return least;
  }

  const Planner& planner_;
  const Machine& machine_;
  std::vector<Trial> fitting_;  ///< Lightest first; the time is the least possible.
};

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

const Candidate* Planner::best(OpId op, const Machine& machine) const {
  const std::vector<Trial> trials = Trials{*this, candidates(op), machine}.lightest_fast();
  return trials.empty() ? nullptr : prefer_even(*cascade_, trials);
}

Bytes Planner::least_footprint(OpId op) const {
  Bytes least = Bytes::overflowed();
  for (const Candidate& candidate : candidates(op)) least = std::min(least, candidate.weights.held);
  return least;
}

}  // namespace fusescape
