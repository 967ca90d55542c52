#include "group_run.hpp"

#include <algorithm>
#include <bit>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

std::int64_t packed_capacity(const SimContext& context, const GroupProgram& program) {
  return (context.machine.capacity - program.reserved).value();
}

}  // namespace

GroupRun::GroupRun(const SimContext& context, const GroupProgram& program, SimState& state, bool steady_state,
                   const std::optional<SpillRules>& spills)
    : context_{context},
      program_{program},
      state_{state},
      steady_state_{steady_state},
      shared_memory_{!spills && program.shares_memory(context.machine.capacity)},
      counts_room_{shared_memory_ && program.steps.size() > 1},
      capacity_{packed_capacity(context, program)},
      cores_(program.steps.size()),
      buffers_(program.buffers.size()),
      moves_(context.cascade.tensors.size()),
      delivered_(program.edges.size()),
      spills_(program.spills.size()),
      costs_(program.tiles.size()),
      runs_(program.tiles.size()),
      lanes_(context.cascade.operators.size()),
      tensor_bytes_(context.cascade.tensors.size()),
      scratch_{whole_bounds(context.cascade)},
      watched_by_(program.loops.size(), -1),
      snapshots_(program.loops.size()) {
  for (std::size_t core = cores_.size(); core-- > 0;) {
    cores_[core].at = Odometer{program.loops};
    cores_[core].iterations.resize(program.loops.size());
    for (const ProgramStep& step : program.steps[core]) {  // The first core that has a loop watches it.
      if (step.kind != ProgramStep::Kind::kLoop) continue;
      watched_by_[static_cast<std::size_t>(step.id)] = static_cast<int>(core);
    }
  }
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    buffers_[i].left.resize(program.buffers[i].touching.size());
    buffers_[i].places.resize(std::bit_ceil(static_cast<std::size_t>(program.buffers[i].slots)));
    buffers_[i].feed = Odometer{program.loops};
    start_feed(static_cast<int>(i));
  }
  if (spills) spill_.emplace(context, program, *spills, state, moves_);
  collect_counters();
}

bool GroupRun::run() {
  start();
  for (;;) {
    Ticks next = settle();
    if (spill_ && spill_->failure()) return false;
    std::sort(boundaries_.begin(), boundaries_.end(), std::greater<>{});  // Inner loops before outer ones.
    for (const int loop : boundaries_) {
      if (steady_state_) check_period(loop);
      next = next_time();  // Periods may have been skipped.
    }
    boundaries_.clear();
    if (finished()) return true;
    if (next == kNever) return false;
    state_.now = next;
    complete_all();
  }
}

void GroupRun::start() {
  for (DramPort& port : state_.ports) {  // What was fetched ahead counts as anything else now.
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      port.set_depth(program_.group, static_cast<int>(i), program_.buffers[i].depth);
    }
  }
  for (std::size_t core = 0; core < cores_.size(); ++core) advance(cores_[core], static_cast<int>(core));
  if (spill_) return reach();
  for (std::size_t i = 0; i < buffers_.size(); ++i) poll_feed(static_cast<int>(i));
}

/// Where memory is managed, the core's next tile is another one.
void GroupRun::reach() {
  if (!spill_->reach()) cores_.front().head = -1;
  count_spills();
}

void GroupRun::count_spills() {
  for (const auto& [buffer, change] : spill_->changes())
    add_on_chip(program_.buffers[static_cast<std::size_t>(buffer)].tensor, change);
  spill_->changes().clear();
}

/// Lets everything happen that can at this instant; when the next thing does.
Ticks GroupRun::settle() {
  for (;;) {
    for (std::size_t core = 0; core < cores_.size(); ++core) try_start(static_cast<int>(core));
    for (DramPort& port : state_.ports) port.serve(state_.now);
    report_spans();  // Of what was cut short.
    const Ticks next = next_time();
    if (next > state_.now) {
      report_memory();
      return next;
    }
    complete_all();
  }
}

