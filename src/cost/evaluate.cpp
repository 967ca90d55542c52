#include "fusescape/cost/evaluate.hpp"

#include <algorithm>
#include <optional>

#include "fusescape/plan/work_cost.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// What of a group's runs has been added up; of one core, which they share.
struct Turns {
  Ticks in_turn;    ///< Of all tiles, each run as long as its own transfers at least.
  Ticks waited;     ///< At most, before a run, for what had to move until then.
  Ticks with_rest;  ///< Runs up to one of them, and all that moves after it; the longest.
  Ticks late;       ///< What turns of all runs so far waited for, since there was no place for it before.
  std::uint32_t run = 0;  ///< Of the class that was added last; until tile likewise.
  Ticks earlier_runs;     ///< Tiles of those before it.
  Ticks before_lead;
  Ticks after_tail;
  Ticks tile;
};

class GroupEvaluation {
 public:
  GroupEvaluation(const PlanProfile& profile, const Machine& machine, const GroupProfile& group)
      : profile_{profile}, machine_{machine}, group_{group} {}

  /// Fills all of an empty `cost` but its latency and bound. False if no core runs some operator.
  [[nodiscard]] bool count(GroupCost& cost);
  /// After that, if no count has overflowed. `port`: how long the DRAM port is busy.
  [[nodiscard]] Ticks latency(Ticks port) const;

 private:
  [[nodiscard]] bool add_classes(GroupCost& cost);
  void note_run(std::uint32_t index);
  [[nodiscard]] const RunPlaces& places(const RunProfile& run) const;
  [[nodiscard]] bool add_class(std::uint32_t index, GroupCost& cost);
  [[nodiscard]] Ticks port_time(Bytes read, Bytes written) const;
  [[nodiscard]] Ticks dram_time(Bytes bytes) const {
    return Ticks{bytes.value()} * machine_.dram_ticks_per_byte;
  }
  [[nodiscard]] Ticks lead() const { return dram_time(group_.lead.all); }
  [[nodiscard]] Ticks tail() const { return dram_time(group_.tail); }
  [[nodiscard]] Ticks both_ways(Ticks reads, Ticks writes) const {
    return machine_.dram_ports == Ports::kShared ? reads + writes : longest(reads, writes);
  }
  [[nodiscard]] Ticks pipeline(const EqualTiles& tile) const;
  [[nodiscard]] Ticks bound_by_runs(Ticks core) const;
  [[nodiscard]] Ticks bound_by_port(Ticks port) const;
  [[nodiscard]] Ticks bound_by_returns() const;
  [[nodiscard]] Ticks bound_by_last_visit() const;

  const PlanProfile& profile_;
  const Machine& machine_;
  const GroupProfile& group_;
  Ticks tiles_;  ///< Of all tiles, each as long as its busier on-chip resource.
  Ticks first_tile_;
  Ticks last_tile_;
  std::optional<Turns> turns_;  ///< If there are several runs.
};

Ticks GroupEvaluation::port_time(Bytes read, Bytes written) const {
  const Ticks reads = Ticks{read.value()} * machine_.sram_read_ticks_per_byte;
  const Ticks writes = Ticks{written.value()} * machine_.sram_write_ticks_per_byte;
  return machine_.sram_ports == Ports::kShared ? reads + writes : longest(reads, writes);
}

