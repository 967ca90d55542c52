#include "fusescape/cost/evaluate.hpp"

#include <algorithm>

#include "fusescape/plan/work_cost.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

class GroupEvaluation {
 public:
  GroupEvaluation(const PlanProfile& profile, const Machine& machine, const GroupProfile& group)
      : profile_{profile},
        machine_{machine},
        group_{group},
        lead_{dram_time(group.lead)},
        loads_{dram_time(group.loads)},
        stores_{dram_time(group.dram_write)},
        tail_{dram_time(group.tail)} {}

  /// False if no core runs some operator.
  [[nodiscard]] bool run(GroupCost& cost);

 private:
  [[nodiscard]] bool add_run(const RunProfile& run, GroupCost& cost);
  [[nodiscard]] bool add_class(std::uint32_t index, GroupCost& cost);
  [[nodiscard]] Ticks port_time(Bytes read, Bytes written) const;
  [[nodiscard]] Ticks dram_time(Bytes bytes) const {
    return Ticks{bytes.value()} * machine_.dram_ticks_per_byte;
  }
  [[nodiscard]] Ticks both_ways(Ticks reads, Ticks writes) const {
    return machine_.dram_ports == Ports::kShared ? reads + writes : std::max(reads, writes);
  }
  [[nodiscard]] Ticks pipeline() const;
  [[nodiscard]] Ticks bound_by_core() const;
  [[nodiscard]] Ticks bound_by_runs() const;
  [[nodiscard]] Ticks bound_by_port() const;
  [[nodiscard]] Ticks latency() const;

  const PlanProfile& profile_;
  const Machine& machine_;
  const GroupProfile& group_;
  Ticks lead_;
  Ticks loads_;
  Ticks stores_;
  Ticks tail_;
  Ticks tiles_;    ///< Of all tiles, each as long as its busier on-chip resource.
  Ticks in_turn_;  ///< Likewise, but each run as long as its own transfers at least.
  Ticks before_lead_;
  Ticks after_tail_;
  Ticks tile_;  ///< Of the class that was added last.
  Ticks first_tile_;
  Ticks last_tile_;
};

Ticks GroupEvaluation::port_time(Bytes read, Bytes written) const {
  const Ticks reads = Ticks{read.value()} * machine_.sram_read_ticks_per_byte;
  const Ticks writes = Ticks{written.value()} * machine_.sram_write_ticks_per_byte;
  return machine_.sram_ports == Ports::kShared ? reads + writes : std::max(reads, writes);
}

bool GroupEvaluation::add_class(std::uint32_t index, GroupCost& cost) {
  const TileClass& tiles = profile_.classes[index];
  WorkCost tile;
  Cycles pe_cycles;
  for (std::uint32_t i = 0; i < tiles.work_count; ++i) {
    const OperatorWork& work = profile_.work.operators[tiles.first_work + i];
    const Engine& engine = machine_.engines[static_cast<std::size_t>(work.kind)];
    if (engine.cycles_per_op == 0) return false;
    const std::int64_t fill = machine_.model.fill_cycles.value();
    tile += work_cost(profile_.work, work, engine, fill);
    pe_cycles += Cycles{work.ops} * engine.cycles_per_op;
  }
  const Cycles compute{tile.compute};
  const Bytes read = tile.read();
  const Bytes written = tile.written();
  cost.pe_cycles += pe_cycles * tiles.count;
  const Ticks busy = machine_.scale.ticks(compute * tiles.count);
  const Ticks ports = port_time(read * tiles.count, written * tiles.count);
  cost.compute += busy;
  cost.onchip += ports;
  cost.compute_cycles += compute * tiles.count;
  cost.onchip_read += read * tiles.count;
  cost.onchip_write += written * tiles.count;
  tiles_ += std::max(busy, ports);
  tile_ = std::max(machine_.scale.ticks(compute), port_time(read, written));
  if (index == group_.first_class) first_tile_ = tile_;
  if (index == group_.last_class) last_tile_ = tile_;
  return true;
}

/// Of equal tiles with two slots each way (docs/model/latency.md): load r, compute c, store w. T(n) from the
/// load of the first tile on, or, if the second one's comes before what stays is there, from when both are.
Ticks GroupEvaluation::pipeline() const {
  const std::int64_t n = profile_.classes[group_.first_class].count;
  const Ticks r = dram_time(group_.tile_load);
  const Ticks w = dram_time(group_.tile_store);
  const Ticks c = first_tile_;
  const Ticks none;
  if (n == 1) return r + c + w;
  const bool two_there = group_.ahead_of_lead > Bytes{0};
  if (machine_.dram_ports == Ports::kSeparate) {
    const Ticks reads = two_there ? r * (n - 2) + c : r * (n - 1);
    return (two_there ? r * 2 : r) + c + w + std::max({reads, c * (n - 1), w * (n - 1)});
  }
  const Ticks idle = (two_there ? c : std::max(none, c - r)) + std::max(none, c - w);
  return std::max((two_there ? r * 2 : r) + tiles_ + w, (r + w) * n + idle);
}