void GroupRun::complete_all() {
  for (DramPort& port : state_.ports) {
    if (port.is_done(state_.now)) {
      const Transfer& transfer = port.take_done(state_.now);
      GroupRun& owner = transfer.group == program_.group ? *this : *next_;
      owner.complete(transfer);
    }
  }
  report_spans();
  for (std::size_t i = 0; i < deliveries_.size();) {
    if (deliveries_[i].at > state_.now) {
      ++i;
      continue;
    }
    ++delivered_[static_cast<std::size_t>(deliveries_[i].edge)];
    deliveries_.erase(deliveries_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (std::size_t core = 0; core < cores_.size(); ++core) {
    if (cores_[core].running && cores_[core].end <= state_.now) end_tile(static_cast<int>(core));
  }
}

/// Tells the observer what ports have served until now.
void GroupRun::report_spans() {
  for (DramPort& port : state_.ports) {
    for (const TransferSpan& span : port.spans()) {
      state_.observer->event({.kind = span.transfer.store ? SimEventKind::kStore : SimEventKind::kLoad,
                              .start = span.start,
                              .end = span.end,
                              .resource = static_cast<std::uint32_t>(
                                  span.transfer.store ? context_.dram_write : context_.dram_read),
                              .group = span.transfer.group,
                              .tensor = span.transfer.tensor,
                              .bytes = Bytes{span.bytes}});
    }
    port.spans().clear();
  }
}

Ticks GroupRun::next_time() const {
  Ticks first = kNever;
  for (const CoreState& core : cores_) {
    if (core.running) first = std::min(first, core.end);
  }
  for (const DramPort& port : state_.ports) {
    if (port.serving() != nullptr) first = std::min(first, port.serving()->end());
  }
  for (const Delivery& delivery : deliveries_) first = std::min(first, delivery.at);
  return first;
}

/// All tiles have run and all results are in DRAM; only a later group's loads may be on their way.
bool GroupRun::finished() const {
  for (const CoreState& core : cores_) {
    if (core.head >= 0) return false;
  }
  for (const DramPort& port : state_.ports) {
    if (port.serving() != nullptr && port.serving()->group == program_.group) return false;
    for (std::size_t i = 0; i < port.waiting(); ++i) {
      if (port.waiting(i).group == program_.group) return false;
    }
  }
  return true;
}

/// To the core's next tile.
void GroupRun::advance(CoreState& core, int id) {
  core.head = next_tile(program_.loops, program_.steps[static_cast<std::size_t>(id)], core.at, core.step,
                        [&](int loop, bool enters) {
                          ++core.iterations[static_cast<std::size_t>(loop)];
                          if (watched_by_[static_cast<std::size_t>(loop)] != id) return;
                          if (!enters) return boundaries_.push_back(loop);
                          snapshots_[static_cast<std::size_t>(loop)].iterations = 0;
                        });
}

void GroupRun::try_start(int id) {
  CoreState& core = cores_[static_cast<std::size_t>(id)];
  if (core.running || core.head < 0 || still_blocked(core)) return;
  count_stall(id);
  if (is_blocked(core)) return;
  if (!core.computed) return start_tile(id);
  core.computed = false;
  spill_->end();
  ++core.step;
  advance(core, id);
  reach();
  if (core.head >= 0 && !is_blocked(core)) start_tile(id);
}

/// Bytes of the slab that `touch` uses, whether or not it has a place yet.
std::int64_t GroupRun::bytes_of_touch(const CoreState& core, const TouchSpec& touch) const {
  const auto b = static_cast<std::size_t>(touch.buffer);
  const BufferState& buffer = buffers_[b];
  if (!program_.buffers[b].counts) return 0;
  const Place& place = buffer.place(buffer.left[static_cast<std::size_t>(touch.toucher)]);
  if (place.held >= 0) return place.held;
  return program_.buffers[b].held.bytes(context_.cascade, core.at, scratch_);
}

/// What all slabs of a tile together take more than those that live at once, at worst.
std::int64_t GroupRun::spare_bytes(const CoreState& core, const TileSpec& tile) const {
  if (tile.leaves.size() == 1) return 0;
  std::int64_t all = 0;
  std::int64_t most = 0;
  for (int leaf = 0; leaf < static_cast<int>(tile.leaves.size()); ++leaf) {
    std::int64_t alive = 0;
    for (const TouchSpec& touch : tile.touches) {
      const std::int64_t bytes = bytes_of_touch(core, touch);
      if (leaf == 0) all += bytes;
      if (touch.first_leaf <= leaf && leaf <= touch.last_leaf) alive += bytes;
    }
    most = std::max(most, alive);
  }
  return all - most;
}

/// Bytes that must be free for `tile` to start.
std::int64_t GroupRun::room_for(const CoreState& core, const TileSpec& tile) const {
  std::int64_t sum = -spare_bytes(core, tile);
  for (const TouchSpec& touch : tile.touches) {
    const BufferState& buffer = buffers_[static_cast<std::size_t>(touch.buffer)];
    const std::int64_t visit = buffer.left[static_cast<std::size_t>(touch.toucher)];
    if (buffer.place(visit).held < 0) sum += bytes_of_touch(core, touch);
  }
  return sum;
}

const TileCost& GroupRun::cost_of(int tile, const Odometer& at) {
  const TileSpec& spec = program_.tiles[static_cast<std::size_t>(tile)];
  std::vector<TileCost>& known = costs_[static_cast<std::size_t>(tile)];
  for (const TileCost& cost : known) {
    bool same = true;
    for (std::size_t i = 0; i < spec.key_loops.size(); ++i)
      same = same && cost.extents[i] == at[spec.key_loops[i]].extent;
    if (same) return cost;
  }
  known.push_back(tile_cost(context_, program_, spec, at));
  return known.back();
}

/// Slabs that the tile fills have a place from now on.
void GroupRun::take_places(CoreState& core, const TileSpec& tile) {
  core.spare = spare_bytes(core, tile);
  spare_ += core.spare;
  for (const TouchSpec& touch : tile.touches) {
    const auto b = static_cast<std::size_t>(touch.buffer);
    const std::int64_t visit = buffers_[b].left[static_cast<std::size_t>(touch.toucher)];
    if (buffers_[b].place(visit).held < 0) {
      hold(touch.buffer, visit, program_.buffers[b].held.bytes(context_.cascade, core.at, scratch_));
    }
  }
  note_peak();
}

/// It runs as long as its core takes, and as the on-chip memory's ports take once they have served earlier
/// tiles.
void GroupRun::start_tile(int id) {
  CoreState& core = cores_[static_cast<std::size_t>(id)];
  const TileSpec& tile = program_.tiles[static_cast<std::size_t>(core.head)];
  spill_ ? spill_->start() : take_places(core, tile);
  const TileCost& cost = cost_of(core.head, core.at);
  const bool shared = state_.onchip_free.size() == 1;
  core.compute = cost.compute;
  core.end = state_.now + cost.compute;
  const auto use_port = [&](std::size_t port, int resource, Ticks time, std::int64_t bytes) {
    SimResource& used = state_.resources[static_cast<std::size_t>(resource)];
    used.busy += time;
    state_.moved[static_cast<std::size_t>(resource)] += bytes;
    if (time == Ticks{}) return;
    Ticks& free = state_.onchip_free[port];
    free = std::max(free, state_.now) + time;
    core.end = std::max(core.end, free);
  };
  use_port(0, context_.sram_read, cost.onchip_read, cost.read_bytes);
  use_port(shared ? 0 : 1, context_.sram_write, cost.onchip_write, cost.written_bytes);
  core.started = state_.now;
  core.running = true;
  if (kept_ != nullptr) show_kept();
  if (running_++ == 0) running_since_ = state_.now;
  ++state_.events;
}

void GroupRun::end_tile(int id) {
  CoreState& core = cores_[static_cast<std::size_t>(id)];
  const TileSpec& tile = program_.tiles[static_cast<std::size_t>(core.head)];
  core.running = false;
  if (--running_ == 0) compute_ += state_.now - running_since_;
  SimResource& used = state_.resources[static_cast<std::size_t>(tile.resource)];
  used.busy += core.compute;
  used.stall[static_cast<std::size_t>(Stall::kOnChip)] += core.end - core.started - core.compute;
  ++runs_[static_cast<std::size_t>(core.head)];
  if (state_.observer != nullptr) {
    state_.observer->event({.kind = SimEventKind::kTile,
                            .start = core.started,
                            .end = core.end,
                            .resource = static_cast<std::uint32_t>(tile.resource),
                            .group = program_.group,
                            .tile = program_.first_tile + static_cast<std::uint32_t>(core.head)});
  }
  core.computed = spill_.has_value();
  if (!spill_) finish_tile(id);
}

/// What it made goes on: to DRAM, to other cores, to whoever waits for its places.
void GroupRun::finish_tile(int id) {
  CoreState& core = cores_[static_cast<std::size_t>(id)];
  const TileSpec& tile = program_.tiles[static_cast<std::size_t>(core.head)];
  for (const TouchSpec& touch : tile.touches) {
    const BufferSpec& buffer = program_.buffers[static_cast<std::size_t>(touch.buffer)];
    const StoredSlab stored = touch.writes ? stored_slab(buffer, touch, tile.loops(), core.at) : StoredSlab{};
    if (stored.slab != nullptr) store(touch.buffer, stored, core.at);
  }
  const int next = innermost(core.at.not_last() & outermost(tile.loops()));
  for (const TouchSpec& touch : tile.touches) leave(id, touch, next);
  for (const int out : tile.out) {
    const EdgeSpec& edge = program_.edges[static_cast<std::size_t>(out)];
    if (next < static_cast<int>(edge.shared.path.size())) send(edge, out, core);
  }
  for (std::size_t i = 0; i < program_.spills.size(); ++i) {
    const SpillSpec& spill = program_.spills[i];
    if (spill.producer != core.head) continue;
    const LoopMask inside = outermost(tile.loops()) & ~outermost(static_cast<int>(spill.shared.path.size()));
    if ((core.at.not_last() & inside & spill.touch.completes) != 0) continue;
    if ((core.at.moved() & inside & spill.touch.repeats) != 0) continue;
    const BufferState& stored = buffers_[static_cast<std::size_t>(spill.stored)];
    ++spills_[i].finished;
    if (const std::int64_t owed = stored.stores_issued - stored.stores_done; owed > 0) {
      spills_[i].owed.push_back(owed);
    }
    poll_feed(spill.fed);
  }
  spare_ -= core.spare;
  note_peak();
  ++core.step;
  advance(core, id);
  if (program_.prefetch_depth == 0) poll_due(core);
  if (shared_memory_) poll_all_feeds();
}

void GroupRun::send(const EdgeSpec& edge, int id, const CoreState& core) {
  const auto port = static_cast<std::size_t>(edge.link - context_.first_link);
  if (edge.link < 0) {
    ++delivered_[static_cast<std::size_t>(id)];
    return;
  }
  const std::int64_t bytes = edge.slab ? edge.slab->bytes(context_.cascade, core.at, scratch_) : 0;
  const Ticks time = Ticks{bytes} * context_.link_ticks_per_byte;
  const Ticks start = std::max(state_.link_free[port], state_.now);
  state_.link_free[port] = start + time;
  SimResource& link = state_.resources[static_cast<std::size_t>(edge.link)];
  link.busy += time;
  state_.moved[static_cast<std::size_t>(edge.link)] += bytes;
  const Ticks at = start + time + context_.link_latency;
  if (at <= state_.now) {
    ++delivered_[static_cast<std::size_t>(id)];
  } else {
    deliveries_.push_back({at, id});
  }
  if (bytes == 0) return;
  ++state_.events;
  if (state_.observer == nullptr) return;
  state_.observer->event({.kind = SimEventKind::kTransfer,
                          .start = start,
                          .end = start + time,
                          .resource = static_cast<std::uint32_t>(edge.link),
                          .group = program_.group,
                          .tensor = edge.tensor,
                          .bytes = Bytes{bytes}});
}

}  // namespace fusescape