bool GroupEvaluation::add_class(std::uint32_t index, GroupCost& cost) {
  const TileClass& tiles = profile_.classes[index];
  WorkCost tile;
  std::int64_t pe_cycles = 0;  // Of one tile all counts fit: the group is countable.
  for (std::uint32_t i = 0; i < tiles.work_count; ++i) {
    const OperatorWork& work = profile_.work.operators[tiles.first_work + i];
    const Engine& engine = machine_.engines[static_cast<std::size_t>(work.kind)];
    if (engine.cycles_per_op == 0) return false;
    const std::int64_t fill = machine_.model.fill_cycles.value();
    tile += work_cost(profile_.work, work, engine, fill);
    pe_cycles += work.ops * engine.cycles_per_op;
  }
  const Cycles compute{tile.compute};
  const Bytes read = tile.read();
  const Bytes written = tile.written();
  const Cycles all_compute = compute * tiles.count;
  const Bytes all_read = read * tiles.count;
  const Bytes all_written = written * tiles.count;
  const Ticks busy = machine_.scale.ticks(all_compute);
  const Ticks ports = port_time(all_read, all_written);
  cost.compute += busy;
  cost.onchip += ports;
  cost.pe_cycles += Cycles{pe_cycles} * tiles.count;
  cost.compute_cycles += all_compute;
  cost.onchip_read += all_read;
  cost.onchip_write += all_written;
  tiles_ += longest(busy, ports);
  const bool first = index == group_.first_class;
  const bool last = index == group_.last_class;
  if (!first && !last && !turns_) return true;
  const Ticks tile_time = longest(machine_.scale.ticks(compute), port_time(read, written));
  if (turns_) turns_->tile = tile_time;
  if (first) first_tile_ = tile_time;
  if (last) last_tile_ = tile_time;
  return true;
}

/// Of equal tiles with two slots each way (docs/model/latency.md): load r, compute c, store w. T(n) from the
/// load of the first tile on, or, if the second one's comes before what stays is there, from when both are.
Ticks GroupEvaluation::pipeline(const EqualTiles& tile) const {
  const std::int64_t n = profile_.classes[group_.first_class].count;
  const Ticks r = dram_time(tile.load);
  const Ticks w = dram_time(tile.store);
  const Ticks c = first_tile_;
  const Ticks none;
  if (n == 1) return r + c + w;
  const bool two_there = group_.lead.ahead > Bytes{0};
  if (machine_.dram_ports == Ports::kSeparate) {
    const Ticks reads = two_there ? r * (n - 2) + c : r * (n - 1);
    return (two_there ? r * 2 : r) + c + w + longest(reads, c * (n - 1), w * (n - 1));
  }
  const Ticks idle = (two_there ? c : longest(none, c - r)) + longest(none, c - w);
  return longest((two_there ? r * 2 : r) + tiles_ + w, (r + w) * n + idle);
}

/// Runs that take turns on one core: while one of them has it, the port has nothing of the others but what
/// their slots hold; each needs its own loads before its first tile, and stores after its last one; and what
/// one of them spills for the next one is out and in again before that starts.
Ticks GroupEvaluation::bound_by_runs(Ticks core) const {
  const Turns& turns = *turns_;
  const AcrossRuns& runs = group_.across_runs;
  const Ticks led = dram_time(runs.last_lead) - turns.before_lead + tail();
  const Ticks trailed = lead() + dram_time(runs.first_tail) - turns.after_tail;
  const Ticks exposed = longest(turns.late, dram_time(runs.round_trips));
  const Ticks around = longest(tiles_ + longest(led, trailed), core + exposed);
  return longest(turns.in_turn + turns.waited + tail(), turns.with_rest, around);
}

/// All transfers (`port`), and when the port must be idle: until the first tile that stores has ended, once
/// all slots are full; and from the start of the tile on that needs the last load, once all has left that
/// can.
Ticks GroupEvaluation::bound_by_port(Ticks port) const {
  const Ticks none;
  const IdlePort& idle = group_.idle_port;
  const Ticks first = first_tile_ * idle.tiles_before_stores;
  const Ticks last = last_tile_ * idle.tiles_after_loads;
  const Ticks idle_first = longest(none, first - (dram_time(idle.early_loads) - lead()));
  const Ticks idle_last = longest(none, last - dram_time(idle.late_stores));
  const std::int64_t ends = idle.tiles_before_stores + idle.tiles_after_loads;
  const bool apart = group_.class_count > 1 || ends <= profile_.classes[group_.first_class].count;
  if (machine_.dram_ports == Ports::kSeparate) {
    const Ticks reads = dram_time(group_.loads) + last + tail() + (apart ? idle_first : none);
    const Ticks writes = lead() + first + dram_time(group_.dram_write) + (apart ? idle_last : none);
    return longest(reads, writes);
  }
  return port + (apart ? idle_first + idle_last : longest(idle_first, idle_last));
}

