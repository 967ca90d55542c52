#include "fusescape/sim/simulate.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "allocation.hpp"
#include "context.hpp"
#include "fusescape/support/contract.hpp"
#include "group_run.hpp"
#include "managed.hpp"

namespace fusescape {
namespace {

/// Per group: do first loads of the next one come while it runs?
using LoadsAhead = std::vector<bool>;

/// Groups one after another, and the sum of what they did.
class Simulation {
 public:
  Simulation(const SimContext& context, const SimOptions& options, LoadsAhead ahead, SimObserver* observer)
      : context_{context}, options_{options}, ahead_{std::move(ahead)} {
    state_.observer = observer;
    state_.resources = context.resources;
    state_.moved.resize(context.resources.size());
    const bool split = context.machine.dram_ports == Ports::kSeparate;
    state_.ports.assign(split ? 2 : 1, DramPort{context.machine.dram_ticks_per_byte});
    if (observer != nullptr) {
      for (DramPort& port : state_.ports) port.trace();
    }
    state_.onchip_free.resize(context.machine.sram_ports == Ports::kSeparate ? 2 : 1);
    state_.link_free.resize(context.resources.size() - static_cast<std::size_t>(context.first_link));
  }

  expected<SimResult, SimFailure> run();

 private:
  struct Running {
    GroupProgram program;
    std::unique_ptr<GroupRun> run;
  };
  [[nodiscard]] std::optional<SimFailure> refusal(const GroupProgram& program) const;
  void choose_memory(GroupProgram& program) const;
  [[nodiscard]] Ticks end_of(const GroupProgram& program) const;
  void prefetch(const Running& current, Running& next);
  void add_group(const Running& group, Ticks start);
  void add_tiles(const GroupProgram& program, std::vector<SimTile>& tiles, const GroupRun* run) const;
  void add_traffic(const Running& group, SimGroup& sum);
  [[nodiscard]] SimFailure deadlock(const Running& group) const;
  SimResult finish();

