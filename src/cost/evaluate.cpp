#include "fusescape/cost/evaluate.hpp"

#include <algorithm>

#include "fusescape/plan/work_cost.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

class GroupEvaluation {
 public:
  GroupEvaluation(const PlanProfile& profile, const Machine& machine, const GroupProfile& group)
      : profile_{profile}, machine_{machine}, group_{group} {}

  /// False if no core runs some operator.
  [[nodiscard]] bool run(GroupCost& cost);

 private:
  [[nodiscard]] bool add_class(const TileClass& tiles, GroupCost& cost);
  [[nodiscard]] Ticks port_time(Bytes read, Bytes written) const;
  [[nodiscard]] Ticks dram_time(Bytes bytes) const {
    return Ticks{bytes.value()} * machine_.dram_ticks_per_byte;
  }
  [[nodiscard]] Ticks pipeline() const;
  [[nodiscard]] Ticks bound_by_first_store() const;
  /// `port`: how long the DRAM port is busy.
  [[nodiscard]] Ticks latency(Ticks port) const;

  const PlanProfile& profile_;
  const Machine& machine_;
  const GroupProfile& group_;
  Ticks tiles_;  ///< Of all tiles, each as long as its busier on-chip resource.
  Ticks tile_;   ///< Of a tile of the last class: of any, where there is one class.
};

Ticks GroupEvaluation::port_time(Bytes read, Bytes written) const {
  const Ticks reads = Ticks{read.value()} * machine_.sram_read_ticks_per_byte;
  const Ticks writes = Ticks{written.value()} * machine_.sram_write_ticks_per_byte;
  return machine_.sram_ports == Ports::kShared ? reads + writes : std::max(reads, writes);
}

bool GroupEvaluation::add_class(const TileClass& tiles, GroupCost& cost) {
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
  if (cost.compute_cycles.overflow()) return true;  // evaluate refuses it.
  tile_ = std::max(machine_.scale.ticks(compute), port_time(read, written));
  return true;
}

/// T(n) of equal tiles with two slots each way (docs/model/latency.md): load r, compute c, store w.
Ticks GroupEvaluation::pipeline() const {
  const std::int64_t n = profile_.classes[group_.first_class].count;
  const Ticks r = dram_time(group_.tile_load);
  const Ticks w = dram_time(group_.tile_store);
  const Ticks c = tile_;
  const Ticks none;
  if (n == 1) return r + c + w;
  if (machine_.dram_ports == Ports::kSeparate) return r + c + w + std::max({r, c, w}) * (n - 1);
  return std::max(r + tiles_ + w, (r + w) * n + std::max(none, c - r) + std::max(none, c - w));
}

/// Nothing is stored before the first tile whose results leave is computed; by then, two slots hold the loads
/// of at most two more tiles, and all other loads are still to come. Where tiles differ nothing is known.
Ticks GroupEvaluation::bound_by_first_store() const {
  if (group_.class_count != 1 || !group_.one_run) return {};
  const std::int64_t tiles = profile_.classes[group_.first_class].count;
  const std::int64_t before = std::min(group_.silent_tiles, tiles - 1) + 1;
  const Ticks to_come = dram_time(group_.tile_load) * std::max<std::int64_t>(tiles - before - 2, 0);
  const Ticks stores = dram_time(group_.dram_write);
  const bool shared = machine_.dram_ports == Ports::kShared;
  return dram_time(group_.lead) + tile_ * before + (shared ? to_come + stores : std::max(to_come, stores));
}

Ticks GroupEvaluation::latency(Ticks port) const {
  const Ticks lead = dram_time(group_.lead);
  const Ticks tail = dram_time(group_.tail);
  if (group_.uniform) {  // What is stored once, early, is in none of its terms.
    const Ticks first = lead - dram_time(group_.tile_load);
    return std::max(first + pipeline() + tail - dram_time(group_.tile_store), port);
  }
  const Ticks load_waits = dram_time(group_.exposed_loads);
  const Ticks store_waits = dram_time(group_.exposed_stores);
  const bool shared = machine_.dram_ports == Ports::kShared;
  const Ticks waiting = shared ? load_waits + store_waits : std::max(load_waits, store_waits);
  return std::max({lead + tiles_ + waiting + tail, port, bound_by_first_store()});
}

/// The busiest resource; ties go to the first.
Bound bound_of(const GroupCost& cost) {
  if (cost.compute >= cost.dram && cost.compute >= cost.onchip) return Bound::kCompute;
  return cost.dram >= cost.onchip ? Bound::kDram : Bound::kOnChip;
}

bool GroupEvaluation::run(GroupCost& cost) {
  cost = {};
  cost.dram_read = group_.dram_read;
  cost.dram_write = group_.dram_write;
  cost.peak = group_.peak + group_.reserved;
  cost.ops = group_.ops;
  for (std::uint32_t i = 0; i < group_.class_count; ++i) {
    if (!add_class(profile_.classes[group_.first_class + i], cost)) return false;
  }
  const Ticks loads = dram_time(group_.loads);
  const Ticks stores = dram_time(group_.dram_write);
  cost.dram = machine_.dram_ports == Ports::kShared ? loads + stores : std::max(loads, stores);
  cost.latency = latency(cost.dram);
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
