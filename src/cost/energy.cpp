#include "fusescape/cost/energy.hpp"

#include <algorithm>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/chain_registers.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr double kJoulesPerPicojoule = 1e-12;
constexpr double kPicojoulesPerJoule = 1e12;

constexpr bool in_order() {
  for (std::size_t i = 0; i < kCompositions.size(); ++i) {
    if (static_cast<std::size_t>(kCompositions[i].kind) != i) return false;
  }
  return kCompositions.size() == kOpKindCount;
}
static_assert(in_order(), "kCompositions has every kind once, in the order of OpKind");

/// The widest type among what an operator multiplies, adds or maps; a contraction's bias is none of it.
DataType operated_type(const Cascade& cascade, const Operator& op) {
  const bool contracts = class_of(op.kind) == OpClass::kContraction;
  const std::size_t count = contracts ? std::min<std::size_t>(op.inputs.size(), 2) : op.inputs.size();
  DataType widest = cascade.tensor(op.inputs.front().tensor).type;
  for (std::size_t i = 1; i < count; ++i) {
    const DataType type = cascade.tensor(op.inputs[i].tensor).type;
    if (bits_of(type) > bits_of(widest)) widest = type;
  }
  return widest;
}

/// What crosses the DRAM port, as the on-chip memory sees it: at its own width, without the rest of a burst.
void count_fills(const FlowContext& context, const GroupProfile& group, EnergyCounts& counts) {
  if (context.plan.formats.empty() && context.options.granule == Bytes{1}) {
    counts.onchip_fill = group.dram_read;
    counts.onchip_drain = group.dram_write;
    return;
  }
  Plan unpacked = context.plan;
  unpacked.formats.clear();
  ProfileOptions bytewise = context.options;
  bytewise.granule = Bytes{1};
  const FlowContext onchip{context.cascade, unpacked, context.group, bytewise};
  for (const Buffer& buffer : context.group.buffers) {
    const BufferFlow flow = flow_of(onchip, buffer);
    counts.onchip_fill += flow.read;
    counts.onchip_drain += flow.written;
  }
}

void count_operations(const Cascade& cascade, const std::vector<RegisterBits>& registers,
                      const GroupProfile& group, EnergyCounts& counts) {
  for (const TileClass& tiles : group.classes) {
    for (std::uint32_t w = 0; w < tiles.work_count; ++w) {
      const OperatorWork& work = group.work.operators[tiles.first_work + w];
      const Operator& op = cascade.op(work.op);
      const Ops ops = Ops{work.ops} * tiles.count;
      const auto inputs = static_cast<std::int64_t>(op.inputs.size());
      counts.operations[static_cast<std::size_t>(operated_type(cascade, op))] +=
          operations_of(op.kind, inputs, ops);
      counts.register_read += Bits{registers[index_of(work.op)].read} * ops;
      counts.register_write += Bits{registers[index_of(work.op)].written} * ops;
    }
  }
}

/// Nothing costs nothing, whatever its price.
template <class Tag>
Energy spent(Count<Tag> count, const Energy& each, double units = 1.0) {
  if (count == Count<Tag>{}) return Picojoules{0.0};
  if (count.overflow()) return unexpected{EnergyHole{Missing::kOverflow, {}}};
  if (!each) return each;
  return *each * (units * static_cast<double>(count.value()));
}

Energy spent(Bytes bytes, const Energy& per_bit) {
  return spent(bytes, per_bit, 8.0);
}

Energy operator+(const Energy& a, const Energy& b) {
  if (!a) return a;
  if (!b) return b;
  return *a + *b;
}

/// `function`: what one evaluation of exp or the like costs.
Energy computed(const EnergyCounts& counts, const EnergyPrices& prices, const Energy& function) {
  OperationCounts all;
  for (const DataTypeFacts& f : kDataTypes) {
    const OperationCounts& of_type = counts.operations[static_cast<std::size_t>(f.type)];
    const bool wider = f.bits > bits_of(prices.pe_type);
    if (wider && !(of_type == OperationCounts{})) {
      return unexpected{EnergyHole{Missing::kWiderThanPes, f.type}};
    }
    all += of_type;
  }
  return spent(all.macs, prices.mac) + spent(all.multiplications, prices.multiplication) +
         spent(all.additions, prices.addition) + spent(all.sums, prices.sum) + spent(all.functions, function);
}

Energy leaked(const EnergyPrices& prices, Seconds time) {
  if (!prices.leakage) return unexpected{prices.leakage.error()};
  return Picojoules{prices.leakage->value() * time.value() * kPicojoulesPerJoule};
}

