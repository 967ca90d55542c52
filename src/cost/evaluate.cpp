#include "fusescape/cost/evaluate.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "equal_tiles_cost.hpp"
#include "fusescape/support/contract.hpp"
#include "numbers.hpp"
#include "single_slots_time.hpp"

namespace fusescape {
namespace {

/// A group whose tiles differ, or wait for what differs: bounds of its latency. `Slots`: SingleSlotsTime, or
/// NoSingleSlots if the group has none.
template <class Numbers, template <class> class Slots>
class GroupEvaluation : MachineTimes<Numbers> {
  using Base = MachineTimes<Numbers>;
  using Base::core_time;
  using Base::dram_time;
  using Base::machine_;
  using Base::port_time;
  using Ticks = typename Numbers::Time;

 public:
  GroupEvaluation(const GroupProfile& group, const Machine& machine)
      : Base{machine}, group_{group}, slots_{group, machine} {}

  /// False if no core runs some operator.
  [[nodiscard]] bool count(GroupCost& cost);
  /// After that, if no count has overflowed.
  void time(GroupCost& cost) const;

 private:
  /// What of a group's runs has been added up; of one core, which they share.
  struct Turns {
    Ticks in_turn;    ///< Of all tiles, each run as long as its own transfers at least.
    Ticks waited;     ///< At most, before a run, for what had to move until then.
    Ticks with_rest;  ///< Runs up to one of them, and all that moves after it; the longest.
    Ticks late;       ///< What turns of all runs so far waited for, since there was no place for it before.
    std::uint32_t run = 0;  ///< Of the class that was added last; until tile likewise.
    Ticks waits;            ///< The part of `waited` before its run's first tile, not before its turn.
    Ticks earlier_runs;     ///< Tiles of those before it.
    Ticks before_lead;
    Ticks after_tail;
    Ticks tile;
  };

  [[nodiscard]] bool add_classes();
  void note_run(std::uint32_t index);
  [[nodiscard]] bool add_class(std::uint32_t index);
  [[nodiscard]] const RunPlaces& places(const RunProfile& run) const;
  [[nodiscard]] Ticks lead() const { return dram_time(group_.lead.all); }
  [[nodiscard]] Ticks tail() const { return dram_time(group_.tail); }
  [[nodiscard]] Ticks both_ways(Ticks reads, Ticks writes) const {
    return machine_.dram_ports == Ports::kShared ? reads + writes : longest(reads, writes);
  }
  [[nodiscard]] Ticks latency(Ticks port) const;
  [[nodiscard]] Ticks bound_by_runs(Ticks core) const;
  [[nodiscard]] Ticks bound_by_port(Ticks port) const;
  [[nodiscard]] Ticks bound_by_returns() const;
  [[nodiscard]] Ticks bound_by_last_visit() const;

