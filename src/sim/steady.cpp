// Does a loop repeat itself? If so, its periods are counted, not run.
#include <algorithm>
#include <limits>

#include "fusescape/plan/traffic.hpp"
#include "group_run.hpp"

namespace fusescape {
namespace {

/// Loops with fewer trips are simply run.
constexpr std::int64_t kFewTrips = 4;
constexpr int kHalf = 64;

}  // namespace

/// Everything that grows by the same amount in every period, at addresses that stay.
void GroupRun::collect_counters() {
  for (CoreState& core : cores_) {
    for (std::int64_t& count : core.iterations) counters_.push_back(&count);
  }
  for (BufferState& b : buffers_) {
    for (std::int64_t& left : b.left) counters_.push_back(&left);
    for (std::int64_t& count : b.feed_iterations) counters_.push_back(&count);
    saving_at_.push_back(counters_.size());
    for (std::int64_t* count : {&b.loaded, &b.stored, &b.released, &b.requested, &b.arrived, &b.stores_issued,
                                &b.stores_done, &b.in_lane}) {
      counters_.push_back(count);
    }
  }
  for (TensorMoves& moves : moves_) {
    for (std::int64_t* bytes : {&moves.read, &moves.written, &moves.evicted, &moves.reloaded})
      counters_.push_back(bytes);
  }
  for (std::int64_t& bytes : lanes_) counters_.push_back(&bytes);
  for (std::int64_t& count : delivered_) counters_.push_back(&count);
  for (SpillState& spill : spills_) counters_.push_back(&spill.finished);
  for (std::int64_t& count : runs_) counters_.push_back(&count);
  for (std::int64_t& bytes : state_.moved) counters_.push_back(&bytes);
  times_.push_back(&compute_);
  for (SimResource& resource : state_.resources) {
    times_.push_back(&resource.busy);
    for (Ticks& stall : resource.stall) times_.push_back(&stall);
  }
}

const std::vector<int>& GroupRun::path_of_tile(int tile) const {
  static const std::vector<int> none;
  return tile < 0 ? none : program_.tiles[static_cast<std::size_t>(tile)].path;
}

/// Whether something in the loops `path` takes part in the iterations of `loop` that its watched core is in.
bool GroupRun::moves_with(const Odometer& at, const std::vector<int>& path, int loop) const {
  const auto depth = static_cast<std::size_t>(program_.loops[static_cast<std::size_t>(loop)].depth);
  if (path.size() <= depth || path[depth] != loop) return false;
  for (int above = static_cast<int>(depth) - 1; above >= 0; --above) {
    if (at[above].index != watched(loop).at[above].index) return false;
  }
  return true;
}

void GroupRun::describe_odometer(const Odometer& at, const std::vector<int>& path, int loop) {
  const bool moves = moves_with(at, path, loop);
  shape_.push_back(moves ? 1 : 0);
  for (int depth = 0; depth < static_cast<int>(path.size()); ++depth) {
    const bool same = moves && path[static_cast<std::size_t>(depth)] == loop;
    shape_.push_back(at[depth].index - (same ? watched(loop).at[depth].index : 0));
    shape_.push_back(at[depth].extent);
  }
  const LoopMask loops = outermost(static_cast<int>(path.size()));
  shape_.push_back(static_cast<std::int64_t>(at.not_last() & loops));
  shape_.push_back(static_cast<std::int64_t>(at.moved() & loops));
}

void GroupRun::describe_time(Ticks at) {
  const Int128 relative = (at - state_.now).value();
  shape_.push_back(static_cast<std::int64_t>(relative >> kHalf));
  shape_.push_back(static_cast<std::int64_t>(relative));
}

void GroupRun::describe_buffers(int loop) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const BufferSpec& spec = program_.buffers[i];
    const BufferState& b = buffers_[i];
    for (const std::int64_t left : b.left) shape_.push_back(left - b.released);
    shape_.push_back(b.stores_issued - b.stores_done);
    for (std::int64_t visit = b.released; visit < b.released + spec.slots; ++visit) {
      const Place& place = b.place(visit);
      shape_.insert(shape_.end(), {place.held, place.owed, place.there ? 1 : 0});
    }
    if (!spec.fed) continue;
    shape_.push_back(b.requested - b.released);
    shape_.push_back(b.arrived - b.released);
    if (spec.lane >= 0) shape_.push_back(lanes_[static_cast<std::size_t>(spec.lane)] - b.in_lane);
    shape_.push_back(b.fed_all ? 1 : 0);
    if (!b.fed_all) describe_odometer(b.feed, spec.path, loop);
  }
}