  const SimContext& context_;
  const SimOptions& options_;
  LoadsAhead ahead_;
  SimState state_;
  SimResult result_;
};

std::optional<SimFailure> Simulation::refusal(const GroupProgram& program) const {
  using Reason = SimFailure::Reason;
  const Bytes needed = program.footprint + program.reserved;
  const Bytes available = context_.machine.capacity;
  if (!program.countable || needed.overflow()) {
    return SimFailure{.reason = Reason::kOverflow, .group = program.group};
  }
  if (needed <= available) return std::nullopt;
  return SimFailure{
      .reason = Reason::kCapacity, .group = program.group, .needed = needed, .available = available};
}

void Simulation::add_tiles(const GroupProgram& program, std::vector<SimTile>& tiles,
                           const GroupRun* run) const {
  for (std::size_t i = 0; i < program.tiles.size(); ++i) {
    const TileSpec& tile = program.tiles[i];
    tiles.push_back({.group = program.group,
                     .node = tile.node,
                     .core = static_cast<std::uint32_t>(tile.core),
                     .operators = tile.operators,
                     .runs = run == nullptr ? 0 : run->runs()[i]});
  }
}

void Simulation::add_traffic(const Running& group, SimGroup& sum) {
  const std::size_t first = result_.traffic.size();
  for (std::size_t i = 0; i < group.program.buffers.size(); ++i) {
    const BufferState& buffer = group.run->buffers()[i];
    const TensorId tensor = group.program.buffers[i].tensor;
    auto known =
        std::find_if(result_.traffic.begin() + static_cast<std::ptrdiff_t>(first), result_.traffic.end(),
                     [&](const SimTraffic& traffic) { return traffic.tensor == tensor; });
    if (known == result_.traffic.end()) {
      known = result_.traffic.insert(known, {.group = group.program.group, .tensor = tensor});
    }
    known->read += Bytes{buffer.read};
    known->written += Bytes{buffer.written};
    sum.dram_read += Bytes{buffer.read};
    sum.dram_write += Bytes{buffer.written};
  }
}

void Simulation::add_group(const Running& group, Ticks start) {
  SimGroup sum{.start = start, .end = state_.now, .compute = group.run->compute()};
  sum.peak = Bytes{group.run->peak()} + group.program.reserved;
  sum.prefetch_depth = group.program.prefetch_depth;
  add_traffic(group, sum);
  result_.dram_read += sum.dram_read;
  result_.dram_write += sum.dram_write;
  result_.peak = std::max(result_.peak, sum.peak);
  result_.groups.push_back(sum);
  add_tiles(group.program, result_.tiles, group.run.get());
}

/// When the group would end if it began now: the same whether or not periods are skipped.
Ticks Simulation::end_of(const GroupProgram& program) const {
  SimState trial = state_;
  trial.observer = nullptr;
  trial.ports.assign(state_.ports.size(), DramPort{context_.machine.dram_ticks_per_byte});  // Idle, untraced.
  const bool done = GroupRun{context_, program, trial, true}.run();
  FUSESCAPE_EXPECTS(done);  // Nothing waits in a circle on one core.
  return trial.now;
}

/// On one core, loads that come as early as memory allows may be in the way of more urgent ones. Nobody has
/// to use memory that the plan can do without: the group takes the shortest way of those that fit, the first
/// of equals, so that more never hurts (docs/adr/places.md).
void Simulation::choose_memory(GroupProgram& program) const {
  const Bytes room = context_.machine.capacity - program.reserved;
  const std::int64_t depth = options_.prefetch_depth;
  GroupProgram deep = with_prefetch_depth(program, depth, context_.machine.capacity);
  const bool ahead = ahead_[program.group] || (program.group > 0 && ahead_[program.group - 1]);
  if (context_.core_count > 1 || ahead) {
    program = std::move(deep);
    program.room = room;
    if (context_.core_count == 1) program.room = program.needed() - program.reserved;
    return;
  }
  const bool deeper = deep.all_at_once > program.all_at_once;
  program =
      with_prefetch_depth(std::move(program), std::min<std::int64_t>(depth, 1), context_.machine.capacity);
  std::vector<Bytes> rooms = place_thresholds(program);
  std::erase_if(rooms, [&](Bytes bytes) { return bytes > room; });
  std::optional<Ticks> least;
  Bytes best = rooms.front();
  if (rooms.size() > 1 || deeper) {
    for (const Bytes bytes : rooms) {
      program.room = bytes;
      const Ticks end = end_of(program);
      if (least && *least <= end) continue;
      least = end;
      best = bytes;
    }
  }
  program.room = best;
  if (!deeper) return;
  deep.room = deep.all_at_once;
  if (end_of(deep) < *least) program = std::move(deep);
}

void Simulation::prefetch(const Running& current, Running& next) {
  const Bytes free = context_.machine.capacity - current.program.needed();
  next.run->prefetch(free.value());
  current.run->set_next(*next.run);
}

SimFailure Simulation::deadlock(const Running& group) const {
  SimFailure failure{.reason = SimFailure::Reason::kDeadlock, .group = group.program.group};
  add_tiles(group.program, failure.tiles, nullptr);
  group.run->add_waits(failure);
  return failure;
}

SimResult Simulation::finish() {
  const auto port = [&](int resource, std::size_t index, bool reads, bool writes) {
    SimResource& used = state_.resources[static_cast<std::size_t>(resource)];
    used.busy = state_.ports[index].busy_until(state_.now);
    state_.moved[static_cast<std::size_t>(resource)] =
        (reads ? result_.dram_read.value() : 0) + (writes ? result_.dram_write.value() : 0);
  };
  const bool split = state_.ports.size() == 2;
  port(context_.dram_read, 0, true, !split);
  if (split) port(context_.dram_write, 1, false, true);
  for (std::size_t i = 0; i < state_.resources.size(); ++i)
    state_.resources[i].bytes = Bytes{state_.moved[i]};
  result_.latency = state_.now;
  result_.scale = context_.machine.scale;
  result_.cycles = result_.scale.whole_cycles(state_.now);
  result_.resources = std::move(state_.resources);
  result_.events = state_.events;
  result_.skipped = state_.skipped;
  return std::move(result_);
}

expected<SimResult, SimFailure> Simulation::run() {
  const auto count = static_cast<std::uint32_t>(context_.layout.groups.size());
  std::vector<Running> groups(count);
  std::uint32_t tiles = 0;
  Bytes moved;
  for (std::uint32_t g = 0; g < count; ++g) {
    groups[g].program = compile(context_, g);
    groups[g].program.first_tile = tiles;
    tiles += static_cast<std::uint32_t>(groups[g].program.tiles.size());
    moved += groups[g].program.moved;
    if (auto refused = refusal(groups[g].program)) return unexpected{std::move(*refused)};
    if (moved.overflow()) return unexpected{SimFailure{.reason = SimFailure::Reason::kOverflow, .group = g}};
  }
  const auto ready = [&](std::uint32_t g) {
    if (groups[g].run) return;
    choose_memory(groups[g].program);
    groups[g].run = std::make_unique<GroupRun>(context_, groups[g].program, state_, options_.steady_state);
  };
  for (std::uint32_t g = 0; g < count; ++g) {
    ready(g);
    if (ahead_[g]) {
      ready(g + 1);
      prefetch(groups[g], groups[g + 1]);
    }
    const Ticks start = state_.now;
    if (!groups[g].run->run()) return unexpected{deadlock(groups[g])};
    add_group(groups[g], start);
    if (context_.machine.scale.whole_cycles(state_.now).overflow()) {
      return unexpected{SimFailure{.reason = SimFailure::Reason::kOverflow, .group = g}};
    }
    groups[g] = {};
  }
  return finish();
}

/// Loads for the next group can be in the way of this one's, or leave it less memory: those that do not pay
/// are left out, one group after another. What remains is never slower than none.
LoadsAhead loads_ahead(const SimContext& context, const SimOptions& options) {
  LoadsAhead ahead(context.layout.groups.size());
  if (!options.prefetch) return ahead;
  SimOptions quick = options;
  quick.steady_state = true;  // The same times.
  const auto latency = [&] {
    const auto result = Simulation{context, quick, ahead, nullptr}.run();
    return result ? std::optional{result->latency} : std::nullopt;
  };
  std::optional<Ticks> best = latency();
  for (std::size_t g = 0; g + 1 < ahead.size(); ++g) {
    ahead[g] = true;
    const std::optional<Ticks> now = latency();
    ahead[g] = now && best && *now < *best;
    if (ahead[g]) best = now;
  }
  return ahead;
}

}  // namespace

expected<SimResult, SimFailure> simulate(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                         const Accelerator& accelerator, const SimOptions& options,
                                         SimObserver* observer) {
  const std::size_t operators = cascade.operators.size();
  FUSESCAPE_EXPECTS(options.core_of.empty() || options.core_of.size() == operators);
  if (options.eviction != Eviction::kNone) {
    FUSESCAPE_EXPECTS(options.allocation == CoreAllocation::kGiven && options.core_of.empty());
    return simulate_managed(cascade, plan, layout, accelerator, options, observer);
  }
  const auto run = [&](const std::vector<std::uint32_t>& core_of,
                       SimObserver* watching) -> expected<SimResult, SimFailure> {
    const auto context = make_context(cascade, plan, layout, accelerator, core_of);
    if (!context) return unexpected{context.error()};
    return Simulation{*context, options, loads_ahead(*context, options), watching}.run();
  };
  if (options.allocation == CoreAllocation::kGiven) return run(options.core_of, observer);
  const auto turns = allocated(cascade, plan, accelerator, NextCore::kInTurn);
  if (!turns) return unexpected{SimFailure{.reason = SimFailure::Reason::kUnsupported}};
  if (options.allocation == CoreAllocation::kRoundRobin) return run(*turns, observer);
  const auto cost = [&](const std::vector<std::uint32_t>& core_of) -> std::optional<Ticks> {
    const auto result = run(core_of, nullptr);
    return result ? std::optional{result->latency} : std::nullopt;
  };
  const auto first = allocated(cascade, plan, accelerator, NextCore::kFirst);
  return run(improved(cascade, plan, accelerator, {*turns, *first}, cost), observer);
}

}  // namespace fusescape
