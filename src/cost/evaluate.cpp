#include "fusescape/cost/evaluate.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// What one operator takes in one tile.
struct WorkCost {
  Cycles compute;
  Bytes read;
  Bytes written;
};

/// Spatial steps of each dimension: how often the hardware has to be filled to cover the mapped ranks.
std::array<std::int64_t, kDimensionCount> sizes_of(const Engine& engine) {
  return {engine.count, engine.rows, engine.cols, engine.rows * engine.cols};
}

std::int64_t steps_over(std::int64_t extent, std::int64_t size) {
  return extent == 1 ? 1 : ceil_div(extent, size);
}

/// Elements of an operand read over all spatial steps of one dimension.
std::int64_t coverage(Share share, std::int64_t part, std::int64_t steps, std::int64_t size) {
  switch (share) {
    case Share::kNone:
      return steps;
    case Share::kAll:
      return part;
    case Share::kPrefix:
      return std::max(part, steps);
    case Share::kSuffix:
      return steps * std::min(part, size);
  }
  return steps;
}

/// Bits that move between PEs and the on-chip memory in one tile when stationary candidate `candidate` is
/// innermost in time (or none, at -1).
struct PortBits {
  Count<struct BitTag> read;
  Count<struct BitTag> written;
};

PortBits port_bits(const PlanProfile& profile, const OperatorWork& work, const std::int64_t* accesses,
                   int candidate) {
  PortBits bits;
  for (std::uint32_t i = 0; i < work.access_count; ++i) {
    const OperandAccess& operand = profile.accesses[work.first_access + i];
    if (!operand.on_chip) continue;
    std::int64_t count = accesses[i];
    if (candidate >= 0 && ((operand.stays >> candidate) & 1U) != 0)
      count /= work.stationary[static_cast<std::size_t>(candidate)];
    if (!operand.written) {
      bits.read += Count<struct BitTag>{count} * operand.bits;
      continue;
    }
    Count<struct ElementTag> finished{operand.temporal};
    for (const std::int64_t part : operand.part) finished = finished * part;
    bits.written += Count<struct BitTag>{count} * operand.bits;
    bits.read += Count<struct BitTag>{std::max<std::int64_t>(count - finished.value(), 0)} * operand.bits;
  }
  return bits;
}

constexpr std::uint32_t kMostAccesses = 8;  // Three inputs and an output are the most any kind has.

WorkCost cost_of(const PlanProfile& profile, const OperatorWork& work, const Engine& engine, Cycles fill) {
  const auto sizes = sizes_of(engine);
  std::array<std::int64_t, kDimensionCount> steps{};
  Cycles all_steps{work.temporal};
  for (std::size_t d = 0; d < kDimensionCount; ++d) {
    steps[d] = steps_over(work.extent[d], sizes[d]);
    all_steps = all_steps * steps[d];
  }
  std::array<std::int64_t, kMostAccesses> accesses{};
  for (std::uint32_t i = 0; i < work.access_count; ++i) {
    const OperandAccess& operand = profile.accesses[work.first_access + i];
    Count<struct ElementTag> count{work.temporal};
    for (std::size_t d = 0; d < kDimensionCount; ++d) {
      if (work.extent[d] != 1)
        count = count * coverage(operand.share[d], operand.part[d], steps[d], sizes[d]);
    }
    accesses[i] = count.value();
  }
  PortBits best = port_bits(profile, work, accesses.data(), -1);
  for (int candidate = 0; candidate < 4 && work.stationary[static_cast<std::size_t>(candidate)] > 0;
       ++candidate) {
    const PortBits bits = port_bits(profile, work, accesses.data(), candidate);
    if (bits.read + bits.written < best.read + best.written) best = bits;
  }
  return {.compute = all_steps * engine.cycles_per_op + fill,
          .read = Bytes{ceil_div(best.read.value(), 8)},
          .written = Bytes{ceil_div(best.written.value(), 8)}};
}

class GroupEvaluation {
 public:
  GroupEvaluation(const PlanProfile& profile, const Machine& machine, const GroupProfile& group)
      : profile_{profile}, machine_{machine}, group_{group} {}