void GroupRun::describe_transfers() {
  const auto describe_transfer = [&](const Transfer& t) {
    shape_.push_back((t.group == program_.group ? t.buffer : -1 - t.buffer) * 2 + (t.store ? 1 : 0));
    if (spill_) shape_.push_back(spill_->relative(t));
  };
  for (const DramPort& port :
       state_.ports) {  // When something got ready shows only in its place in the queue.
    shape_.push_back(static_cast<std::int64_t>(port.waiting()) * 2 + (port.serving() != nullptr ? 1 : 0));
    for (std::size_t i = 0; i < port.waiting(); ++i) {
      const Transfer& transfer = port.waiting(i);
      describe_transfer(transfer);
      describe_time(state_.now + transfer.left);
    }
    if (port.serving() == nullptr) continue;
    describe_transfer(*port.serving());
    describe_time(port.serving()->end());
  }
  shape_.push_back(static_cast<std::int64_t>(deliveries_.size()));
  for (const Delivery& delivery : deliveries_) {
    shape_.push_back(delivery.edge);
    describe_time(delivery.at);
  }
  for (const Ticks free : state_.onchip_free) describe_time(std::max(free, state_.now));
  for (const Ticks free : state_.link_free) describe_time(std::max(free, state_.now));
}

/// What the rest of the run depends on, as seen from the watched core's place in `loop`; kept in shape_.
void GroupRun::describe(int loop) {
  shape_.clear();
  if (running_ > 0) {
    compute_ += state_.now - running_since_;
    running_since_ = state_.now;
  }
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    count_stall(static_cast<int>(i));
    const CoreState& core = cores_[i];
    shape_.push_back(core.head);
    shape_.push_back((core.running ? 1 : 0) + (core.computed ? 2 : 0));
    if (core.running) describe_time(core.end);
    if (core.running) describe_time(core.started);
    describe_odometer(core.at, path_of_tile(cores_[i].head), loop);
  }
  if (spill_) {
    spill_->describe(spill_->positions_of(loop, watched(loop).at), shape_);
    describe_odometer(spill_->planned_at(), path_of_tile(spill_->planned_tile()), loop);
    shape_.push_back(spill_->planned_tile());
    return describe_transfers();
  }
  describe_buffers(loop);
  for (std::size_t i = 0; i < delivered_.size(); ++i) {
    const EdgeSpec& edge = program_.edges[i];
    const int counted = edge.shared.counted();
    const auto core = static_cast<std::size_t>(program_.tiles[static_cast<std::size_t>(edge.to)].core);
    shape_.push_back(delivered_[i] -
                     (counted == kNoLoop ? 0 : cores_[core].iterations[static_cast<std::size_t>(counted)]));
  }
  for (std::size_t i = 0; i < spills_.size(); ++i) {
    const int counted = program_.spills[i].shared.counted();
    const BufferState& fed = buffers_[static_cast<std::size_t>(program_.spills[i].fed)];
    shape_.push_back(spills_[i].finished -
                     (counted == kNoLoop ? 0 : fed.feed_iterations[static_cast<std::size_t>(counted)]));
    shape_.insert(shape_.end(), spills_[i].owed.begin(), spills_[i].owed.end());
  }
  describe_transfers();
}

void GroupRun::save(Snapshot& snapshot, int loop) {
  snapshot.next = snapshot.iterations * 2;
  snapshot.taken = true;
  snapshot.shape = shape_;
  snapshot.time = state_.now;
  snapshot.index = watched_index(loop);
  snapshot.counters.resize(counters_.size());
  for (std::size_t i = 0; i < counters_.size(); ++i) snapshot.counters[i] = *counters_[i];
  snapshot.times.resize(times_.size());
  for (std::size_t i = 0; i < times_.size(); ++i) snapshot.times[i] = *times_[i];
  snapshot.port_busy.clear();
  for (const DramPort& port : state_.ports) snapshot.port_busy.push_back(port.busy_until(state_.now));
}

/// Compares `loop` with itself at its iterations 1, 2, 4, 8, ...: so a period is found after at most three
/// times what it took to settle.
void GroupRun::check_period(int loop) {
  if (!program_.loops[static_cast<std::size_t>(loop)].periodic) return;
  if (watched(loop).at[program_.loops[static_cast<std::size_t>(loop)].depth].trips < kFewTrips) return;
  Snapshot& snapshot = snapshots_[static_cast<std::size_t>(loop)];
  if (snapshot.iterations++ == 0) {
    snapshot.taken = false;
    snapshot.next = 1;
  }
  describe(loop);
  const bool recurs = snapshot.taken && snapshot.shape == shape_;
  const std::int64_t times = recurs ? periods_left(snapshot, loop) : 0;
  if (times > 0) return repeat(snapshot, loop, times);
  if (snapshot.iterations >= snapshot.next) save(snapshot, loop);
}

