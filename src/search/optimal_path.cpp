#include "optimal_path.hpp"

#include <algorithm>

#include "fusescape/workload/roles.hpp"

namespace fusescape {
namespace {

/// One way to run some units: a group of the space, or an operator's candidate.
struct Step {
  const FusedGroup* group = nullptr;
  const Candidate* alone = nullptr;
  Ticks time;
  Bytes moved;
  Bytes held;
};

/// What a group takes at least: the busiest of PEs, on-chip ports and DRAM port. Nothing if its counts do not
/// fit.
Ticks least_time(const GroupProfile& group, const ArrayWork& work, const Machine& machine) {
  if (!group.countable || work.compute.overflow() || work.onchip.overflow()) return Ticks{};
  const std::int64_t per_byte = std::min(machine.sram_read_ticks_per_byte, machine.sram_write_ticks_per_byte);
  const Ticks ports = Ticks{work.onchip.value()} * per_byte;
  const bool shared = machine.sram_ports == Ports::kShared;
  return longest(machine.scale.ticks(work.compute), shared ? ports : Ticks{},
                 Ticks{group.transfers[machine.dram_ports].value()} * machine.dram_ticks_per_byte);
}

/// The fastest of some ways; of equals the one that moves fewer bytes, then the one that holds fewer, then
/// the first.
class Fastest {
 public:
  explicit Fastest(const Machine& machine) : machine_{machine} {}

  void offer(const GroupProfile& profile, const ArrayWork& work, const FusedGroup* group,
             const Candidate* alone) {
    if (profile.peak > machine_.capacity) return;
    const Ticks least = least_time(profile, work, machine_);
    if (!bound_ || least < *bound_) bound_ = least;
    if (best_ && best_->time < least) return;
    const auto cost = evaluate_group(profile, machine_);
    if (!cost) return;
    const Step step{group, alone, cost->latency, profile.dram_read + profile.dram_write, profile.peak};
    const bool better = !best_ || std::tie(step.time, step.moved, step.held) <
                                      std::tie(best_->time, best_->moved, best_->held);
    if (better) best_ = step;
  }

  [[nodiscard]] const std::optional<Step>& best() const { return best_; }
  [[nodiscard]] const std::optional<Ticks>& bound() const { return bound_; }

 private:
  const Machine& machine_;
  std::optional<Step> best_;
  std::optional<Ticks> bound_;
};

/// The best way to come to a unit: all before it have run.
struct Arrival {
  std::optional<Ticks> time;
  Bytes moved;
  std::optional<Ticks> bound;
  std::size_t from = 0;
  Step step{};
};

Fastest fastest_between(const Planner& planner, const OptimalSpace& space, const Machine& machine,
                        std::size_t first, std::size_t last) {
  Fastest fastest{machine};
  if (last == first + 1) {
    for (const Candidate& candidate : planner.candidates(space.leaders()[first])) {
      fastest.offer(planner.profile(candidate), {candidate.weights.array.compute, Bytes{}}, nullptr, &candidate);
    }
  }
  if (const auto* groups = space.groups(first, last)) {
    for (const FusedGroup& group : *groups) fastest.offer(group.profile, group.work, &group, nullptr);
  }
  return fastest;
}

void arrive(const Fastest& fastest, std::size_t from, const Arrival& before, Arrival& here) {
  if (!fastest.best() || !before.time) return;
  const Step& step = *fastest.best();
  const Ticks bound = *before.bound + *fastest.bound();
  if (!here.bound || bound < *here.bound) here.bound = bound;
  const Ticks time = *before.time + step.time;
  const Bytes moved = before.moved + step.moved;
  if (here.time && std::tie(*here.time, here.moved) <= std::tie(time, moved)) return;
  here.time = time;
  here.moved = moved;
  here.from = from;
  here.step = step;
}

void add_steps(const std::vector<Arrival>& arrivals, std::size_t last, const Planner& planner, Plan& plan) {
  const std::vector<StateUpdate> updates = state_updates(planner.cascade());
  std::vector<const Step*> steps;
  for (std::size_t at = last; at > 0; at = arrivals[at].from) steps.push_back(&arrivals[at].step);
  std::reverse(steps.begin(), steps.end());
  for (const Step* step : steps) {
    if (step->group != nullptr) {
      add_fused_group(plan, planner.cascade(), updates, *step->group);
    } else {
      add_group(plan, planner.cascade(), *step->alone);
    }
  }
}

}  // namespace

std::optional<OptimalPath> optimal_path(const Planner& planner, const OptimalSpace& space,
                                        const Machine& machine) {
  const std::size_t units = space.leaders().size();
  std::vector<Arrival> arrivals(units + 1);
  arrivals.front().time = Ticks{};
  arrivals.front().bound = Ticks{};
  for (std::size_t last = 1; last <= units; ++last) {
    for (std::size_t first = 0; first < last; ++first) {
      const Fastest fastest = fastest_between(planner, space, machine, first, last);
      arrive(fastest, first, arrivals[first], arrivals[last]);
    }
  }
  if (!arrivals.back().time) return std::nullopt;
  OptimalPath path{.plan = {}, .latency = *arrivals.back().time, .bound = *arrivals.back().bound};
  path.plan.spatial = planner.spatial();
  add_steps(arrivals, units, planner, path.plan);
  return path;
}

}  // namespace fusescape
