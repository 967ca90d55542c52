// Does a loop of a managed group repeat itself? If so, what it leaves out is counted, not run.
#include <algorithm>
#include <limits>
#include <numeric>

#include "transfer_run.hpp"

namespace fusescape {
namespace {

constexpr int kHalf = 64;

}  // namespace

void TransferRun::check_points(std::int64_t step) {
  for (; next_point_ < program_.points.size(); ++next_point_) {
    if (program_.points[next_point_].start.step != step) return;
    check_period(program_.points[next_point_]);
  }
}

/// Compares iterations of a loop with its 1st, 2nd, 4th, 8th, ... past its head: so a period is found after
/// at most three times what it took to settle.
void TransferRun::check_period(const RepeatPoint& point) {
  const IterationStart& start = point.start;
  Snapshot& before = snapshots_[start.loop];
  if (start.index == 0) {
    end_loop(start.loop);
    before.open = true;
  }
  if (!start.regular || before.matched) return;
  describe(point);
  if (!before.taken || before.state != state_) {
    if (++before.iterations >= before.next) save(before, start);
    return;
  }
  before.matched = true;
  const std::int64_t period = start.index - before.index;
  const std::int64_t left_out = program_.loops[start.loop].left_out;
  LoopFound& found = made_.found[start.loop];
  found.period = std::lcm(found.period, period);
  found.repeats = found.repeats && found.period <= left_out;
  if (found.repeats && left_out % period == 0) repeat(before, start.step, left_out / period);
}

void TransferRun::end_loop(std::uint32_t loop) {
  Snapshot& ended = snapshots_[loop];
  LoopFound& found = made_.found[loop];
  found.repeats = found.repeats && (!ended.open || ended.matched);
  ended = {};
}

TransferRun::Sums TransferRun::sums() const {
  Sums all{};
  std::copy(made_.stall.begin(), made_.stall.end(), all.begin());
  all[kStallCount] = made_.read_busy;
  all[kStallCount + 1] = made_.write_busy;
  return all;
}

void TransferRun::save(Snapshot& snapshot, const IterationStart& start) const {
  snapshot.taken = true;
  snapshot.next = snapshot.iterations * 2;
  snapshot.state = state_;
  snapshot.index = start.index;
  snapshot.step = start.step;
  snapshot.time = core_free_ + skipped_;
  snapshot.sums = sums();
}

/// Lets the period since `before` happen `times` more.
void TransferRun::repeat(const Snapshot& before, std::int64_t step, std::int64_t times) {
  const Sums now = sums();
  const auto more = [&](std::size_t i) { return (now[i] - before.sums[i]) * times; };
  for (std::size_t i = 0; i < kStallCount; ++i) made_.stall[i] += more(i);
  made_.read_busy += more(kStallCount);
  made_.write_busy += more(kStallCount + 1);
  for (std::int64_t k = before.step; k < step; ++k) made_.runs[at(k)] *= times + 1;
  const Ticks from = core_free_ + skipped_;
  skipped_ += (from - before.time) * times;
  made_.skipped.push_back({{from, core_free_ + skipped_}, times});
}

/// No load of `step` or later is ready before that, but for those that are under way.
Ticks TransferRun::earliest_ready(std::int64_t step) const {
  Ticks earliest = reach_back_ == 0 ? core_free_ : room_[at(std::max<std::int64_t>(step - reach_back_, 0))];
  for (const std::size_t i : far_) earliest = std::min(earliest, room_[at(program_.loads[i].from_step)]);
  return earliest;
}

void TransferRun::describe_time(Ticks time) {
  const Int128 relative = (time - core_free_).value();
  state_.push_back(static_cast<std::int64_t>(relative >> kHalf));
  state_.push_back(static_cast<std::int64_t>(relative));
}

/// Steps of the loop's middle move with it.
void TransferRun::describe_step(const IterationStart& start, std::int64_t step) {
  const bool moves = start.moves(step);
  state_.push_back(moves ? 1 : 0);
  state_.push_back(moves ? step - start.step : step);
}

/// Its place in the queue, or when it was over.
void TransferRun::describe_store(std::int64_t position, Ticks least) {
  const auto queued = position - static_cast<std::int64_t>(next_store_);
  state_.push_back(position == kNoStep ? -1 : std::max<std::int64_t>(queued + 1, 0));
  if (position != kNoStep && queued < 0) describe_time(std::max(store_end_[at(position)], least));
}

void TransferRun::describe_stores(const RepeatPoint& point, Ticks least) {
  state_.push_back(static_cast<std::int64_t>(store_ready_.size() - next_store_));
  for (std::size_t i = next_store_; i < store_ready_.size(); ++i) {
    describe_time(store_ready_[i]);
    describe_time(core_free_ + program_.stores[i].time);
  }
  for (; next_draining_ < store_ready_.size(); ++next_draining_) {
    if (program_.stores[next_draining_].when == When::kAfter) draining_.push_back(next_draining_);
  }
  const auto is_over = [&](std::size_t i) {
    const std::int64_t wait = program_.stores[i].wait_step;
    return wait != kNoStep && wait < point.start.step;
  };
  draining_.erase(std::remove_if(draining_.begin(), draining_.end(), is_over), draining_.end());
  state_.push_back(static_cast<std::int64_t>(draining_.size()));
  for (const std::size_t i : draining_) {
    describe_step(point.start, program_.stores[i].wait_step);
    state_.push_back(program_.stores[i].bytes.value());
    describe_store(static_cast<std::int64_t>(i), core_free_);
  }
  for (const std::int64_t position : point.stores) describe_store(position, least);
}

void TransferRun::describe_loads(const IterationStart& start) {
  const auto is_over = [&](std::size_t i) { return program_.loads[i].step < start.step; };
  ahead_.erase(std::remove_if(ahead_.begin(), ahead_.end(), is_over), ahead_.end());
  state_.push_back(static_cast<std::int64_t>(ahead_.size()));
  for (const std::size_t i : ahead_) {
    const StepLoad& load = program_.loads[i];
    const bool waits = std::find(far_.begin(), far_.end(), i) != far_.end();
    describe_step(start, load.step);
    state_.push_back(waits ? 1 : 0);
    describe_time(core_free_ + load.time);
    describe_time(core_free_ + left_[i]);
    describe_time(waits ? std::max(room_[at(load.from_step)], read_free_)
                        : std::max(load_end_[i], core_free_));
  }
}

/// What the rest of the run depends on, as seen from the start of an iteration; kept in state_.
void TransferRun::describe(const RepeatPoint& point) {
  const std::int64_t step = point.start.step;
  const Ticks earliest = earliest_ready(step);
  serve_stores_ready_by(earliest);  // Nothing comes before them any more.
  state_.clear();
  state_.push_back(point.memory);
  describe_time(std::max(read_free_, earliest));
  describe_time(std::max(write_free(), earliest));
  for (std::int64_t k = std::max<std::int64_t>(step - reach_back_, 0); k < step; ++k)
    describe_time(room_[at(k)]);
  describe_loads(point.start);
  describe_stores(point, earliest);
}

}  // namespace fusescape
