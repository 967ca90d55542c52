#include "periods.hpp"

#include <algorithm>
#include <utility>

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
  for (const BufferSpec& buffer : group.program.buffers) tensors_.insert(buffer.tensor);
  for (std::size_t core = group.cores.size(); core-- > 0;) {
    for (const ProgramStep& step : group.program.steps[core]) {
      if (step.kind == ProgramStep::Kind::kLoop)
        watched_by_[static_cast<std::size_t>(step.id)] = static_cast<int>(core);
    }
  }
}

/// When something got ready shows only in its place in the queue.
void Periods::pass_ports(LoopPass& pass) {
  SimState& sim = group_.sim;
  const auto pass_transfer = [&](const Transfer& transfer, Ticks end) {
    pass.same(transfer.group == group_.program.group, transfer.buffer, transfer.store);
    pass.time(end);
  };
  for (DramPort& port : sim.ports) {
    pass.same(port.waiting().size(), port.serving() != nullptr);
    for (const Transfer& transfer : port.waiting()) pass_transfer(transfer, sim.now + transfer.left);
    if (port.serving() != nullptr) pass_transfer(*port.serving(), port.serving()->end());
    Ticks busy = port.busy_until(sim.now);
    pass.count(busy);
    port.shift(pass.skipped(), busy - port.busy_until(sim.now));
  }
  pass.same(group_.deliveries.size());
  for (Delivery& delivery : group_.deliveries) {
    pass.same(delivery.edge);
    pass.time(delivery.at);
  }
  for (auto* all : {&sim.onchip_free, &sim.link_free}) {
    for (Ticks& free : *all) {
      free = std::max(free, sim.now);
      pass.time(free);
    }
  }
}

void Periods::pass_counts(LoopPass& pass) {
  for (CoreState& core : group_.cores) {
    for (std::int64_t& count : core.iterations) pass.count(count);
  }
  for (auto* counts : {&group_.delivered, &group_.runs, &group_.sim.moved}) {
    for (std::int64_t& count : *counts) pass.count(count);
  }
  for (const TensorId tensor : tensors_) {
    TensorMoves& moves = group_.moves[index_of(tensor)];
    for (std::int64_t* bytes : {&moves.read, &moves.written, &moves.evicted, &moves.reloaded})
      pass.count(*bytes);
  }
  pass.count(group_.compute);
  for (SimResource& resource : group_.sim.resources) {
    pass.count(resource.busy);
    for (Ticks& stall : resource.stall) pass.count(stall);
  }
}

/// Goes over all that the rest of the run depends on, and all that grows. The watched core comes after what
/// is compared with it.
LoopPass Periods::pass(LoopPass::Kind kind, int loop, LoopState& state, std::int64_t repeats) {
  const auto watched = static_cast<std::size_t>(watched_by_[static_cast<std::size_t>(loop)]);
  LoopPass pass{kind, group_, loop, group_.cores[watched].at, state, repeats};
  places_.pass(pass);
  for (std::size_t i = 0; i < group_.delivered.size(); ++i) {
    const EdgeSpec& edge = group_.program.edges[i];
    const CoreState& reader = group_.cores[static_cast<std::size_t>(group_.tile(edge.to).core)];
    pass.same(group_.delivered[i] - edge.shared.iteration(reader.iterations));
  }
  for (CoreState& core : group_.cores) {
    pass.same(core.head, core.running, core.computed);
    if (core.running) pass.time(core.end);
    if (core.running) pass.time(core.started);
    pass.cursor(core.at, group_.path_of(core.head));
    pass.moves_along(core.blocked_since);
  }
  pass_ports(pass);
  pass.moves_along(group_.running_since);
  if (pass.counts()) pass_counts(pass);
  return pass;
}

/// Compares the loop with itself at its iterations 1, 2, 4, 8, ...: so a period is found after at most three
/// times what it took to settle.
void Periods::check(int loop) {
  using Pass = LoopPass::Kind;
  const NestLoop& spec = group_.program.loops[static_cast<std::size_t>(loop)];
  const auto watched = static_cast<std::size_t>(watched_by_[static_cast<std::size_t>(loop)]);
  const Odometer::Position& at = group_.cores[watched].at[spec.depth];
  if (!spec.periodic || at.trips < kFewTrips) return;
  Snapshot& snapshot = snapshots_[static_cast<std::size_t>(loop)];
  if (snapshot.iterations++ == 0) {
    snapshot.taken = false;
    snapshot.next = 1;
  }
  for (CoreState& core : group_.cores) count_stall(group_, core);
  if (group_.running > 0)
    group_.compute += group_.sim.now - std::exchange(group_.running_since, group_.sim.now);
  now_.index = at.index;
  now_.now = group_.sim.now;
  for (auto* values : {&now_.shape, &now_.counts}) values->clear();
  now_.times.clear();
  static_cast<void>(pass(Pass::kDescribe, loop, now_));
  if (snapshot.taken && snapshot.state.shape == now_.shape) {
    const std::int64_t repeats = pass(Pass::kLimit, loop, snapshot.state).most_repeats();
    if (repeats > 0) return repeat(loop, snapshot.state, repeats);
  }
  if (snapshot.iterations < snapshot.next) return;
  static_cast<void>(pass(Pass::kCount, loop, now_));
  std::swap(snapshot.state, now_);
  snapshot.next = snapshot.iterations * 2;
  snapshot.taken = true;
}

/// Lets the period since `before` happen `repeats` more.
void Periods::repeat(int loop, LoopState& before, std::int64_t repeats) {
  SimState& sim = group_.sim;
  const Ticks from = sim.now;
  sim.now += pass(LoopPass::Kind::kRepeat, loop, before, repeats).skipped();
  sim.skipped += repeats;
  if (sim.observer != nullptr) sim.observer->skipped(from, sim.now, repeats);
}

}  // namespace fusescape
