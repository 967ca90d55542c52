#include "clock.hpp"

#include <algorithm>
#include <functional>

#include "static_places.hpp"

namespace fusescape {

Clock::Clock(const SimContext& context, const GroupProgram& program, SimState& state, bool steady_state,
             const GroupMemory& memory)
    : group_{.context = context, .program = program, .sim = state}, costs_(program.tiles.size()) {
  group_.cores.resize(program.steps.size());
  for (CoreState& core : group_.cores) {
    core.at = Odometer{program.loops};
    core.iterations.resize(program.loops.size());
  }
  group_.delivered.resize(program.edges.size());
  group_.runs.resize(program.tiles.size());
  group_.moves.resize(context.cascade.tensors.size());
  group_.on_chip.tensors.resize(context.cascade.tensors.size());
  group_.on_chip.observed = state.observer != nullptr;
  group_.scratch = whole_bounds(context.cascade);
  if (memory.spills) {
    places_ = std::make_unique<Spill>(group_, *memory.spills);
  } else {
    places_ = std::make_unique<StaticPlaces>(group_, memory.kept);
  }
  if (steady_state && memory.kept == nullptr) periods_.emplace(group_, *places_);
}

bool Clock::run() {
  for (std::size_t core = 0; core < group_.cores.size(); ++core) advance(static_cast<int>(core));
  places_->begin();
  for (;;) {
    Ticks next = settle();
    if (places_->is_stuck()) return false;
    std::sort(boundaries_.begin(), boundaries_.end(), std::greater<>{});  // Inner loops before outer ones.
    for (const int loop : boundaries_) {
      periods_->check(loop);
      next = next_time();  // Periods may have been skipped.
    }
    boundaries_.clear();
    if (finished()) return true;
    if (next == kNever) return false;
    group_.sim.now = next;
    complete_all();
  }
}

/// Lets everything happen that can at this instant; when the next thing does.
Ticks Clock::settle() {
  for (;;) {
    for (std::size_t core = 0; core < group_.cores.size(); ++core) try_start(static_cast<int>(core));
    for (DramPort& port : group_.sim.ports) port.serve(group_.sim.now);
    report_spans();  // Of what was cut short.
    const Ticks next = next_time();
    if (next > group_.sim.now) {
      report_memory();
      return next;
    }
    complete_all();
  }
}

void Clock::complete_all() {
  for (DramPort& port : group_.sim.ports) {
    if (!port.is_done(group_.sim.now)) continue;
    const Transfer transfer = port.take_done(group_.sim.now);
    ++group_.sim.events;
    Clock& owner = transfer.group == group_.program.group ? *this : *next_;
    owner.places_->complete(transfer);
  }
  report_spans();
  if (!group_.deliveries.empty()) deliver();
  for (std::size_t id = 0; id < group_.cores.size(); ++id) {
    const CoreState& core = group_.cores[id];
    if (core.running && core.end <= group_.sim.now) run_out(static_cast<int>(id));
  }
}

void Clock::deliver() {
  const auto arrives = [&](const Delivery& delivery) {
    if (delivery.at > group_.sim.now) return false;
    ++group_.delivered[static_cast<std::size_t>(delivery.edge)];
    return true;
  };
  std::vector<Delivery>& all = group_.deliveries;
  all.erase(std::remove_if(all.begin(), all.end(), arrives), all.end());
}

Ticks Clock::next_time() const {
  Ticks first = kNever;
  for (const CoreState& core : group_.cores) {
    if (core.running) first = std::min(first, core.end);
  }
  for (const DramPort& port : group_.sim.ports) {
    if (port.serving() != nullptr) first = std::min(first, port.serving()->end());
  }
  for (const Delivery& delivery : group_.deliveries) first = std::min(first, delivery.at);
  return first;
}

/// All tiles have run and all results are in DRAM; only a later group's loads may be on their way.
bool Clock::finished() const {
  for (const CoreState& core : group_.cores) {
    if (core.head >= 0) return false;
  }
  const std::uint32_t own = group_.program.group;
  for (const DramPort& port : group_.sim.ports) {
    if (port.serving() != nullptr && port.serving()->group == own) return false;
    for (const Transfer& waiting : port.waiting()) {
      if (waiting.group == own) return false;
    }
  }
  return true;
}

/// To the core's next tile.
void Clock::advance(int id) {
  CoreState& core = group_.cores[static_cast<std::size_t>(id)];
  const std::vector<ProgramStep>& steps = group_.program.steps[static_cast<std::size_t>(id)];
  core.head = next_tile(group_.program.loops, steps, core.at, core.step, [&](int loop, bool enters) {
    ++core.iterations[static_cast<std::size_t>(loop)];
    if (!periods_ || !periods_->watches(id, loop)) return;
    if (enters) return periods_->enter(loop);
    if (std::find(boundaries_.begin(), boundaries_.end(), loop) == boundaries_.end())
      boundaries_.push_back(loop);
  });
}

void Clock::try_start(int id) {
  CoreState& core = group_.cores[static_cast<std::size_t>(id)];
  if (core.running || core.head < 0 || (core.blocked && places_->still_waits(core))) return;
  count_stall(group_, core);
  if (is_blocked(core)) return;
  if (core.computed) {
    finish_tile(id);
    if (core.head < 0 || is_blocked(core)) return;
  }
  start_tile(core);
}

bool Clock::is_blocked(CoreState& core) const {
  const std::optional<Wait> wait = places_->wait(core);
  core.blocked = wait.has_value();
  if (wait) core.wait = *wait;
  return core.blocked;
}

const TileCost& Clock::cost_of(const CoreState& core) {
  const TileSpec& tile = group_.tile(core.head);
  std::vector<TileCost>& known = costs_[static_cast<std::size_t>(core.head)];
  for (const TileCost& cost : known) {
    bool same = true;
    for (std::size_t i = 0; i < tile.key_loops.size(); ++i)
      same = same && cost.extents[i] == core.at[tile.key_loops[i]].extent;
    if (same) return cost;
  }
  return known.emplace_back(tile_cost(group_.context, group_.program, tile, core.at));
}

/// It runs as long as its core takes, and as the on-chip memory's ports take once they have served earlier
/// tiles.
void Clock::start_tile(CoreState& core) {
  SimState& sim = group_.sim;
  places_->start(core);
  const TileCost& cost = cost_of(core);
  const bool shared = sim.onchip_free.size() == 1;
  core.compute = cost.compute;
  core.end = sim.now + cost.compute;
  const auto use_port = [&](std::size_t port, int resource, Ticks time, std::int64_t bytes) {
    SimResource& used = sim.resources[static_cast<std::size_t>(resource)];
    used.busy += time;
    sim.moved[static_cast<std::size_t>(resource)] += bytes;
    if (time == Ticks{}) return;
    Ticks& free = sim.onchip_free[port];
    free = std::max(free, sim.now) + time;
    core.end = std::max(core.end, free);
  };
  use_port(0, group_.context.sram_read, cost.onchip_read, cost.read_bytes);
  use_port(shared ? 0 : 1, group_.context.sram_write, cost.onchip_write, cost.written_bytes);
  core.started = sim.now;
  core.running = true;
  if (group_.running++ == 0) group_.running_since = sim.now;
  ++sim.events;
}

/// The core's tile has run; unless something still passes through, it has ended.
void Clock::run_out(int id) {
  SimState& sim = group_.sim;
  CoreState& core = group_.cores[static_cast<std::size_t>(id)];
  core.running = false;
  core.computed = true;
  if (--group_.running == 0) group_.compute += sim.now - group_.running_since;
  ++group_.runs[static_cast<std::size_t>(core.head)];
  report_parts(core);
  if (!places_->passes_through()) finish_tile(id);
}

/// What each of its cores had of the tile; the last one waits for the on-chip memory's ports.
void Clock::report_parts(const CoreState& core) {
  SimState& sim = group_.sim;
  const TileSpec& tile = group_.tile(core.head);
  const bool shared = tile.parts.size() > 1;
  Ticks start = core.started;
  for (std::size_t i = 0; i < tile.parts.size(); ++i) {
    const bool last = i + 1 == tile.parts.size();
    const Ticks compute = shared ? cost_of(core).parts[i] : core.compute;
    const Ticks end = last ? core.end : start + compute;
    const auto resource = static_cast<std::uint32_t>(tile.parts[i].resource);
    sim.resources[resource].busy += compute;
    sim.resources[resource].stall[static_cast<std::size_t>(Stall::kOnChip)] += end - start - compute;
    if (sim.observer != nullptr) {
      const std::uint32_t part = tile.first_part + static_cast<std::uint32_t>(i);
      sim.observer->event({.kind = SimEventKind::kTile,
                           .start = start,
                           .end = end,
                           .resource = resource,
                           .group = group_.program.group,
                           .tile = group_.program.first_tile + part});
    }
    start = end;
  }
}

/// What it made goes on: to DRAM, to other cores, to whoever waits for its places.
void Clock::finish_tile(int id) {
  CoreState& core = group_.cores[static_cast<std::size_t>(id)];
  const TileSpec& tile = group_.tile(core.head);
  const int next = innermost(core.at.not_last() & outermost(tile.loops()));
  core.computed = false;
  places_->end(core, next);
  for (const int out : tile.out) {
    if (next < static_cast<int>(group_.program.edges[static_cast<std::size_t>(out)].shared.path.size()))
      send(out, core);
  }
  ++core.step;
  advance(id);
  places_->reach(core);
}

void Clock::send(int id, const CoreState& core) {
  SimState& sim = group_.sim;
  const EdgeSpec& edge = group_.program.edges[static_cast<std::size_t>(id)];
  if (edge.link < 0) {
    ++group_.delivered[static_cast<std::size_t>(id)];
    return;
  }
  const auto port = static_cast<std::size_t>(edge.link - group_.context.first_link);
  const std::int64_t bytes = edge.slab ? group_.bytes(*edge.slab, core.at) : 0;
  const Ticks time = Ticks{bytes} * group_.context.link_ticks_per_byte;
  const Ticks start = std::max(sim.link_free[port], sim.now);
  sim.link_free[port] = start + time;
  sim.resources[static_cast<std::size_t>(edge.link)].busy += time;
  sim.moved[static_cast<std::size_t>(edge.link)] += bytes;
  const Ticks at = start + time + group_.context.link_latency;
  if (at <= sim.now) {
    ++group_.delivered[static_cast<std::size_t>(id)];
  } else {
    group_.deliveries.push_back({at, id});
  }
  if (bytes == 0) return;
  ++sim.events;
  if (sim.observer == nullptr) return;
  sim.observer->event({.kind = SimEventKind::kTransfer,
                       .start = start,
                       .end = start + time,
                       .resource = static_cast<std::uint32_t>(edge.link),
                       .group = group_.program.group,
                       .tensor = edge.tensor,
                       .bytes = Bytes{bytes}});
}

/// Tells the observer what ports have served until now.
void Clock::report_spans() {
  if (group_.sim.observer == nullptr) return;
  const SimContext& context = group_.context;
  for (DramPort& port : group_.sim.ports) {
    for (const TransferSpan& span : port.spans()) {
      const bool store = span.transfer.store;
      group_.sim.observer->event(
          {.kind = store ? SimEventKind::kStore : SimEventKind::kLoad,
           .start = span.start,
           .end = span.end,
           .resource = static_cast<std::uint32_t>(store ? context.dram_write : context.dram_read),
           .group = span.transfer.group,
           .tensor = span.transfer.tensor,
           .bytes = Bytes{span.bytes}});
    }
    port.spans().clear();
  }
}

/// What has changed at this instant, when all is done that happens in it; with what is there for the next
/// group.
void Clock::report_memory() {
  if (group_.sim.observer == nullptr) return;
  std::vector<TensorId>& changed = group_.on_chip.changed;
  const OnChip* ahead = next_ == nullptr ? nullptr : &next_->group_.on_chip;
  if (ahead != nullptr) changed.insert(changed.end(), ahead->changed.begin(), ahead->changed.end());
  const Bytes total = Bytes{places_->on_chip() + ahead_} + group_.program.reserved;
  for (const TensorId tensor : changed) {
    const std::size_t i = index_of(tensor);
    const std::int64_t bytes = group_.on_chip.tensors[i] + (ahead == nullptr ? 0 : ahead->tensors[i]);
    group_.sim.observer->memory({group_.sim.now, tensor, Bytes{bytes}, total});
  }
  changed.clear();
  if (next_ != nullptr) next_->group_.on_chip.changed.clear();
}

void Clock::set_next(Clock& next) {
  next_ = &next;
  ahead_ = next.places_->on_chip();
}

}  // namespace fusescape