  const GroupProfile& group_;
  Cycles compute_cycles_;
  Cycles pe_cycles_;
  Bytes onchip_read_;
  Bytes onchip_written_;
  Ticks compute_;
  Ticks onchip_;
  Ticks tiles_;  ///< Of all tiles, each as long as its busier on-chip resource.
  Ticks first_tile_;
  Ticks last_tile_;
  std::optional<Turns> turns_;  ///< If there are several runs.
  [[no_unique_address]] Slots<Numbers> slots_;
};

template <class Numbers, template <class> class Slots>
bool GroupEvaluation<Numbers, Slots>::add_class(std::uint32_t index) {
  const TileClass& tiles = group_.classes[index];
  TileWorkCost tile;
  if (!add_work(group_, tiles, machine_, tile)) return false;
  const Cycles all_compute = Numbers::product(Cycles{tile.work.compute}, tiles.count);
  const Bytes all_read = Numbers::product(tile.work.read(), tiles.count);
  const Bytes all_written = Numbers::product(tile.work.written(), tiles.count);
  const Ticks busy = core_time(all_compute);
  const Ticks ports = port_time(all_read, all_written);
  compute_ += busy;
  onchip_ += ports;
  tiles_ += longest(busy, ports);
  Numbers::add(pe_cycles_, Numbers::product(Cycles{tile.pe_cycles}, tiles.count));
  Numbers::add(compute_cycles_, all_compute);
  Numbers::add(onchip_read_, all_read);
  Numbers::add(onchip_written_, all_written);
  const bool first = index == 0;
  const bool last = index == group_.last_class;
  if (!first && !last && !turns_) return true;
  const Ticks tile_time =
      longest(core_time(Cycles{tile.work.compute}), port_time(tile.work.read(), tile.work.written()));
  if (turns_) turns_->tile = tile_time;
  if (first) first_tile_ = tile_time;
  if (last) last_tile_ = tile_time;
  return true;
}

/// Runs that take turns on one core: while one of them has it, the port has nothing of the others but what
/// their slots hold; each needs its own loads before its first tile, and stores after its last one; and what
/// one of them spills for the next one is out and in again before that starts.
template <class Numbers, template <class> class Slots>
auto GroupEvaluation<Numbers, Slots>::bound_by_runs(Ticks core) const -> Ticks {
  const Turns& turns = *turns_;
  const AcrossRuns& runs = group_.across_runs;
  const Ticks led = dram_time(runs.last_lead) - turns.before_lead + tail();
  const Ticks trailed = lead() + dram_time(runs.first_tail) - turns.after_tail;
  const Ticks exposed = longest(turns.late, dram_time(runs.round_trips));
  const Ticks around = longest(tiles_ + longest(led, trailed), core + exposed);
  const Ticks bound = longest(turns.in_turn + turns.waited + tail(), turns.with_rest, around);
  return slots_.bound(bound, lead(), tail());
}

/// All transfers (`port`), and when the port must be idle: until the first tile that stores has ended, once
/// all slots are full; and from the start of the tile on that needs the last load, once all has left that
/// can.
template <class Numbers, template <class> class Slots>
auto GroupEvaluation<Numbers, Slots>::bound_by_port(Ticks port) const -> Ticks {
  const Ticks none;
  const IdlePort& idle = group_.idle_port;
  const Ticks first = first_tile_ * idle.tiles_before_stores;
  const Ticks last = last_tile_ * idle.tiles_after_loads;
  const Ticks idle_first = longest(none, first - (dram_time(idle.early_loads) - lead()));
  const Ticks idle_last = longest(none, last - dram_time(idle.late_stores));
  const std::int64_t ends = idle.tiles_before_stores + idle.tiles_after_loads;
  const bool apart = group_.classes.size() > 1 || ends <= group_.classes.front().count;
  if (machine_.dram_ports == Ports::kSeparate) {
    const Ticks reads = dram_time(group_.loads) + last + tail() + (apart ? idle_first : none);
    const Ticks writes = lead() + first + dram_time(group_.dram_write) + (apart ? idle_last : none);
    return longest(reads, writes);
  }
  return port + (apart ? idle_first + idle_last : longest(idle_first, idle_last));
}

/// Slots that take turns with what is elsewhere: a visit of an unfinished sum waits until another one has
/// left its place, and it has come.
template <class Numbers, template <class> class Slots>
auto GroupEvaluation<Numbers, Slots>::bound_by_returns() const -> Ticks {
  const Returns& returns = group_.returns;
  const Ticks waited = dram_time(returns.round_trip) - first_tile_ * returns.tiles;
  return tiles_ + lead() + tail() + longest(Ticks{}, waited) * returns.times;
}

/// All that must move before the last visit of an outer loop's input begins, and its tiles.
template <class Numbers, template <class> class Slots>
auto GroupEvaluation<Numbers, Slots>::bound_by_last_visit() const -> Ticks {
  const LastVisit& visit = group_.last_visit;
  return dram_time(visit.before[machine_.dram_ports]) + last_tile_ * visit.tiles + tail();
}

template <class Numbers, template <class> class Slots>
auto GroupEvaluation<Numbers, Slots>::latency(Ticks port) const -> Ticks {
  const Ticks core = tiles_ + dram_time(group_.waits[machine_.dram_ports]);
  Ticks bound = longest(core, bound_by_port(port));
  if (group_.last_visit.tiles > 0) bound = longest(bound, bound_by_last_visit());
  if (group_.returns.times > 0) bound = longest(bound, bound_by_returns());
  return turns_ ? longest(bound, bound_by_runs(core)) : bound;
}

template <class Numbers, template <class> class Slots>
bool GroupEvaluation<Numbers, Slots>::add_classes() {
  if (group_.runs.size() > 1) turns_.emplace();
  for (std::uint32_t i = 0; i < group_.classes.size(); ++i) {
    if (!add_class(i)) return false;
    if (turns_) note_run(i);
  }
  return true;
}

/// What the group's memory leaves for the turns of `run`.
template <class Numbers, template <class> class Slots>
const RunPlaces& GroupEvaluation<Numbers, Slots>::places(const RunProfile& run) const {
  std::uint32_t last = run.first_places;
  const Bytes room = machine_.capacity - group_.reserved;
  for (std::uint32_t next = last + 1; next < run.first_places + run.places_count; ++next) {
    if (group_.places[next].room > room) break;
    last = next;
  }
  return group_.places[last];
}

/// After each class, what bound_by_runs() needs. The first class of a run has its longest tiles.
template <class Numbers, template <class> class Slots>
void GroupEvaluation<Numbers, Slots>::note_run(std::uint32_t index) {
  Turns& turns = *turns_;
  const RunProfile& run = group_.runs[turns.run];
  const RunPlaces& beside = places(run);
  const Ticks late = dram_time(beside.late);
  const auto moved = [&](const PerPorts& bytes) { return dram_time(bytes[machine_.dram_ports]); };
  if (index == run.first_class) {
    turns.before_lead += turns.tile * run.turns.before_lead;
    turns.after_tail += turns.tile * run.turns.after_tail;
    if (turns.run > 0) {
      const Ticks begun = turns.in_turn + turns.waited + late;
      turns.waits = longest(Ticks{}, moved(run.sequence.before_first) - begun);
      turns.waited += turns.waits;
    }
    const Ticks start = turns.run > 0 ? turns.in_turn + turns.waited + late : lead();
    turns.with_rest = longest(turns.with_rest, start + turns.tile + moved(run.sequence.after_first));
  }
  if (index + 1 < run.first_class + run.class_count) return;
  const Ticks stores = dram_time(run.turns.stores);
  const Ticks beyond_slots =
      late + both_ways(dram_time(run.turns.loads), stores) + turns.tile * (run.turns.first + run.turns.last);
  const Ticks not_early =
      both_ways(dram_time(beside.loads), stores) + turns.tile * run.turns.last - turns.waits;
  const Ticks core = tiles_ - turns.earlier_runs;
  slots_.add(turns.run, longest(core, beyond_slots - late), beside);
  turns.late += late;
  turns.in_turn += longest(core + late, beyond_slots, not_early) + (turns.run == 0 ? lead() : Ticks{});
  turns.waited = longest(turns.waited, moved(run.sequence.before_last) + turns.tile - turns.in_turn);
  turns.with_rest = longest(turns.with_rest, turns.in_turn + moved(run.sequence.after_last));
  turns.earlier_runs = tiles_;
  ++turns.run;
}

template <class Numbers>
using WithSingleSlots = GroupEvaluation<Numbers, SingleSlotsTime>;
template <class Numbers>
using WithoutSingleSlots = GroupEvaluation<Numbers, NoSingleSlots>;

bool overflowed(const GroupCost& cost) {
  return cost.dram_read.overflow() || cost.dram_write.overflow() || cost.peak.overflow() ||
         cost.onchip_read.overflow() || cost.onchip_write.overflow() || cost.ops.overflow() ||
         cost.compute_cycles.overflow() || cost.pe_cycles.overflow();
}

template <class Numbers, template <class> class Slots>
bool GroupEvaluation<Numbers, Slots>::count(GroupCost& cost) {
  if (!add_classes()) return false;
  fill_profiled(group_, cost);
  cost.onchip_read = onchip_read_;
  cost.onchip_write = onchip_written_;
  cost.compute_cycles = compute_cycles_;
  cost.pe_cycles = pe_cycles_;
  return true;
}

template <class Numbers, template <class> class Slots>
void GroupEvaluation<Numbers, Slots>::time(GroupCost& cost) const {
  const Ticks port = dram_time(group_.transfers[machine_.dram_ports]);
  fill_times(machine_, latency(port), compute_, port, onchip_, cost);
}

/// The sum over groups, each of whose counts fits 64 bits.
class Sum {
 public:
  [[gnu::noinline]] void add(const GroupCost& part) {
    latency_ += part.latency.value();
    compute_ += part.compute.value();
    dram_ += part.dram.value();
    onchip_ += part.onchip.value();
    peak_ = std::max(peak_, part.peak);
    add(dram_read_, part.dram_read.value());
    add(dram_write_, part.dram_write.value());
    add(onchip_read_, part.onchip_read.value());
    add(onchip_write_, part.onchip_write.value());
    add(ops_, part.ops.value());
    add(compute_cycles_, part.compute_cycles.value());
    add(pe_cycles_, part.pe_cycles.value());
  }

