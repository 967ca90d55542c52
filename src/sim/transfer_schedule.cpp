#include "transfer_schedule.hpp"

#include <algorithm>
#include <deque>

namespace fusescape {
namespace {

using When = StepStore::When;

/// A load that may start this many steps before its own waits for gaps.
constexpr std::int64_t kFarAhead = 2;

class Scheduler {
 public:
  Scheduler(const TransferProgram& program, Ports ports)
      : program_{program}, shared_{ports == Ports::kShared}, far_from_(program.steps.size()) {
    made_.steps.reserve(program.steps.size());
    room_.reserve(program.steps.size());
    made_.loads.resize(program.loads.size());
    made_.stores.resize(program.stores.size());
    left_.reserve(program.loads.size());
    for (std::size_t i = 0; i < program.loads.size(); ++i) {
      left_.push_back(program.loads[i].time);
      if (is_far(program.loads[i])) far_from_[at(program.loads[i].from_step)].push_back(i);
    }
    for (std::size_t i = 0; i < program.stores.size(); ++i) {
      if (program.stores[i].wait_step != kNoStep) awaited_.emplace_back(program.stores[i].wait_step, i);
    }
    std::stable_sort(awaited_.begin(), awaited_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  }

  TransferTimes run() {
    for (std::size_t k = 0; k < program_.steps.size(); ++k) run_step(k);
    serve_stores(program_.stores.size());
    made_.end = std::max({core_free_, read_free_, write_free()});
    return std::move(made_);
  }

 private:
  [[nodiscard]] static std::size_t at(std::int64_t step) { return static_cast<std::size_t>(step); }
  [[nodiscard]] static bool is_far(const StepLoad& load) {
    return !load.while_running && load.after_store == kNoStep && load.step - load.from_step >= kFarAhead;
  }
  [[nodiscard]] Ticks& write_free() { return shared_ ? read_free_ : write_free_; }

  void run_step(std::size_t k);
  [[nodiscard]] Ticks load_for(std::int64_t step);
  [[nodiscard]] Ticks wait_for_stores(std::int64_t step, Ticks start);
  [[nodiscard]] Ticks pass_through(std::int64_t step, Ticks start, Ticks end);
  void fill_gap(Ticks until);
  void add_part(std::size_t load, Ticks start, Ticks end);
  void serve_load(std::size_t i, Ticks ready);
  void serve_store(std::size_t i);
  void serve_stores(std::size_t until);
  void serve_stores_ready_by(Ticks ready);
  void add_stores(std::int64_t step, When when, Ticks ready);

  const TransferProgram& program_;
  bool shared_;
  std::vector<std::vector<std::size_t>> far_from_;  ///< Loads that may start with each step.
  std::vector<std::pair<std::int64_t, std::size_t>> awaited_;
  std::vector<Ticks> room_;         ///< Per step: from when on loads that wait for it have room.
  std::vector<Ticks> left_;         ///< Per load.
  std::deque<std::size_t> far_;     ///< Loads under way in gaps, or waiting for some.
  std::vector<Ticks> store_ready_;  ///< Of the stores known so far.
  std::size_t next_load_ = 0;
  std::size_t next_store_ = 0;
  std::size_t next_awaited_ = 0;
  Ticks core_free_;
  Ticks read_free_;
  Ticks write_free_;
  TransferTimes made_;
};

/// Loads that wait for gaps get the one from now on to `until`.
void Scheduler::fill_gap(Ticks until) {
  while (!far_.empty() && read_free_ < until) {
    const std::size_t i = far_.front();
    const Ticks ready = room_[at(program_.loads[i].from_step)];
    const Ticks start = std::max(read_free_, ready);
    if (start >= until) return;
    const Ticks part = std::min(left_[i], until - start);
    if (left_[i] == program_.loads[i].time) made_.loads[i].start = start;
    left_[i] = left_[i] - part;
    made_.read_busy += part;
    read_free_ = start + part;
    made_.loads[i].end = read_free_;
    add_part(i, start, read_free_);
    if (left_[i] == Ticks{}) far_.pop_front();
  }
}

void Scheduler::add_part(std::size_t load, Ticks start, Ticks end) {
  if (start == end) return;
  if (!made_.load_parts.empty()) {
    LoadPart& last = made_.load_parts.back();
    if (last.load == load && last.time.end == start) {
      last.time.end = end;
      return;
    }
  }
  made_.load_parts.push_back({load, {start, end}});
}

void Scheduler::serve_load(std::size_t i, Ticks ready) {
  const bool begun = left_[i] != program_.loads[i].time;
  if (begun && left_[i] == Ticks{}) return;
  fill_gap(ready);
  const Ticks start = std::max(read_free_, ready);
  read_free_ = start + left_[i];
  made_.read_busy += left_[i];
  if (!begun) made_.loads[i].start = start;
  made_.loads[i].end = read_free_;
  add_part(i, start, read_free_);
  left_[i] = {};
}

void Scheduler::serve_store(std::size_t i) {
  if (shared_) fill_gap(store_ready_[i]);
  const Ticks start = std::max(write_free(), store_ready_[i]);
  made_.stores[i] = {start, start + program_.stores[i].time};
  write_free() = made_.stores[i].end;
  (shared_ ? made_.read_busy : made_.write_busy) += program_.stores[i].time;
}

void Scheduler::serve_stores(std::size_t until) {
  while (next_store_ < until) serve_store(next_store_++);
}

void Scheduler::serve_stores_ready_by(Ticks ready) {
  while (next_store_ < store_ready_.size() && store_ready_[next_store_] <= ready) serve_store(next_store_++);
}

void Scheduler::add_stores(std::int64_t step, When when, Ticks ready) {
  for (std::size_t i = store_ready_.size(); i < program_.stores.size(); ++i) {
    if (program_.stores[i].step != step || program_.stores[i].when != when) return;
    store_ready_.push_back(ready);
  }
}

/// When everything that the step needs on chip is there.
Ticks Scheduler::load_for(std::int64_t step) {
  Ticks done;
  for (; next_load_ < program_.loads.size(); ++next_load_) {
    const StepLoad& load = program_.loads[next_load_];
    if (load.step != step || load.while_running) break;
    Ticks ready = room_[at(load.from_step)];
    if (load.after_store != kNoStep) {
      serve_stores(at(load.after_store) + 1);
      ready = std::max(ready, made_.stores[at(load.after_store)].end);
    }
    serve_stores_ready_by(ready);
    const auto waiting = std::find(far_.begin(), far_.end(), next_load_);
    if (waiting != far_.end()) far_.erase(waiting);
    serve_load(next_load_, ready);
    done = std::max(done, made_.loads[next_load_].end);
  }
  return done;
}

Ticks Scheduler::wait_for_stores(std::int64_t step, Ticks start) {
  for (; next_awaited_ < awaited_.size() && awaited_[next_awaited_].first <= step; ++next_awaited_) {
    const std::size_t i = awaited_[next_awaited_].second;
    serve_stores(i + 1);
    const Ticks end = made_.stores[i].end;
    const Stall cause = program_.stores[i].when == When::kBefore ? Stall::kMemory : Stall::kSlot;
    if (end > start) made_.stall[static_cast<std::size_t>(cause)] += end - start;
    start = std::max(start, end);
  }
  return start;
}

/// Serves what passes through while the step runs; when it ends.
Ticks Scheduler::pass_through(std::int64_t step, Ticks start, Ticks end) {
  const Ticks computed = end;
  serve_stores_ready_by(start);
  for (; next_load_ < program_.loads.size() && program_.loads[next_load_].step == step; ++next_load_) {
    Ticks ready = start;
    const std::int64_t after = program_.loads[next_load_].after_store;
    if (after != kNoStep) {
      serve_stores(at(after) + 1);
      ready = std::max(ready, made_.stores[at(after)].end);
    }
    serve_load(next_load_, ready);
    end = std::max(end, made_.loads[next_load_].end);
  }
  if (end > computed) made_.stall[static_cast<std::size_t>(Stall::kLoad)] += end - computed;
  const Ticks loaded = end;
  const std::size_t first = store_ready_.size();
  add_stores(step, When::kWhileRunning, start);
  if (store_ready_.size() > first) {
    serve_stores(store_ready_.size());
    end = std::max(end, made_.stores[store_ready_.size() - 1].end);
  }
  if (end > loaded) made_.stall[static_cast<std::size_t>(Stall::kMemory)] += end - loaded;
  return end;
}

void Scheduler::run_step(std::size_t k) {
  const auto step = static_cast<std::int64_t>(k);
  room_.push_back(core_free_);
  for (const std::size_t i : far_from_[k]) far_.push_back(i);
  add_stores(step, When::kBefore, core_free_);
  const Ticks loaded = std::max(core_free_, load_for(step));
  made_.stall[static_cast<std::size_t>(Stall::kLoad)] += loaded - core_free_;
  const Ticks start = wait_for_stores(step, loaded);
  const Ticks end = pass_through(step, start, start + program_.steps[k]);
  core_free_ = end;
  made_.steps.push_back({start, end});
  add_stores(step, When::kAfter, end);
}

}  // namespace

TransferTimes transfer_times(const TransferProgram& program, Ports ports) {
  return Scheduler{program, ports}.run();
}

}  // namespace fusescape
