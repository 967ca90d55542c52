// How do the groups of a plan run, one after another?
#include <algorithm>
#include <memory>
#include <optional>

#include "clock.hpp"
#include "context.hpp"
#include "fusescape/plan/dram_bursts.hpp"
#include "fusescape/plan/tile_classes.hpp"
#include "group_way.hpp"
#include "kept.hpp"
#include "prefetch.hpp"

namespace fusescape {
namespace {

using Reason = SimFailure::Reason;

/// Runs of operators and chains in all groups that make or read what is kept, at most: each is decided before
/// it is run.
constexpr Elements kMostKeptRuns{400'000};

/// A group, and how it runs.
struct Running {
  GroupProgram program;
  std::optional<SpillRules> spills{};  ///< If it does not fit, and memory is managed.
  bool keeps = false;                  ///< It makes or reads what is kept between groups.
  std::optional<KeptMoves> kept{};
  std::unique_ptr<Clock> run{};
};

class Simulation {
 public:
  Simulation(const SimContext& context, const SimOptions& options, std::vector<bool> ahead,
             SimObserver* observer)
      : context_{context},
        options_{options},
        ahead_{std::move(ahead)},
        managed_{options.eviction != Eviction::kNone},
        kept_{context.accelerator.dram.granule, managed_ ? options.eviction : Eviction::kLru} {
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
  [[nodiscard]] std::optional<SimFailure> compile_all();
  [[nodiscard]] std::optional<SimFailure> set_kept();
  [[nodiscard]] std::optional<SimFailure> refusal(const GroupProgram& program) const;
  [[nodiscard]] Elements operator_runs(std::uint32_t group) const;
  void manage(std::uint32_t g);
  void spill(std::uint32_t g);
  void make_room(std::uint32_t g, const std::vector<Leaving>& leaving);
  void make_ready(std::uint32_t g);
  void choose(GroupProgram& program) const {
    const std::uint32_t g = program.group;
    const bool alone = !ahead_[g] && (g == 0 || !ahead_[g - 1]);
    choose_way(context_, options_, state_, alone ? Beside::kNothing : Beside::kAnother, program);
  }
  void prefetch(const Running& current, Running& next);
  void add_group(Running& group, Ticks start);
  void add_tiles(const GroupProgram& program, std::vector<SimTile>& tiles, const Clock* run) const;
  void add_traffic(const Running& group, SimGroup& sum);
  [[nodiscard]] SimFailure failure(const Running& group) const;
  SimResult finish();

  const SimContext& context_;
  const SimOptions& options_;
  std::vector<bool> ahead_;
  bool managed_;
  std::vector<Running> groups_;
  std::vector<bool> keeps_;  ///< Per tensor.
  KeptTensors kept_;
  SimState state_;
  SimResult result_;
  Bytes made_room_;  ///< Written before the current group began.
};

std::optional<SimFailure> Simulation::refusal(const GroupProgram& program) const {
  const Bytes needed = program.footprint + program.reserved;
  const Bytes available = context_.machine.capacity;
  if (!program.countable || needed.overflow()) {
    return SimFailure{.reason = Reason::kOverflow, .group = program.group};
  }
  if (needed <= available || managed_) return std::nullopt;
  return SimFailure{
      .reason = Reason::kCapacity, .group = program.group, .needed = needed, .available = available};
}

/// Runs of the operators of a group.
Elements Simulation::operator_runs(std::uint32_t group) const {
  Elements runs;
  for (std::size_t n = 1; n < context_.plan.nodes.size(); ++n) {
    const NodeId node{static_cast<std::uint16_t>(n)};
    if (context_.plan.node(node).kind != NodeKind::kOperator) continue;
    if (group_of(context_.plan, node) != context_.layout.groups[group].node) continue;
    runs += iteration_count(context_.cascade, loops_above(context_.plan, node));
  }
  return runs;
}

/// Which groups spill, and which keep something.
std::optional<SimFailure> Simulation::set_kept() {
  std::vector<bool> fits;
  for (const Running& group : groups_) fits.push_back(group.program.footprint <= context_.machine.capacity);
  keeps_ = kept_candidates(context_.cascade, context_.plan, context_.layout, fits, options_.keep);
  Elements runs;
  for (std::uint32_t g = 0; g < groups_.size(); ++g) {
    const std::vector<BufferSpec>& buffers = groups_[g].program.buffers;
    groups_[g].keeps = fits[g] && std::any_of(buffers.begin(), buffers.end(), [&](const BufferSpec& buffer) {
                         return keeps_[index_of(buffer.tensor)];
                       });
    if (!fits[g]) spill(g);
    if (!groups_[g].keeps) continue;
    runs += operator_runs(g);
    if (runs > kMostKeptRuns) return SimFailure{.reason = Reason::kTooLong, .group = g};
  }
  for (std::uint32_t g = 0; g < groups_.size(); ++g) {
    if (!groups_[g].keeps) continue;
    groups_[g].program = compile(context_, g, Tiling::kOneByOne);
    register_kept(context_, groups_[g].program, keeps_, kept_);
  }
  return std::nullopt;
}

/// The group's operators run one after another, in memory that is managed.
void Simulation::spill(std::uint32_t g) {
  GroupProgram& program = groups_[g].program;
  program = compile(context_, g, Tiling::kOperators);
  program.prefetch_depth = std::min(options_.prefetch_depth, kMostAhead);
  const std::int64_t ahead = static_cast<std::int64_t>(program.tiles.size()) * program.prefetch_depth;
  groups_[g].spills = SpillRules{.policy = options_.eviction,
                                 .page = context_.accelerator.dram.granule,
                                 .ahead = std::min(ahead, kMostAhead)};
}

std::optional<SimFailure> Simulation::compile_all() {
  groups_.resize(context_.layout.groups.size());
  Bytes moved;
  for (std::uint32_t g = 0; g < groups_.size(); ++g) {
    groups_[g].program = compile(context_, g);
    moved += groups_[g].program.moved;
    if (auto refused = refusal(groups_[g].program)) return refused;
    if (moved.overflow()) return SimFailure{.reason = Reason::kOverflow, .group = g};
  }
  return managed_ ? set_kept() : std::nullopt;
}

void Simulation::add_tiles(const GroupProgram& program, std::vector<SimTile>& tiles, const Clock* run) const {
  for (std::size_t i = 0; i < program.tiles.size(); ++i) {
    const TileSpec& tile = program.tiles[i];
    for (const TilePart& part : tile.parts) {
      tiles.push_back({.group = program.group,
                       .node = tile.node,
                       .core = static_cast<std::uint32_t>(part.resource),
                       .operators = part.operators,
                       .runs = run == nullptr ? 0 : run->group().runs[i]});
    }
  }
}

/// Tensors in the order of the group's buffers, then those that only had to make room.
void Simulation::add_traffic(const Running& group, SimGroup& sum) {
  std::vector<TensorId> tensors;
  for (const BufferSpec& buffer : group.program.buffers) tensors.push_back(buffer.tensor);
  const std::vector<TensorMoves>& moves = group.run->group().moves;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    if (moves[i].evicted > 0) tensors.push_back(TensorId{static_cast<std::uint16_t>(i)});
  }
  for (auto tensor = tensors.begin(); tensor != tensors.end(); ++tensor) {
    if (std::find(tensors.begin(), tensor, *tensor) != tensor) continue;
    const TensorMoves& one = moves[index_of(*tensor)];
    result_.traffic.push_back({.group = group.program.group,
                               .tensor = *tensor,
                               .read = Bytes{one.read},
                               .written = Bytes{one.written},
                               .evicted = Bytes{one.evicted},
                               .reloaded = Bytes{one.reloaded}});
    sum.dram_read += Bytes{one.read} + Bytes{one.reloaded};
    sum.dram_write += Bytes{one.written} + Bytes{one.evicted};
  }
}

void Simulation::add_group(Running& group, Ticks start) {
  SimGroup sum{.start = start, .end = state_.now, .compute = group.run->group().compute};
  sum.peak = Bytes{group.run->peak()} + group.program.reserved;
  if (group.kept) sum.peak += group.kept->peak;
  sum.prefetch_depth = group.program.prefetch_depth;
  sum.dram_write = made_room_;
  add_traffic(group, sum);
  result_.dram_read += sum.dram_read;
  result_.dram_write += sum.dram_write;
  result_.peak = std::max(result_.peak, sum.peak);
  result_.groups.push_back(sum);
  add_tiles(group.program, result_.tiles, group.run.get());
}

/// What no longer fits beside the next group leaves before it begins.
void Simulation::make_room(std::uint32_t g, const std::vector<Leaving>& leaving) {
  DramPort& port = state_.port(true);
  const int core = groups_[g].program.tiles.front().resource;
  const Ticks before = state_.now;
  for (const Leaving& one : leaving) {
    const Bytes bytes = in_bursts(one.bytes, context_.accelerator.dram.granule);
    const Ticks time = port.ticks(bytes.value());
    if (state_.observer != nullptr) {
      state_.observer->event({.kind = SimEventKind::kStore,
                              .start = state_.now,
                              .end = state_.now + time,
                              .resource = static_cast<std::uint32_t>(context_.dram_write),
                              .group = g,
                              .tensor = one.tensor,
                              .bytes = bytes});
    }
    result_.traffic.push_back({.group = g, .tensor = one.tensor, .evicted = bytes});
    made_room_ += bytes;
    state_.now += time;
    port.shift({}, time);
    ++state_.events;
  }
  SimResource& waiting = state_.resources[static_cast<std::size_t>(core)];
  waiting.stall[static_cast<std::size_t>(Stall::kMemory)] += state_.now - before;
}

/// Where memory is managed, the group's turn.
void Simulation::manage(std::uint32_t g) {
  Running& group = groups_[g];
  if (group.spills) return;
  const Bytes capacity = context_.machine.capacity;
  const bool side_by_side = group.keeps && group.program.all_at_once <= capacity;
  const Bytes needed = side_by_side ? group.program.all_at_once : group.program.footprint;
  make_room(g, kept_.enter(capacity - needed));
  if (group.keeps) {
    group.kept = kept_moves(context_, group.program, keeps_, kept_);
    group.program.room = needed;
    group.program = with_prefetch_depth(std::move(group.program),
                                        std::min<std::int64_t>(options_.prefetch_depth, 1), capacity);
    return;
  }
  group.program.reserved = kept_.used();
  choose(group.program);
  if (context_.core_count == 1 || trial_of(context_, state_, group.program)) return;
  make_room(g, kept_.enter(Bytes{}));
  spill(g);
}

void Simulation::make_ready(std::uint32_t g) {
  Running& group = groups_[g];
  if (group.run) return;
  managed_ ? manage(g) : choose(group.program);
  group.program.first_tile = static_cast<std::uint32_t>(result_.tiles.size());
  if (g > 0 && ahead_[g - 1]) {
    group.program.first_tile += groups_[g - 1].program.part_count();
  }
  const GroupMemory memory{.spills = group.spills, .kept = group.kept ? &*group.kept : nullptr};
  group.run = std::make_unique<Clock>(context_, group.program, state_, options_.steady_state, memory);
}

void Simulation::prefetch(const Running& current, Running& next) {
  const Bytes free = context_.machine.capacity - current.program.needed();
  next.run->prefetch(free.value());
  current.run->set_next(*next.run);
}

SimFailure Simulation::failure(const Running& group) const {
  SimFailure failure = group.run->failure();
  failure.group = group.program.group;
  failure.at = state_.now;
  add_tiles(group.program, failure.tiles, nullptr);
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
  if (auto failed = compile_all()) return unexpected{std::move(*failed)};
  for (std::uint32_t g = 0; g < groups_.size(); ++g) {
    const Ticks start = state_.now;
    state_.now += context_.machine.launch;
    made_room_ = {};
    make_ready(g);
    if (ahead_[g]) {
      make_ready(g + 1);
      prefetch(groups_[g], groups_[g + 1]);
    }
    if (!groups_[g].run->run()) return unexpected{failure(groups_[g])};
    add_group(groups_[g], start);
    if (context_.machine.scale.whole_cycles(state_.now).overflow()) {
      return unexpected{SimFailure{.reason = Reason::kOverflow, .group = g}};
    }
    groups_[g] = {};
  }
  return finish();
}

}  // namespace

expected<SimResult, SimFailure> run_groups(const SimContext& context, const SimOptions& options,
                                           std::vector<bool> ahead, SimObserver* observer) {
  return Simulation{context, options, std::move(ahead), observer}.run();
}

}  // namespace fusescape