/// Slots that take turns with what is elsewhere: a visit of an unfinished sum waits until another one has
/// left its place, and it has come.
Ticks GroupEvaluation::bound_by_returns() const {
  const Returns& returns = group_.returns;
  const Ticks waited = dram_time(returns.round_trip) - first_tile_ * returns.tiles;
  return tiles_ + lead() + tail() + longest(Ticks{}, waited) * returns.times;
}

/// All that must move before the last visit of an outer loop's input begins, and its tiles.
Ticks GroupEvaluation::bound_by_last_visit() const {
  const LastVisit& visit = group_.last_visit;
  return dram_time(visit.before[machine_.dram_ports]) + last_tile_ * visit.tiles + tail();
}

Ticks GroupEvaluation::latency(Ticks port) const {
  if (const auto& tile = group_.equal_tiles) {
    const Bytes stays = group_.lead.all - group_.lead.ahead - tile->load;
    return dram_time(stays + group_.tail - tile->store) + pipeline(*tile);
  }
  const Ticks core = tiles_ + dram_time(group_.waits[machine_.dram_ports]);
  Ticks bound = longest(core, bound_by_port(port));
  if (group_.last_visit.tiles > 0 && machine_.one_kind) bound = longest(bound, bound_by_last_visit());
  if (group_.returns.times > 0 && machine_.one_kind) bound = longest(bound, bound_by_returns());
  return turns_ && machine_.one_kind ? longest(bound, bound_by_runs(core)) : bound;
}

/// The busiest resource; ties go to the first.
Bound bound_of(const GroupCost& cost) {
  if (cost.compute >= cost.dram && cost.compute >= cost.onchip) return Bound::kCompute;
  return cost.dram >= cost.onchip ? Bound::kDram : Bound::kOnChip;
}

bool GroupEvaluation::add_classes(GroupCost& cost) {
  if (group_.run_count > 1) turns_.emplace();
  for (std::uint32_t i = 0; i < group_.class_count; ++i) {
    if (!add_class(group_.first_class + i, cost)) return false;
    if (turns_) note_run(group_.first_class + i);
  }
  return true;
}

/// What the group's memory leaves for the turns of `run`.
const RunPlaces& GroupEvaluation::places(const RunProfile& run) const {
  std::uint32_t last = run.first_places;
  const Bytes room = machine_.capacity - group_.reserved;
  for (std::uint32_t next = last + 1; next < run.first_places + run.places_count; ++next) {
    if (profile_.places[next].room > room) break;
    last = next;
  }
  return profile_.places[last];
}

