#include "managed.hpp"

#include <algorithm>

#include "fusescape/plan/buffer_flow.hpp"
#include "kept_candidates.hpp"
#include "kept_tensors.hpp"
#include "managed_group.hpp"
#include "part_plan.hpp"

namespace fusescape {
namespace {

/// One group, on its own.
struct Part {
  Plan plan;
  GroupLayout layout;
  Bytes footprint;
  bool fits = false;
  SlabProgram program{};
};

unexpected<SimFailure> failure(SimFailure::Reason reason, std::uint32_t group) {
  SimFailure failed;
  failed.reason = reason;
  failed.group = group;
  return unexpected<SimFailure>{std::move(failed)};
}

class ManagedSimulation {
 public:
  ManagedSimulation(const Cascade& cascade, const Plan& plan, const Layout& layout,
                    const Accelerator& accelerator, const Machine& machine, const SimOptions& options,
                    SimObserver* observer)
      : cascade_{cascade},
        plan_{plan},
        layout_{layout},
        machine_{machine},
        granule_{accelerator.dram.granule},
        options_{options},
        observer_{observer},
        kept_{granule_, options.eviction} {
    made_.scale = machine.scale;
  }

  expected<SimResult, SimFailure> run() {
    for (const GroupLayout& group : layout_.groups) {
      if (!can_run(group)) return failure(SimFailure::Reason::kUnsupported, group_index(group));
      parts_.push_back(part_of_group(group));
    }
    register_kept();
    for (std::size_t g = 0; g < parts_.size(); ++g) {
      if (auto failure = run_group(static_cast<std::uint32_t>(g))) return unexpected{std::move(*failure)};
    }
    finish();
    return std::move(made_);
  }

 private:
  [[nodiscard]] std::uint32_t group_index(const GroupLayout& group) const {
    return static_cast<std::uint32_t>(&group - layout_.groups.data());
  }
  [[nodiscard]] bool can_run(const GroupLayout& group) const {
    return std::all_of(group.operators.begin(), group.operators.end(), [&](OpId op) {
      return machine_.engines[static_cast<std::size_t>(cascade_.op(op).kind)].cycles_per_op > 0;
    });
  }
  [[nodiscard]] Part part_of_group(const GroupLayout& group) const;
  [[nodiscard]] Bytes footprint(const Plan& plan, const GroupLayout& group) const;
  void register_kept();
  [[nodiscard]] std::optional<SimFailure> run_group(std::uint32_t g);
  void add_group(std::uint32_t g, const ManagedGroup& group, const TransferTimes& times);
  void add_tiles(std::uint32_t g);
  void report(std::uint32_t g, const ManagedGroup& group, const TransferTimes& times);
  void finish();