  /// `last`: the position of the last group, which is named if a sum does not fit.
  [[nodiscard]] expected<Cost, Infeasible> run(std::uint32_t last, const Machine& machine) const {
    Cost cost;
    cost.total = {.latency = Ticks{latency_},
                  .compute = Ticks{compute_},
                  .dram = Ticks{dram_},
                  .onchip = Ticks{onchip_},
                  .dram_read = Bytes{dram_read_},
                  .dram_write = Bytes{dram_write_},
                  .peak = peak_,
                  .onchip_read = Bytes{onchip_read_},
                  .onchip_write = Bytes{onchip_write_},
                  .ops = Ops{ops_},
                  .compute_cycles = Cycles{compute_cycles_},
                  .pe_cycles = Cycles{pe_cycles_},
                  .bound = bound_of(compute_, dram_, onchip_)};
    cost.latency = machine.scale.whole_cycles(Ticks{latency_});
    cost.compute = cost.total.compute_cycles;
    if (wrapped_ < 0 || overflowed(cost.total) || cost.latency.overflow()) {
      return unexpected{Infeasible{Infeasible::Reason::kOverflow, last, peak_, machine.capacity}};
    }
    return cost;
  }

 private:
  /// Of two numbers from 0 to the largest one, a sum that does not fit is negative.
  void add(std::int64_t& sum, std::int64_t part) {
    sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) + static_cast<std::uint64_t>(part));
    wrapped_ |= sum;
  }