/// After each class, what bound_by_runs() needs. The first class of a run has its longest tiles.
void GroupEvaluation::note_run(std::uint32_t index) {
  Turns& turns = *turns_;
  const RunProfile& run = profile_.runs[group_.first_run + turns.run];
  const RunPlaces& beside = places(run);
  const Ticks late = dram_time(beside.late);
  const auto moved = [&](const PerPorts& bytes) { return dram_time(bytes[machine_.dram_ports]); };
  if (index == run.first_class) {
    turns.before_lead += turns.tile * run.turns.before_lead;
    turns.after_tail += turns.tile * run.turns.after_tail;
    if (turns.run > 0) {
      turns.waited = longest(turns.waited, moved(run.sequence.before_first) - turns.in_turn - late);
    }
    const Ticks start = turns.run > 0 ? turns.in_turn + turns.waited + late : lead();
    turns.with_rest = longest(turns.with_rest, start + turns.tile + moved(run.sequence.after_first));
  }
  if (index + 1 < run.first_class + run.class_count) return;
  const Ticks stores = dram_time(run.turns.stores);
  const Ticks beyond_slots =
      late + both_ways(dram_time(run.turns.loads), stores) + turns.tile * (run.turns.first + run.turns.last);
  const Ticks not_early = both_ways(dram_time(beside.loads), stores) + turns.tile * run.turns.last;
  turns.late += late;
  turns.in_turn += longest(tiles_ - turns.earlier_runs + late, beyond_slots, not_early) +
                   (turns.run == 0 ? lead() : Ticks{});
  turns.waited = longest(turns.waited, moved(run.sequence.before_last) + turns.tile - turns.in_turn);
  turns.with_rest = longest(turns.with_rest, turns.in_turn + moved(run.sequence.after_last));
  turns.earlier_runs = tiles_;
  ++turns.run;
}

bool overflowed(const GroupCost& cost) {
  return cost.dram_read.overflow() || cost.dram_write.overflow() || cost.peak.overflow() ||
         cost.onchip_read.overflow() || cost.onchip_write.overflow() || cost.ops.overflow() ||
         cost.compute_cycles.overflow() || cost.pe_cycles.overflow();
}

bool GroupEvaluation::count(GroupCost& cost) {
  cost.dram_read = group_.dram_read;
  cost.dram_write = group_.dram_write;
  cost.peak = group_.peak + group_.reserved;
  cost.ops = group_.ops;
  cost.dram = dram_time(group_.transfers[machine_.dram_ports]);
  return add_classes(cost);
}

void add(GroupCost& sum, const GroupCost& part) {
  sum.latency += part.latency;
  sum.compute += part.compute;
  sum.dram += part.dram;
  sum.onchip += part.onchip;
  sum.dram_read += part.dram_read;
  sum.dram_write += part.dram_write;
  sum.peak = std::max(sum.peak, part.peak);
  sum.onchip_read += part.onchip_read;
  sum.onchip_write += part.onchip_write;
  sum.ops += part.ops;
  sum.compute_cycles += part.compute_cycles;
  sum.pe_cycles += part.pe_cycles;
}

}  // namespace

expected<Cost, Infeasible> evaluate(const PlanProfile& profile, const Machine& machine,
                                    std::span<GroupCost> groups) {
  FUSESCAPE_EXPECTS(groups.empty() || groups.size() == profile.groups.size());
  using Reason = Infeasible::Reason;
  Cost cost;
  for (std::uint32_t g = 0; g < profile.groups.size(); ++g) {
    GroupCost part;
    if (!profile.groups[g].countable)
      return unexpected{Infeasible{Reason::kOverflow, g, {}, machine.capacity}};
    GroupEvaluation group{profile, machine, profile.groups[g]};
    if (!group.count(part)) return unexpected{Infeasible{Reason::kUnsupported, g, {}, {}}};
    if (overflowed(part)) return unexpected{Infeasible{Reason::kOverflow, g, part.peak, machine.capacity}};
    if (part.peak > machine.capacity) {
      return unexpected{Infeasible{Reason::kCapacity, g, part.peak, machine.capacity}};
    }
    part.latency = group.latency(part.dram);
    add(cost.total, part);
    if (groups.empty()) continue;
    part.bound = bound_of(part);
    groups[g] = part;
  }
  cost.total.bound = bound_of(cost.total);
  cost.latency = machine.scale.whole_cycles(cost.total.latency);
  cost.compute = cost.total.compute_cycles;
  if (overflowed(cost.total) || cost.latency.overflow()) {
    const auto last = static_cast<std::uint32_t>(profile.groups.size() - 1);
    return unexpected{Infeasible{Reason::kOverflow, last, cost.total.peak, machine.capacity}};
  }
  return cost;
}

}  // namespace fusescape