  const Cascade& cascade_;
  const Plan& plan_;
  const Layout& layout_;
  const Machine& machine_;
  Bytes granule_;
  const SimOptions& options_;
  SimObserver* observer_;
  std::vector<Part> parts_;
  KeptTensors kept_;
  SimResult made_;
  Ticks compute_;
  Ticks read_busy_;
  Ticks write_busy_;
  std::array<Ticks, kStallCount> stall_{};
};

Bytes ManagedSimulation::footprint(const Plan& plan, const GroupLayout& group) const {
  const ProfileOptions options{granule_, machine_.model.double_buffering, machine_.model.count_second_slots,
                               machine_.model.in_place};
  const FlowContext context{cascade_, plan, group, options};
  std::vector<Allocation> memory;
  for (const Buffer& buffer : group.buffers) memory.push_back(flow_of(context, buffer).memory);
  return peak_bytes(plan, group.node, memory);
}

Part ManagedSimulation::part_of_group(const GroupLayout& group) const {
  Part part{part_of(plan_, group.node), {}, {}};
  part.layout = std::move(lay_out(cascade_, part.plan, Coverage::kPart)->groups.front());
  part.footprint = footprint(part.plan, part.layout);
  part.fits = part.footprint <= machine_.capacity;
  const StepSize size = part.fits ? StepSize::kBody : StepSize::kOperator;
  part.program = slab_program(cascade_, part.plan, part.layout, machine_, granule_, size);
  return part;
}

/// Tells what is kept between groups which parts are made and read, in order.
void ManagedSimulation::register_kept() {
  std::vector<bool> fits;
  for (const Part& part : parts_) fits.push_back(part.fits);
  const std::vector<bool> keeps = kept_candidates(cascade_, plan_, layout_, fits, options_.keep);
  for (const Part& part : parts_) {
    const SlabProgram& program = part.program;
    for (std::size_t k = 0; k < program.steps.size(); ++k) {
      const SlabStep& step = program.steps[k];
      const auto now = static_cast<std::int64_t>(k);
      for (const bool made : {false, true}) {
        for (std::uint32_t u = step.first_use; u < step.first_use + step.use_count; ++u) {
          const ProgramSlab& slab = program.slabs[program.uses[u].slab];
          if (!keeps[index_of(slab.tensor)]) continue;
          if (made && slab.stored_step == now) kept_.will_make(slab.tensor, slab.box, slab.bytes);
          if (!made && slab.first_step == now && slab.load > Bytes{}) kept_.will_read(slab.tensor, slab.box);
        }
      }
    }
  }
}

std::optional<SimFailure> ManagedSimulation::run_group(std::uint32_t g) {
  const Part& part = parts_[g];
  const ManagedContext context{cascade_, part.plan, part.layout, machine_, granule_};
  ManagedGroup group;
  if (part.fits) {
    group = static_group(context, part.program, part.footprint, kept_);
  } else {
    auto spilled = spilling_group(context, part.program, options_.eviction, granule_);
    if (!spilled) {
      SimFailure failed;
      failed.reason = SimFailure::Reason::kCapacity;
      failed.group = g;
      failed.needed = spilled.error().why.needed;
      failed.available = spilled.error().why.available;
      failed.at = made_.latency;
      failed.memory = spilled.error().held;
      return failed;
    }
    group = std::move(*spilled);
  }
  add_group(g, group, transfer_times(group.transfers, machine_.dram_ports));
  return std::nullopt;
}

void ManagedSimulation::add_group(std::uint32_t g, const ManagedGroup& group, const TransferTimes& times) {
  SimGroup sum;
  sum.start = made_.latency;
  sum.end = made_.latency + times.end;
  sum.peak = group.peak;
  sum.compute = parts_[g].program.totals.compute;
  for (SimTraffic one : group.traffic) {
    one.group = g;
    sum.dram_read += one.read + one.reloaded;
    sum.dram_write += one.written + one.evicted;
    made_.traffic.push_back(one);
  }
  if (observer_ != nullptr) report(g, group, times);
  add_tiles(g);
  made_.latency = sum.end;
  made_.dram_read += sum.dram_read;
  made_.dram_write += sum.dram_write;
  made_.peak = std::max(made_.peak, sum.peak);
  made_.events += static_cast<std::int64_t>(group.transfers.steps.size() + group.transfers.loads.size() +
                                            group.transfers.stores.size());
  compute_ += sum.compute;
  read_busy_ += times.read_busy;
  write_busy_ += times.write_busy;
  for (std::size_t i = 0; i < kStallCount; ++i) stall_[i] += times.stall[i];
  made_.groups.push_back(sum);
}

void ManagedSimulation::add_tiles(std::uint32_t g) {
  const std::size_t first = made_.tiles.size();
  for (const StepPiece& piece : parts_[g].program.pieces) {
    made_.tiles.push_back({.group = g, .node = piece.node, .core = 0, .operators = piece.operators});
  }
  for (const SlabStep& step : parts_[g].program.steps) ++made_.tiles[first + step.piece].runs;
}

void ManagedSimulation::report(std::uint32_t, const ManagedGroup&, const TransferTimes&) {}

void ManagedSimulation::finish() {
  made_.cycles = made_.scale.whole_cycles(made_.latency);
  made_.resources.push_back({SimResourceKind::kCore, "core0", compute_, {}, stall_});
  const bool shared = machine_.dram_ports == Ports::kShared;
  const Bytes read = shared ? made_.dram_read + made_.dram_write : made_.dram_read;
  made_.resources.push_back(
      {SimResourceKind::kDramRead, shared ? "dram" : "dram read", read_busy_, read, {}});
  if (shared) return;
  made_.resources.push_back({SimResourceKind::kDramWrite, "dram write", write_busy_, made_.dram_write, {}});
}

}  // namespace

expected<SimResult, SimFailure> simulate_managed(const Cascade& cascade, const Plan& plan,
                                                 const Layout& layout, const Accelerator& accelerator,
                                                 const SimOptions& options, SimObserver* observer) {
  const auto machine = make_machine(accelerator);
  if (!machine) return failure(SimFailure::Reason::kOverflow, 0);
  return ManagedSimulation{cascade, plan, layout, accelerator, *machine, options, observer}.run();
}

}  // namespace fusescape