  /// False if no core runs some operator.
  [[nodiscard]] bool run(GroupCost& cost);

 private:
  [[nodiscard]] bool add_class(const TileClass& tiles, GroupCost& cost);
  [[nodiscard]] Ticks port_time(Bytes read, Bytes written) const;
  [[nodiscard]] Ticks load_time(const Transfer& transfer) const {
    const Bytes bytes = machine_.model.concurrent_operand_loads ? transfer.longest : transfer.bytes;
    return Ticks{bytes.value()} * machine_.dram_ticks_per_byte;
  }
  [[nodiscard]] Ticks store_time(Bytes bytes) const {
    return Ticks{bytes.value()} * machine_.dram_ticks_per_byte;
  }
  [[nodiscard]] Ticks pipeline(Ticks all_tiles) const;
  [[nodiscard]] Ticks latency() const;

  const PlanProfile& profile_;
  const Machine& machine_;
  const GroupProfile& group_;
  Ticks tiles_;  ///< Of all tiles, each as long as its busier on-chip resource.
};

Ticks GroupEvaluation::port_time(Bytes read, Bytes written) const {
  const Ticks reads = Ticks{read.value()} * machine_.sram_read_ticks_per_byte;
  const Ticks writes = Ticks{written.value()} * machine_.sram_write_ticks_per_byte;
  return machine_.sram_ports == Ports::kShared ? reads + writes : std::max(reads, writes);
}

bool GroupEvaluation::add_class(const TileClass& tiles, GroupCost& cost) {
  Cycles compute;
  Bytes read;
  Bytes written;
  for (std::uint32_t i = 0; i < tiles.work_count; ++i) {
    const OperatorWork& work = profile_.work[tiles.first_work + i];
    const Engine& engine = machine_.engines[static_cast<std::size_t>(work.kind)];
    if (engine.cycles_per_op == 0) return false;
    const WorkCost one = cost_of(profile_, work, engine, machine_.model.fill_cycles);
    compute += one.compute;
    read += one.read;
    written += one.written;
    cost.pe_cycles += Cycles{work.ops} * engine.cycles_per_op * tiles.count;
  }
  const Ticks busy = machine_.scale.ticks(compute * tiles.count);
  const Ticks ports = port_time(read * tiles.count, written * tiles.count);
  cost.compute += busy;
  cost.onchip += ports;
  cost.compute_cycles += compute * tiles.count;
  cost.onchip_read += read * tiles.count;
  cost.onchip_write += written * tiles.count;
  tiles_ += std::max(busy, ports);
  return true;
}

/// T(n) of equal tiles with two slots each way (docs/model/latency.md): load r, compute c, store w.
Ticks GroupEvaluation::pipeline(Ticks all_tiles) const {
  const std::int64_t n = profile_.classes[group_.first_class].count;
  const Ticks r = load_time(group_.tile_load);
  const Ticks w = store_time(group_.tile_store);
  const Ticks c{all_tiles.value() / n};
  const Ticks none;
  if (n == 1) return r + c + w;
  if (machine_.dram_ports == Ports::kSeparate) return r + c + w + std::max({r, c, w}) * (n - 1);
  return std::max(r + all_tiles + w, (r + w) * n + std::max(none, c - r) + std::max(none, c - w));
}

Ticks GroupEvaluation::latency() const {
  const Ticks lead = load_time(group_.lead);
  const Ticks tail = store_time(group_.tail);
  if (group_.uniform) {
    return lead - load_time(group_.tile_load) + pipeline(tiles_) + tail - store_time(group_.tile_store);
  }
  const Ticks waiting = load_time(group_.exposed_loads) + store_time(group_.exposed_stores);
  const Ticks loads = load_time(group_.loads);
  const Ticks stores = store_time(group_.dram_write);
  const Ticks port = machine_.dram_ports == Ports::kShared ? loads + stores : std::max(loads, stores);
  return std::max(lead + tiles_ + waiting + tail, port);
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
  const Ticks loads = load_time(group_.loads);
  const Ticks stores = store_time(group_.dram_write);
  cost.dram = machine_.dram_ports == Ports::kShared ? loads + stores : std::max(loads, stores);
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
