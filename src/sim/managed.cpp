#include "managed.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "context.hpp"
#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/tile_classes.hpp"
#include "fusescape/support/contract.hpp"
#include "kept_candidates.hpp"
#include "kept_tensors.hpp"
#include "managed_group.hpp"
#include "managed_report.hpp"
#include "part_plan.hpp"

namespace fusescape {
namespace {

/// Steps of one operator in all groups that make or read what is kept, at most: some 1.2 kB each.
constexpr Elements kMostKeptSteps{400'000};

/// One group, on its own.
struct Part {
  Plan plan;
  Layout layout;
  Bytes footprint{};
  bool fits = false;
  Elements steps{};
  std::optional<SlabProgram> program{};  ///< If it makes or reads what is kept.
};

bool deadlocks(const expected<SimResult, SimFailure>& result) {
  return !result && result.error().reason == SimFailure::Reason::kDeadlock;
}

class ManagedSimulation {
 public:
  ManagedSimulation(const SimContext& context, const SimOptions& options, SimObserver* observer)
      : context_{context},
        granule_{context.accelerator.dram.granule},
        options_{options},
        observer_{observer},
        kept_{granule_, options.eviction} {
    made_.resources = context.resources;
    made_.scale = context.machine.scale;
  }

  expected<SimResult, SimFailure> run() {
    for (const GroupLayout& group : context_.layout.groups) parts_.push_back(part_of_group(group));
    if (auto failure = set_programs()) return unexpected{std::move(*failure)};
    for (std::uint32_t g = 0; g < parts_.size(); ++g) {
      opening_ = {.start = made_.latency};
      auto failure = parts_[g].fits ? run_fitting(g) : run_spilling(g);
      if (failure) return unexpected{std::move(*failure)};
    }
    made_.cycles = made_.scale.whole_cycles(made_.latency);
    return std::move(made_);
  }

 private:
  [[nodiscard]] Part part_of_group(const GroupLayout& group) const;
  [[nodiscard]] bool touches(std::size_t g, const std::vector<bool>& tensors) const;
  [[nodiscard]] SlabContext slabs(const Part& part) const {
    return {context_.cascade, part.plan,          part.layout.groups.front(),
            context_.machine, context_.engine_of, granule_};
  }
  [[nodiscard]] GroupPlace place(std::uint32_t g) const {
    return {g, static_cast<std::uint32_t>(made_.tiles.size()), made_.latency, kept_.used()};
  }
  /// Iterations; more than there are steps make no difference.
  [[nodiscard]] std::int64_t depth() const { return std::min(options_.prefetch_depth, kMostSteps.value()); }
  [[nodiscard]] SimResource& resource(int index) { return made_.resources[static_cast<std::size_t>(index)]; }
  [[nodiscard]] std::optional<SimFailure> set_programs();
  void register_kept(const SlabProgram& program, const std::vector<bool>& keeps);
  void make_room(std::uint32_t g, const std::vector<Leaving>& leaving);
  [[nodiscard]] std::optional<SimFailure> run_alone(std::uint32_t g);
  void add_alone(std::uint32_t g, SimResult alone);
  [[nodiscard]] std::optional<SimFailure> run_spilling(std::uint32_t g);
  [[nodiscard]] std::optional<SimFailure> run_fitting(std::uint32_t g);
  [[nodiscard]] std::optional<SimFailure> add_timed(std::uint32_t g, const TimedGroup& timed,
                                                    std::int64_t prefetch_depth);
  void add_resources(const TimedGroup& timed, const WorkTotals& work, const SimGroup& sum);
  void add_group(SimGroup sum);

  const SimContext& context_;
  Bytes granule_;
  const SimOptions& options_;
  SimObserver* observer_;
  std::vector<Part> parts_;
  KeptTensors kept_;
  SimResult made_;
  SimGroup opening_;  ///< What happens in a group before its own simulation begins.
};

Part ManagedSimulation::part_of_group(const GroupLayout& group) const {
  Part part{.plan = part_of(context_.plan, group.node), .layout = {}};
  part.layout = *lay_out(context_.cascade, part.plan, Coverage::kPart);
  const GroupLayout& alone = part.layout.groups.front();
  const ProfileOptions options = profile_options(context_.accelerator);
  const FlowContext flows{context_.cascade, part.plan, alone, options};
  std::vector<Allocation> memory;
  for (const Buffer& buffer : alone.buffers) memory.push_back(flow_of(flows, buffer).memory);
  part.footprint = peak_bytes(part.plan, alone.node, memory);
  part.fits = part.footprint <= context_.machine.capacity;
  part.steps = step_count(context_.cascade, part.plan);
  return part;
}

bool ManagedSimulation::touches(std::size_t g, const std::vector<bool>& tensors) const {
  const auto& buffers = parts_[g].layout.groups.front().buffers;
  return std::any_of(buffers.begin(), buffers.end(),
                     [&](const Buffer& buffer) { return tensors[index_of(buffer.tensor)]; });
}

std::optional<SimFailure> ManagedSimulation::set_programs() {
  std::vector<bool> fits;
  for (const Part& part : parts_) fits.push_back(part.fits);
  const std::vector<bool> keeps =
      kept_candidates(context_.cascade, context_.plan, context_.layout, fits, options_.keep);
  Elements steps;
  for (std::uint32_t g = 0; g < parts_.size(); ++g) {
    if (!parts_[g].fits || !touches(g, keeps)) continue;
    steps += parts_[g].steps;
    if (steps > kMostKeptSteps) return SimFailure{.reason = SimFailure::Reason::kTooLong, .group = g};
  }
  for (std::size_t g = 0; g < parts_.size(); ++g) {
    Part& part = parts_[g];
    if (!part.fits || !touches(g, keeps)) continue;
    part.program = slab_program(slabs(part), StepSize::kBody);
    register_kept(*part.program, keeps);
  }
  return std::nullopt;
}

/// Tells what is kept between groups which parts are made and read, in order: a step reads, then makes.
void ManagedSimulation::register_kept(const SlabProgram& program, const std::vector<bool>& keeps) {
  for (std::size_t k = 0; k < program.steps.size(); ++k) {
    const auto now = static_cast<std::int64_t>(k);
    std::vector<const ProgramSlab*> kept;
    const std::uint32_t first = program.steps[k].first_use;
    for (std::uint32_t u = first; u < first + program.steps[k].use_count; ++u) {
      const ProgramSlab& slab = program.slabs[program.uses[u].slab];
      if (keeps[index_of(slab.tensor)]) kept.push_back(&slab);
    }
    for (const ProgramSlab* slab : kept) {
      if (slab->first_step == now && slab->load > Bytes{}) kept_.will_read(slab->tensor, slab->box);
    }
    for (const ProgramSlab* slab : kept) {
      if (slab->stored_step == now) kept_.will_make(slab->tensor, slab->box, slab->bytes);
    }
  }
}

/// Before a group that is simulated on its own, what no longer fits beside it leaves.
void ManagedSimulation::make_room(std::uint32_t g, const std::vector<Leaving>& leaving) {
  const OpId first = parts_[g].layout.groups.front().operators.front();
  for (const Leaving& one : leaving) {
    const Bytes bytes = round_up(one.bytes, granule_);
    const Ticks time = Ticks{bytes.value()} * context_.machine.dram_ticks_per_byte;
    if (observer_ != nullptr) {
      observer_->event({.kind = SimEventKind::kStore,
                        .start = made_.latency,
                        .end = made_.latency + time,
                        .resource = static_cast<std::uint32_t>(context_.dram_write),
                        .group = g,
                        .tensor = one.tensor,
                        .bytes = bytes});
    }
    made_.traffic.push_back({.group = g, .tensor = one.tensor, .evicted = bytes});
    opening_.dram_write += bytes;
    made_.latency += time;
    ++made_.events;
    resource(context_.dram_write).busy += time;
    resource(context_.dram_write).bytes += bytes;
    resource(context_.core_of[index_of(first)]).stall[static_cast<std::size_t>(Stall::kMemory)] += time;
  }
}

/// The group in the simulation without eviction, with the memory that is free beside what is kept.
std::optional<SimFailure> ManagedSimulation::run_alone(std::uint32_t g) {
  SimOptions alone = options_;
  alone.eviction = Eviction::kNone;
  alone.prefetch = false;
  Accelerator beside = context_.accelerator;
  beside.sram.banks = beside.sram.bank_count();  // What is kept takes room, and no bank.
  beside.sram.capacity -= kept_.used();
  const auto simulated = [&](SimObserver* observer) {
    return simulate(context_.cascade, parts_[g].plan, parts_[g].layout, beside, alone, observer);
  };
  if (context_.core_count > 1 && deadlocks(simulated(nullptr))) {
    make_room(g, kept_.enter(Bytes{}));
    return run_spilling(g);
  }
  std::optional<GroupObserver> observer;
  if (observer_ != nullptr) observer.emplace(*observer_, place(g));
  auto result = simulated(observer ? &*observer : nullptr);
  if (result) {
    add_alone(g, std::move(*result));
    return std::nullopt;
  }
  result.error().group = g;
  result.error().at += made_.latency;
  return std::move(result.error());
}

void ManagedSimulation::add_alone(std::uint32_t g, SimResult alone) {
  FUSESCAPE_EXPECTS(alone.scale.ticks_per_cycle() == made_.scale.ticks_per_cycle());
  for (SimTile& tile : alone.tiles) {
    tile.group = g;
    made_.tiles.push_back(std::move(tile));
  }
  for (SimTraffic& traffic : alone.traffic) {
    traffic.group = g;
    made_.traffic.push_back(traffic);
  }
  for (std::size_t i = 0; i < made_.resources.size(); ++i) {
    made_.resources[i].busy += alone.resources[i].busy;
    made_.resources[i].bytes += alone.resources[i].bytes;
    for (std::size_t s = 0; s < kStallCount; ++s) made_.resources[i].stall[s] += alone.resources[i].stall[s];
  }
  made_.events += alone.events;
  made_.skipped += alone.skipped;
  SimGroup sum = alone.groups.front();
  sum.end += made_.latency;
  sum.peak += kept_.used();
  add_group(sum);
}

std::optional<SimFailure> ManagedSimulation::run_spilling(std::uint32_t g) {
  const Part& part = parts_[g];
  const std::int64_t body = leaves_below(part.plan, part.layout.groups.front().node);
  const Spilling spilling{.policy = options_.eviction, .page = granule_, .ahead = body * depth()};
  auto timed = timed_spilling_group(slabs(part), spilling, options_.steady_state);
  if (timed) return add_timed(g, *timed, depth());
  timed.error().group = g;
  timed.error().at = made_.latency;
  return std::move(timed.error());
}

std::optional<SimFailure> ManagedSimulation::run_fitting(std::uint32_t g) {
  Part& part = parts_[g];
  std::vector<Leaving> leaving = kept_.enter(context_.machine.capacity - part.footprint);
  if (!part.program) {
    make_room(g, leaving);
    return run_alone(g);
  }
  const Fitting fitting{
      .footprint = part.footprint, .on_demand = options_.prefetch_depth == 0, .leaving = std::move(leaving)};
  TimedGroup timed{.program = std::move(*part.program), .group = {}, .times = {}};
  part.program.reset();
  timed.group = static_group(slabs(part), timed.program, fitting, kept_);
  timed.times = transfer_times(timed.group.transfers, context_.machine.dram_ports);
  return add_timed(g, timed, std::min<std::int64_t>(options_.prefetch_depth, 1));
}

std::optional<SimFailure> ManagedSimulation::add_timed(std::uint32_t g, const TimedGroup& timed,
                                                       std::int64_t prefetch_depth) {
  const auto& [program, group, times] = timed;
  if (observer_ != nullptr) {
    GroupPlace at = place(g);
    at.kept = {};  // Its own samples have it.
    report(context_, program, group, times, at, *observer_);
  }
  SimGroup sum{.end = made_.latency + times.end, .peak = group.peak, .prefetch_depth = prefetch_depth};
  for (SimTraffic one : traffic_of(group.transfers, times.runs)) {
    one.group = g;
    sum.dram_read += one.read + one.reloaded;
    sum.dram_write += one.written + one.evicted;
    made_.traffic.push_back(one);
  }
  const WorkTotals work = work_totals(program, times.runs);
  for (std::size_t i = 0; i < program.pieces.size(); ++i) {
    const StepPiece& piece = program.pieces[i];
    const int core = context_.core_of[index_of(piece.operators.front())];
    made_.tiles.push_back({.group = g,
                           .node = piece.node,
                           .core = static_cast<std::uint32_t>(core),
                           .operators = piece.operators,
                           .runs = work.runs[i]});
    resource(core).busy += work.compute[i];
  }
  sum.compute = std::accumulate(work.compute.begin(), work.compute.end(), work.onchip);
  add_resources(timed, work, sum);
  for (const SkippedPeriods& skipped : times.skipped) made_.skipped += skipped.periods;
  made_.events += static_cast<std::int64_t>(times.steps.size() + times.loads.size() + times.stores.size());
  add_group(sum);
  const Bytes moved = made_.dram_read + made_.dram_write + work.read + work.written;
  if (moved.overflow()) return SimFailure{.reason = SimFailure::Reason::kOverflow, .group = g};
  return std::nullopt;
}

void ManagedSimulation::add_resources(const TimedGroup& timed, const WorkTotals& work, const SimGroup& sum) {
  const TransferTimes& times = timed.times;
  const OpId first = timed.program.pieces.front().operators.front();
  SimResource& core = resource(context_.core_of[index_of(first)]);
  for (std::size_t i = 0; i < kStallCount; ++i) core.stall[i] += times.stall[i];
  core.stall[static_cast<std::size_t>(Stall::kOnChip)] += work.onchip;
  resource(context_.dram_read).busy += times.read_busy;
  resource(context_.dram_read).bytes += sum.dram_read;
  resource(context_.dram_write).busy += times.write_busy;
  resource(context_.dram_write).bytes += sum.dram_write;
  const Machine& machine = context_.machine;
  resource(context_.sram_read).bytes += work.read;
  resource(context_.sram_read).busy += Ticks{work.read.value()} * machine.sram_read_ticks_per_byte;
  resource(context_.sram_write).bytes += work.written;
  resource(context_.sram_write).busy += Ticks{work.written.value()} * machine.sram_write_ticks_per_byte;
}

void ManagedSimulation::add_group(SimGroup sum) {
  sum.start = opening_.start;
  sum.dram_write += opening_.dram_write;
  made_.latency = sum.end;
  made_.dram_read += sum.dram_read;
  made_.dram_write += sum.dram_write;
  made_.peak = std::max(made_.peak, sum.peak);
  made_.groups.push_back(sum);
}

}  // namespace

expected<SimResult, SimFailure> simulate_managed(const Cascade& cascade, const Plan& plan,
                                                 const Layout& layout, const Accelerator& accelerator,
                                                 const SimOptions& options, SimObserver* observer) {
  const auto context = make_context(cascade, plan, layout, accelerator, {});
  if (!context) return unexpected{context.error()};
  return ManagedSimulation{*context, options, observer}.run();
}

}  // namespace fusescape