/// Periods of `step` bytes each in which the same share of them stays on chip.
std::int64_t GroupRun::saving_limit(const Saving& saving, std::int64_t before, std::int64_t now) const {
  const std::int64_t step = now - before;
  if (saving.saved == 0 || step == 0) return std::numeric_limits<std::int64_t>::max();
  if (before / saving.once != now / saving.once) return 0;
  const std::int64_t at = now % saving.once;
  if (before % saving.once >= saving.saved) return (saving.once - at) / step;
  return at > saving.saved ? 0 : (saving.saved - at) / step;
}

/// How often the period since `before` can be repeated: until something would come to the loop's end, to a
/// smaller tile, or to where windows are clipped.
std::int64_t GroupRun::periods_left(const Snapshot& before, int loop) const {
  const NestLoop& spec = program_.loops[static_cast<std::size_t>(loop)];
  const std::int64_t period = watched_index(loop) - before.index;
  const std::int64_t outer = spec.outer == kNoLoop ? spec.whole : watched(loop).at[spec.outer].extent;
  const std::int64_t full = outer / spec.tile;
  std::int64_t left = std::numeric_limits<std::int64_t>::max();
  const auto limit = [&](const Odometer& at, std::int64_t margin) {
    left = std::min(left, (full - 2 - margin - at[spec.depth].index) / period);
  };
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    if (moves_with(cores_[i].at, path_of_tile(cores_[i].head), loop)) limit(cores_[i].at, 0);
  }
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const BufferSpec& b = program_.buffers[i];
    const std::size_t at = saving_at_[i];
    left = std::min({left, saving_limit(b.load_saving, before.counters[at], *counters_[at]),
                     saving_limit(b.store_saving, before.counters[at + 1], *counters_[at + 1])});
    const Odometer& feed = spill_ ? spill_->planned_at() : buffers_[i].feed;
    const bool ends = spill_ ? spill_->planned_tile() < 0 : buffers_[i].fed_all;
    if (!b.fed || ends || !moves_with(feed, b.path, loop)) continue;
    std::int64_t back = 0;
    for (const Index& index : b.load.slab.access.indices) {
      if (index.rank == spec.rank) back = std::max(back, fusescape::reach(context_.cascade, index));
    }
    if (back > 0 && feed[spec.depth].start - period * spec.tile <= back) return 0;
    limit(feed, back > 0 ? ceil_div(back, spec.tile) + 1 : 0);
  }
  if (spill_ && moves_with(spill_->planned_at(), path_of_tile(spill_->planned_tile()), loop))
    limit(spill_->planned_at(), 0);
  return left;
}

void GroupRun::move_odometer(Odometer& at, const std::vector<int>& path, int loop,
                             std::int64_t iterations) const {
  if (!moves_with(at, path, loop)) return;
  at.jump(loop, iterations);
  const NestLoop& spec = program_.loops[static_cast<std::size_t>(loop)];
  for (int inner = spec.depth + 1; inner < static_cast<int>(path.size()); ++inner) {
    if (program_.loop(path, inner).rank == spec.rank) at.shift(inner, iterations * spec.tile);
  }
}

/// Lets the period since `before` happen `times` more.
void GroupRun::repeat(const Snapshot& before, int loop, std::int64_t times) {
  const std::int64_t iterations = (watched_index(loop) - before.index) * times;
  const Ticks from = state_.now;
  const Ticks by = (state_.now - before.time) * times;
  if (spill_) {
    const LoopPositions positions = spill_->positions_of(loop, watched(loop).at);
    spill_->shift(positions, iterations * spill_->stride(loop));
    move_odometer(spill_->planned_at(), path_of_tile(spill_->planned_tile()), loop, iterations);
  }
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    if (!spill_ && program_.buffers[i].fed && !buffers_[i].fed_all) {
      move_odometer(buffers_[i].feed, program_.buffers[i].path, loop, iterations);
    }
  }
  for (std::size_t i = 0; i < cores_.size(); ++i)
    move_odometer(cores_[i].at, path_of_tile(cores_[i].head), loop, iterations);
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    *counters_[i] += (*counters_[i] - before.counters[i]) * times;
  }
  for (std::size_t i = 0; i < times_.size(); ++i) *times_[i] += (*times_[i] - before.times[i]) * times;
  for (std::size_t i = 0; i < state_.ports.size(); ++i) {
    const Ticks busy = state_.ports[i].busy_until(state_.now) - before.port_busy[i];
    state_.ports[i].shift(by, busy * times);
  }
  for (CoreState& core : cores_) {
    core.started += by;
    core.end += by;
    core.blocked_since += by;
  }
  for (Delivery& delivery : deliveries_) delivery.at += by;
  for (Ticks& free : state_.onchip_free) free += by;
  for (Ticks& free : state_.link_free) free += by;
  running_since_ += by;
  state_.now += by;
  state_.skipped += times;
  if (state_.observer != nullptr) state_.observer->skipped(from, state_.now, times);
}

}  // namespace fusescape