  // Bare numbers: of 128-bit ones in a class GCC makes copies that wait for their halves to be written.
  Int128 latency_ = 0;
  Int128 compute_ = 0;
  Int128 dram_ = 0;
  Int128 onchip_ = 0;
  Bytes peak_;
  std::int64_t dram_read_ = 0;
  std::int64_t dram_write_ = 0;
  std::int64_t onchip_read_ = 0;
  std::int64_t onchip_write_ = 0;
  std::int64_t ops_ = 0;
  std::int64_t compute_cycles_ = 0;
  std::int64_t pe_cycles_ = 0;
  std::int64_t wrapped_ = 0;  ///< Negative once one of the sums was.
};

/// Fills `cost`, every field of it (in place: a copy would wait for its parts to be written), or says what
/// hinders.
template <class Numbers, template <class> class Evaluation>
std::optional<Infeasible::Reason> fill(const GroupProfile& group, const Machine& machine, GroupCost& cost) {
  using Reason = Infeasible::Reason;
  Evaluation<Numbers> evaluation{group, machine};
  if (!evaluation.count(cost)) return Reason::kUnsupported;
  if (!Numbers::kAllFit && overflowed(cost)) return Reason::kOverflow;
  if (cost.peak > machine.capacity) return cost.peak.overflow() ? Reason::kOverflow : Reason::kCapacity;
  evaluation.time(cost);
  return std::nullopt;
}