/// The loads of the group's first tile, all compute, the stores of its last tile, and what single slots
/// expose.
Ticks GroupEvaluation::bound_by_core() const {
  const Ticks waiting = both_ways(dram_time(group_.exposed_loads), dram_time(group_.exposed_stores));
  return lead_ + tiles_ + waiting + tail_;
}

/// Runs that take turns: while one of them has the core, the port has nothing of the others but what their
/// slots hold; and each needs its own loads before its first tile, and stores after its last one.
Ticks GroupEvaluation::bound_by_runs() const {
  const Ticks led = dram_time(group_.last_lead) - before_lead_ + tail_;
  const Ticks trailed = lead_ + dram_time(group_.first_tail) - after_tail_;
  return std::max(in_turn_ + tail_, tiles_ + std::max(led, trailed));
}

/// All transfers, and when the port must be idle: until the first tile that stores has ended, once all slots
/// are full; and from the start of the tile on that needs the last load, once all has left that can.
Ticks GroupEvaluation::bound_by_port() const {
  const Ticks none;
  const Ticks first = first_tile_ * group_.tiles_before_stores;
  const Ticks last = last_tile_ * group_.tiles_after_loads;
  const Ticks idle_first = std::max(none, first - (dram_time(group_.early_loads) - lead_));
  const Ticks idle_last = std::max(none, last - dram_time(group_.late_stores));
  const std::int64_t ends = group_.tiles_before_stores + group_.tiles_after_loads;
  const bool apart = group_.class_count > 1 || ends <= profile_.classes[group_.first_class].count;
  if (machine_.dram_ports == Ports::kSeparate) {
    const Ticks reads = loads_ + last + tail_ + (apart ? idle_first : none);
    return std::max(reads, lead_ + first + stores_ + (apart ? idle_last : none));
  }
  return loads_ + stores_ + (apart ? idle_first + idle_last : std::max(idle_first, idle_last));
}

Ticks GroupEvaluation::latency() const {
  if (group_.uniform) {
    const Bytes stays = group_.lead - group_.ahead_of_lead - group_.tile_load;
    return dram_time(stays + group_.tail - group_.tile_store) + pipeline();
  }
  const Ticks bound = std::max(bound_by_core(), bound_by_port());
  return group_.run_count > 1 ? std::max(bound, bound_by_runs()) : bound;
}

/// The busiest resource; ties go to the first.
Bound bound_of(const GroupCost& cost) {
  if (cost.compute >= cost.dram && cost.compute >= cost.onchip) return Bound::kCompute;
  return cost.dram >= cost.onchip ? Bound::kDram : Bound::kOnChip;
}

bool GroupEvaluation::add_run(const RunProfile& run, GroupCost& cost) {
  const Ticks before = tiles_;
  for (std::uint32_t i = 0; i < run.class_count; ++i) {
    if (!add_class(run.first_class + i, cost)) return false;
    if (i > 0) continue;  // The first class has the longest tiles.
    before_lead_ += tile_ * run.before_lead;
    after_tail_ += tile_ * run.after_tail;
  }
  if (group_.run_count == 1) return true;
  const Ticks core = tiles_ - before + (run.first_class == group_.first_class ? lead_ : Ticks{});
  in_turn_ += std::max(core, both_ways(dram_time(run.loads), dram_time(run.stores)));
  return true;
}

bool GroupEvaluation::run(GroupCost& cost) {
  cost = {};
  cost.dram_read = group_.dram_read;
  cost.dram_write = group_.dram_write;
  cost.peak = group_.peak + group_.reserved;
  cost.ops = group_.ops;
  for (std::uint32_t r = 0; r < group_.run_count; ++r) {
    if (!add_run(profile_.runs[group_.first_run + r], cost)) return false;
  }
  cost.dram = both_ways(loads_, stores_);
  cost.latency = latency();
  cost.bound = bound_of(cost);
  return true;
}

bool overflowed(const GroupCost& cost) {
  return cost.dram_read.overflow() || cost.dram_write.overflow() || cost.peak.overflow() ||
         cost.onchip_read.overflow() || cost.onchip_write.overflow() || cost.ops.overflow() ||
         cost.compute_cycles.overflow() || cost.pe_cycles.overflow();
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
    if (!GroupEvaluation{profile, machine, profile.groups[g]}.run(part)) {
      return unexpected{Infeasible{Reason::kUnsupported, g, {}, {}}};
    }
    if (overflowed(part)) return unexpected{Infeasible{Reason::kOverflow, g, part.peak, machine.capacity}};
    if (part.peak > machine.capacity) {
      return unexpected{Infeasible{Reason::kCapacity, g, part.peak, machine.capacity}};
    }
    add(cost.total, part);
    if (!groups.empty()) groups[g] = part;
  }
  cost.total.bound = bound_of(cost.total);
  cost.latency = machine.scale.whole_cycles(cost.total.latency);
  cost.compute = cost.total.compute_cycles;
  if (overflowed(cost.total) || cost.latency.overflow()) {
    return unexpected{Infeasible{Reason::kOverflow, 0, cost.total.peak, machine.capacity}};
  }
  return cost;
}

}  // namespace fusescape