void add(EnergyBreakdown& sum, const EnergyBreakdown& part) {
  for (std::size_t i = 0; i < sum.components.size(); ++i) {
    sum.components[i] = sum.components[i] + part.components[i];
  }
  sum.total = sum.total + part.total;
  sum.compute_low = sum.compute_low + part.compute_low;
  sum.compute_high = sum.compute_high + part.compute_high;
  sum.onchip_fill += part.onchip_fill;
  sum.onchip_drain += part.onchip_drain;
}

}  // namespace

OperationCounts& OperationCounts::operator+=(const OperationCounts& other) {
  macs += other.macs;
  multiplications += other.multiplications;
  additions += other.additions;
  sums += other.sums;
  functions += other.functions;
  return *this;
}

EnergyCounts& EnergyCounts::operator+=(const EnergyCounts& other) {
  dram_read += other.dram_read;
  dram_write += other.dram_write;
  onchip_fill += other.onchip_fill;
  onchip_drain += other.onchip_drain;
  register_read += other.register_read;
  register_write += other.register_write;
  for (std::size_t i = 0; i < operations.size(); ++i) operations[i] += other.operations[i];
  return *this;
}

OperationCounts operations_of(OpKind kind, std::int64_t inputs, Ops ops) {
  const Composition& of = kCompositions[static_cast<std::size_t>(kind)];
  const std::int64_t further = inputs - facts(kind).min_inputs;
  return {.macs = ops * of.macs,
          .multiplications = ops * (of.multiplications + further * of.multiplications_per_input),
          .additions = ops * (of.additions + further * of.additions_per_input),
          .sums = ops * of.sums,
          .functions = ops * of.functions};
}

std::vector<EnergyCounts> energy_counts(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                        const PlanProfile& profile, const ProfileOptions& options) {
  FUSESCAPE_EXPECTS(layout.groups.size() == profile.groups.size());
  const std::vector<RegisterBits> registers = register_bits(cascade, plan);
  std::vector<EnergyCounts> made(profile.groups.size());
  for (std::size_t g = 0; g < made.size(); ++g) {
    const GroupProfile& group = profile.groups[g];
    made[g].dram_read = group.dram_read;
    made[g].dram_write = group.dram_write;
    count_fills({cascade, plan, layout.groups[g], options}, group, made[g]);
    count_operations(cascade, registers, group, made[g]);
  }
  return made;
}

std::vector<Activity> activities_of(std::span<const GroupCost> groups, const Machine& machine, Hertz clock) {
  const double ticks_per_second = static_cast<double>(machine.scale.ticks_per_cycle()) * clock.value();
  std::vector<Activity> made;
  made.reserve(groups.size());
  for (const GroupCost& group : groups) {
    const Seconds time{static_cast<double>(group.latency.value()) / ticks_per_second};
    made.push_back({group.onchip_read, group.onchip_write, time});
  }
  return made;
}

EnergyBreakdown energy_of(const EnergyCounts& counts, const Activity& activity, const EnergyPrices& prices) {
  EnergyBreakdown energy;
  const auto component = [&](EnergyComponent which) -> Energy& {
    return energy.components[static_cast<std::size_t>(which)];
  };
  const Bytes read = activity.onchip_read + counts.onchip_drain;
  const Bytes written = activity.onchip_write + counts.onchip_fill;
  component(EnergyComponent::kDram) = spent(counts.dram_read + counts.dram_write, prices.dram);
  component(EnergyComponent::kOnchip) = spent(read, prices.sram_read) + spent(written, prices.sram_write);
  component(EnergyComponent::kWire) = spent(read + written, prices.wire);
  component(EnergyComponent::kCompute) = computed(counts, prices, prices.function);
  component(EnergyComponent::kRegisters) =
      spent(counts.register_read, prices.register_read) + spent(counts.register_write, prices.register_write);
  component(EnergyComponent::kLeakage) = leaked(prices, activity.time);
  energy.compute_low = computed(counts, prices, prices.mac);
  energy.compute_high = computed(counts, prices, prices.function_upper);
  for (const Energy& part : energy.components) energy.total = energy.total + part;
  energy.onchip_fill = counts.onchip_fill;
  energy.onchip_drain = counts.onchip_drain;
  return energy;
}

PlanEnergy energy_of(std::span<const EnergyCounts> counts, std::span<const Activity> activities,
                     const EnergyPrices& prices) {
  FUSESCAPE_EXPECTS(counts.size() == activities.size());
  PlanEnergy energy;
  for (std::size_t g = 0; g < counts.size(); ++g) {
    energy.groups.push_back(energy_of(counts[g], activities[g], prices));
    add(energy.plan, energy.groups.back());
  }
  return energy;
}

expected<Watts, EnergyHole> average_power(const Energy& energy, Seconds time) {
  FUSESCAPE_EXPECTS(time > Seconds{0.0});
  if (!energy) return unexpected{energy.error()};
  return Watts{energy->value() * kJoulesPerPicojoule / time.value()};
}

}  // namespace fusescape