template <class Numbers>
std::optional<Infeasible::Reason> fill(const GroupProfile& group, const Machine& machine, GroupCost& cost) {
  if (group.equal_tiles) return fill<Numbers, EqualTilesEvaluation>(group, machine, cost);
  return group.single_slots.empty() ? fill<Numbers, WithoutSingleSlots>(group, machine, cost)
                                    : fill<Numbers, WithSingleSlots>(group, machine, cost);
}

std::optional<Infeasible::Reason> evaluate_into(GroupCost& cost, const GroupProfile& group,
                                                const Machine& machine, const SmallLimits& limits) {
  cost.peak = Bytes{};
  if (!group.countable) return Infeasible::Reason::kOverflow;
  return is_small(group, machine, limits) ? fill<SmallNumbers>(group, machine, cost)
                                          : fill<CheckedNumbers>(group, machine, cost);
}

/// `group`: its position in the plan.
Infeasible infeasible(Infeasible::Reason reason, std::uint32_t group, Bytes peak, const Machine& machine) {
  if (reason == Infeasible::Reason::kUnsupported) return {reason, group, {}, {}};
  return {reason, group, peak, machine.capacity};
}

/// Whether it does not fit 64 bits of cycles.
bool is_too_long(Ticks latency, const Machine& machine) {
  const Int128 most =
      static_cast<Int128>(machine.scale.ticks_per_cycle()) * (std::numeric_limits<std::int64_t>::max() - 1);
  return latency.value() > most;
}

std::uint32_t last_of(std::size_t groups) {
  return static_cast<std::uint32_t>(groups - 1);
}

}  // namespace

expected<GroupCost, Infeasible> evaluate_group(const GroupProfile& group, const Machine& machine) {
  using Reason = Infeasible::Reason;
  expected<GroupCost, Infeasible> cost{};
  std::optional<Reason> hinders = evaluate_into(*cost, group, machine, limits_of(machine));
  if (!hinders && is_too_long(cost->latency, machine)) hinders = Reason::kOverflow;
  if (hinders) cost = unexpected{infeasible(*hinders, 0, cost->peak, machine)};
  return cost;  // Where it was made: a copy would wait, as in fill().
}

expected<Cost, Infeasible> total_cost(std::span<const GroupCost> groups, const Machine& machine) {
  Sum sum;
  for (const GroupCost& group : groups) sum.add(group);
  return sum.run(last_of(groups.size()), machine);
}

expected<Cost, Infeasible> evaluate(const PlanProfile& profile, const Machine& machine,
                                    std::span<GroupCost> groups) {
  FUSESCAPE_EXPECTS(groups.empty() || groups.size() == profile.groups.size());
  const SmallLimits limits = limits_of(machine);
  Sum sum;
  GroupCost part;
  for (std::uint32_t g = 0; g < profile.groups.size(); ++g) {
    if (const auto hinders = evaluate_into(part, profile.groups[g], machine, limits)) {
      return unexpected{infeasible(*hinders, g, part.peak, machine)};
    }
    sum.add(part);
    if (!groups.empty()) groups[g] = part;
  }
  return sum.run(last_of(profile.groups.size()), machine);
}

}  // namespace fusescape
