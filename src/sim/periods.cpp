#include "periods.hpp"

#include <algorithm>

namespace fusescape {
namespace {

/// Loops with fewer trips are simply run.
constexpr std::int64_t kFewTrips = 4;

}  // namespace

void count_stall(GroupState& group, CoreState& core) {
  if (core.blocked) {
    const auto resource = static_cast<std::size_t>(group.tile(core.head).resource);
    group.sim.resources[resource].stall[static_cast<std::size_t>(core.wait.cause)] +=
        group.sim.now - core.blocked_since;
  }
  core.blocked_since = group.sim.now;
}

Periods::Periods(GroupState& group, Places& places)
    : group_{group},
      places_{places},
      watched_by_(group.program.loops.size(), -1),
      snapshots_(group.program.loops.size()) {
  for (std::size_t core = group.cores.size(); core-- > 0;) {
    for (const ProgramStep& step : group.program.steps[core]) {
      if (step.kind == ProgramStep::Kind::kLoop)
        watched_by_[static_cast<std::size_t>(step.id)] = static_cast<int>(core);
    }
  }
  add_counters();
}

void Periods::add_counters() {
  const auto add = [&](std::vector<std::int64_t>& counts) {
    for (std::int64_t& count : counts) growing_.counts.push_back(&count);
  };
  for (CoreState& core : group_.cores) add(core.iterations);
  add(group_.delivered);
  add(group_.runs);
  add(group_.sim.moved);
  for (TensorMoves& moves : group_.moves) {
    for (std::int64_t* bytes : {&moves.read, &moves.written, &moves.evicted, &moves.reloaded})
      growing_.counts.push_back(bytes);
  }
  growing_.times.push_back(&group_.compute);
  for (SimResource& resource : group_.sim.resources) {
    growing_.times.push_back(&resource.busy);
    for (Ticks& stall : resource.stall) growing_.times.push_back(&stall);
  }
  places_.add_counters(growing_);
}

LoopView Periods::view_of(int loop) {
  const auto core = static_cast<std::size_t>(watched_by_[static_cast<std::size_t>(loop)]);
  return {group_.program, group_.cores[core].at, loop, group_.sim.now, shape_};
}

const std::vector<int>& Periods::path_of(const CoreState& core) const {
  static const std::vector<int> none;
  return core.head < 0 ? none : group_.tile(core.head).path;
}

void Periods::describe_core(LoopView& loop, CoreState& core) const {
  count_stall(group_, core);
  loop.add(core.head, core.running, core.computed);
  if (core.running) loop.add_time(core.end);
  if (core.running) loop.add_time(core.started);
  loop.add_cursor(core.at, path_of(core));
}

/// When something got ready shows only in its place in the queue.
void Periods::describe_transfers(LoopView& loop) const {
  const auto add = [&](const Transfer& transfer, Ticks at) {
    const bool own = transfer.group == group_.program.group;
    loop.add(own, transfer.buffer, transfer.store);
    if (own) places_.describe(loop, transfer);
    loop.add_time(at);
  };
  const Ticks now = group_.sim.now;
  for (const DramPort& port : group_.sim.ports) {
    loop.add(port.waiting().size(), port.serving() != nullptr);
    for (const Transfer& waiting : port.waiting()) add(waiting, now + waiting.left);
    if (port.serving() != nullptr) add(*port.serving(), port.serving()->end());
  }
  loop.add(group_.deliveries.size());
  for (const Delivery& delivery : group_.deliveries) {
    loop.add(delivery.edge);
    loop.add_time(delivery.at);
  }
  for (const Ticks free : group_.sim.onchip_free) loop.add_time(std::max(free, now));
  for (const Ticks free : group_.sim.link_free) loop.add_time(std::max(free, now));
}

/// What the rest of the run depends on, as seen from the watched core's place in the loop.
void Periods::describe(LoopView& loop) {
  if (group_.running > 0) {
    group_.compute += group_.sim.now - group_.running_since;
    group_.running_since = group_.sim.now;
  }
  for (CoreState& core : group_.cores) describe_core(loop, core);
  places_.describe(loop);
  for (std::size_t i = 0; i < group_.delivered.size(); ++i) {
    const EdgeSpec& edge = group_.program.edges[i];
    const int counted = edge.shared.counted();
    const CoreState& reader = group_.cores[static_cast<std::size_t>(group_.tile(edge.to).core)];
    loop.add(group_.delivered[i] -
             (counted == kNoLoop ? 0 : reader.iterations[static_cast<std::size_t>(counted)]));
  }
  describe_transfers(loop);
}

void Periods::save(Snapshot& snapshot, std::int64_t index) const {
  snapshot.next = snapshot.iterations * 2;
  snapshot.taken = true;
  snapshot.shape = shape_;
  snapshot.time = group_.sim.now;
  snapshot.index = index;
  snapshot.counters.clear();
  for (const std::int64_t* count : growing_.counts) snapshot.counters.push_back(*count);
  snapshot.times.clear();
  for (const Ticks* time : growing_.times) snapshot.times.push_back(*time);
  snapshot.port_busy.clear();
  for (const DramPort& port : group_.sim.ports) snapshot.port_busy.push_back(port.busy_until(group_.sim.now));
}

/// Compares the loop with itself at its iterations 1, 2, 4, 8, ...: so a period is found after at most three
/// times what it took to settle.
void Periods::check(int loop) {
  LoopView view = view_of(loop);
  if (!view.spec().periodic || view.watched()[view.spec().depth].trips < kFewTrips) return;
  Snapshot& snapshot = snapshots_[static_cast<std::size_t>(loop)];
  if (snapshot.iterations++ == 0) {
    snapshot.taken = false;
    snapshot.next = 1;
  }
  shape_.clear();
  describe(view);
  const bool recurs = snapshot.taken && snapshot.shape == shape_;
  const std::int64_t times = recurs ? periods_left(snapshot, view) : 0;
  if (times > 0) return repeat(snapshot, view, times);
  if (snapshot.iterations >= snapshot.next) save(snapshot, view.index());
}

std::int64_t Periods::periods_left(const Snapshot& before, const LoopView& loop) const {
  PeriodLimit limit{group_.context, loop, loop.index() - before.index};
  for (const CoreState& core : group_.cores) limit.cursor(core.at, path_of(core));
  places_.limit(limit, before.counters);
  return limit.left();
}

/// Lets the period since `before` happen `times` more.
void Periods::repeat(const Snapshot& before, const LoopView& loop, std::int64_t times) {
  SimState& sim = group_.sim;
  const std::int64_t iterations = (loop.index() - before.index) * times;
  const Ticks from = sim.now;
  const Ticks by = (sim.now - before.time) * times;
  places_.jump(loop, iterations);
  for (CoreState& core : group_.cores) {
    if (loop.moves(core.at, path_of(core))) loop.jump(core.at, path_of(core), iterations);
    core.started += by;
    core.end += by;
    core.blocked_since += by;
  }
  for (std::size_t i = 0; i < growing_.counts.size(); ++i)
    *growing_.counts[i] += (*growing_.counts[i] - before.counters[i]) * times;
  for (std::size_t i = 0; i < growing_.times.size(); ++i)
    *growing_.times[i] += (*growing_.times[i] - before.times[i]) * times;
  for (std::size_t i = 0; i < sim.ports.size(); ++i) {
    const Ticks busy = sim.ports[i].busy_until(sim.now) - before.port_busy[i];
    sim.ports[i].shift(by, busy * times);
  }
  for (Delivery& delivery : group_.deliveries) delivery.at += by;
  for (Ticks& free : sim.onchip_free) free += by;
  for (Ticks& free : sim.link_free) free += by;
  group_.running_since += by;
  sim.now += by;
  sim.skipped += times;
  if (sim.observer != nullptr) sim.observer->skipped(from, sim.now, times);
}

}  // namespace fusescape
