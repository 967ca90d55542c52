#include "fusescape/cost/physical_limit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fractional_split.hpp"
#include "fusescape/cost/compulsory.hpp"
#include "fusescape/workload/resident.hpp"

namespace fusescape {
namespace {

/// Elements along the dimension of `index` that lie before the first one and are read.
Elements history(const Cascade& cascade, const Index& index) {
  const std::int64_t first = -reach(cascade, index);
  const std::int64_t last = std::min<std::int64_t>(cascade.extent(index.rank).value() - index.distance, 0);
  return Elements{std::max<std::int64_t>(last - first, 0)};
}

/// Elements of a loaded state that this access reads from before the call.
Elements history(const Cascade& cascade, const Access& access) {
  const Index* shifted = shifted_index(access);
  if (shifted == nullptr) return {};
  Elements elements = history(cascade, *shifted);
  for (const Index& index : access.indices) {
    if (&index != shifted) elements = elements * extent_of(cascade, index);
  }
  return elements;
}

/// What must come from outside: of several reads the one of the most elements.
Elements elements_from_outside(const Cascade& cascade, TensorId id) {
  const Tensor& tensor = cascade.tensor(id);
  const bool made_here = cascade.producer[index_of(id)].has_value();
  Elements most;
  for (const Use& use : cascade.uses[index_of(id)]) {
    const Operator& op = cascade.op(use.op);
    const Access& access = op.inputs[static_cast<std::size_t>(use.input)];
    const bool loaded = tensor.initial == Initial::kLoaded;
    if (!made_here) most = std::max(most, elements_read(cascade, op, access));
    if (made_here && loaded) most = std::max(most, history(cascade, access));
  }
  return most;
}

/// What must be in DRAM at the end: all of an output, the last values of a state that outlives the call.
Elements elements_to_outside(const Cascade& cascade, TensorId id) {
  const Tensor& tensor = cascade.tensor(id);
  if (!cascade.producer[index_of(id)]) return {};
  if (is_resident(cascade, id)) return {};
  if (tensor.kind == TensorKind::kOutput) return elements_of(cascade, id);
  return tensor.final_value == Final::kStored ? outliving_elements(cascade, id) : Elements{0};
}

Cycles port_time(const Dram& dram, Bytes read, Bytes written) {
  const BitsPerCycle width = dram.effective_bandwidth();
  if (width.unlimited()) return {};
  const Bytes through = dram.ports == Ports::kShared ? read + written : std::max(read, written);
  const Bytes bits = 8 * through;
  return bits.overflow() ? Cycles::overflowed() : Cycles{ceil_div(bits.value(), width.value)};
}

using OpsByKind = std::array<Ops, kOpKindCount>;

/// One kind of core: exact.
Cycles time_alone(const Core& core, const OpsByKind& ops) {
  Ops weighted;
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind) weighted += ops[kind] * core.cycles_per_op[kind];
  return weighted.overflow() ? Cycles::overflowed() : Cycles{ceil_div(weighted.value(), core.pes())};
}

Cycles time_shared(const std::vector<Core>& cores, const OpsByKind& ops) {
  std::vector<TimesByCore> kinds;
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind) {
    if (ops[kind] == Ops{0}) continue;
    TimesByCore& times = kinds.emplace_back();
    for (const Core& core : cores) {
      const auto cycles = static_cast<double>(core.cycles_per_op[kind]);
      times.push_back(cycles == 0.0 ? std::numeric_limits<double>::infinity()
                                    : static_cast<double>(ops[kind].value()) * cycles /
                                          static_cast<double>(core.pes()));
    }
  }
  constexpr double kBelowRounding = 1.0 - 1e-9;  // A bound must not be above by an error of the last digit.
  const double cycles = std::ceil(fractional_makespan(kinds) * kBelowRounding);
  return cycles < 9e18 ? Cycles{static_cast<std::int64_t>(cycles)} : Cycles::overflowed();
}

std::optional<Cycles> compute_time(const Cascade& cascade, const Accelerator& accelerator) {
  OpsByKind ops{};
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    ops[static_cast<std::size_t>(cascade.op(op).kind)] += ops_of(cascade, op);
  }
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind) {
    const auto runs = [&](const Core& core) { return core.cycles_per_op[kind] > 0; };
    const bool some = std::any_of(accelerator.cores.begin(), accelerator.cores.end(), runs);
    if (ops[kind] > Ops{0} && !some) return std::nullopt;
  }
  return accelerator.cores.size() == 1 ? time_alone(accelerator.cores.front(), ops)
                                       : time_shared(accelerator.cores, ops);
}

}  // namespace

std::optional<Limit> physical_limit(const Cascade& cascade, const Accelerator& accelerator) {
  const std::optional<Cycles> compute = compute_time(cascade, accelerator);
  if (!compute) return std::nullopt;
  Limit limit;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId id{static_cast<std::uint16_t>(i)};
    const int bits = bits_of(cascade.tensor(id).type);
    limit.dram_read += bytes_of(elements_from_outside(cascade, id), bits);
    limit.dram_write += bytes_of(elements_to_outside(cascade, id), bits);
  }
  limit.ops = total_ops(cascade);
  limit.compute = *compute;
  limit.dram = port_time(accelerator.dram, limit.dram_read, limit.dram_write);
  limit.latency = std::max(limit.compute, limit.dram);
  limit.bound = limit.compute >= limit.dram ? Bound::kCompute : Bound::kDram;
  return limit;
}

std::optional<Limit> algorithmic_minimum(const Cascade& cascade, const Machine& machine) {
  Limit sum;
  Ticks compute;
  Ticks dram;
  Ticks latency;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    const Engine& engine = machine.engines[static_cast<std::size_t>(cascade.op(op).kind)];
    if (engine.cycles_per_op == 0) return std::nullopt;
    const CompulsoryTraffic traffic = compulsory_traffic(cascade, op);
    const Bytes through = machine.dram_ports == Ports::kShared ? traffic.read + traffic.written
                                                               : std::max(traffic.read, traffic.written);
    const Ops ops = ops_of(cascade, op);
    const std::int64_t pes = engine.count * engine.rows * engine.cols;
    const Ticks busy = machine.scale.ticks(Cycles{ceil_div((ops * engine.cycles_per_op).value(), pes)});
    const Ticks moving{static_cast<Int128>(through.value()) * machine.dram_ticks_per_byte};
    compute += busy;
    dram += moving;
    latency += longest(busy, moving);
    sum.dram_read += traffic.read;
    sum.dram_write += traffic.written;
    sum.ops += ops;
  }
  sum.compute = machine.scale.whole_cycles(compute);
  sum.dram = machine.scale.whole_cycles(dram);
  sum.latency = machine.scale.whole_cycles(latency);
  sum.bound = sum.compute >= sum.dram ? Bound::kCompute : Bound::kDram;
  return sum;
}

}  // namespace fusescape
