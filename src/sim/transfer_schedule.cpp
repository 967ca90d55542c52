#include "transfer_schedule.hpp"

#include "transfer_run.hpp"

namespace fusescape {
namespace {

/// A load that may start this many steps before its own waits for gaps.
constexpr std::int64_t kFarAhead = 2;

bool is_far(const StepLoad& load) {
  return !load.while_running && load.after_store == kNoStep && load.step - load.from_step >= kFarAhead;
}

}  // namespace

TransferRun::TransferRun(const TransferProgram& program, Ports ports)
    : program_{program},
      shared_{ports == Ports::kShared},
      far_from_(program.steps.size()),
      load_end_(program.loads.size()),
      store_end_(program.stores.size()),
      snapshots_(program.loops.size()) {
  made_.steps.reserve(program.steps.size());
  made_.free.reserve(program.steps.size());
  made_.runs.assign(program.steps.size(), 1);
  room_.reserve(program.steps.size());
  made_.loads.resize(program.loads.size());
  made_.stores.resize(program.stores.size());
  made_.found.resize(program.loops.size());
  left_.reserve(program.loads.size());
  for (std::size_t i = 0; i < program.loads.size(); ++i) {
    const StepLoad& load = program.loads[i];
    left_.push_back(load.time);
    if (is_far(load)) {
      far_from_[at(load.from_step)].push_back(i);
    } else {
      reach_back_ = std::max(reach_back_, load.step - load.from_step);
    }
  }
  for (std::size_t i = 0; i < program.stores.size(); ++i) {
    if (program.stores[i].wait_step != kNoStep) awaited_.emplace_back(program.stores[i].wait_step, i);
  }
  std::stable_sort(awaited_.begin(), awaited_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

TransferTimes TransferRun::run() {
  for (std::size_t k = 0; k < program_.steps.size(); ++k) {
    check_points(static_cast<std::int64_t>(k));
    run_step(k);
  }
  serve_stores(program_.stores.size());
  for (std::uint32_t loop = 0; loop < snapshots_.size(); ++loop) end_loop(loop);
  made_.end = std::max({core_free_, read_free_, write_free()}) + skipped_;
  return std::move(made_);
}

/// Loads that wait for gaps get the one from now on to `until`.
void TransferRun::fill_gap(Ticks until) {
  while (!far_.empty() && read_free_ < until) {
    const std::size_t i = far_.front();
    const Ticks ready = room_[at(program_.loads[i].from_step)];
    const Ticks start = std::max(read_free_, ready);
    if (start >= until) return;
    const Ticks part = std::min(left_[i], until - start);
    if (left_[i] == program_.loads[i].time) made_.loads[i].start = start + skipped_;
    left_[i] = left_[i] - part;
    made_.read_busy += part;
    read_free_ = start + part;
    load_end_[i] = read_free_;
    made_.loads[i].end = read_free_ + skipped_;
    add_part(i, start, read_free_);
    if (left_[i] == Ticks{}) far_.pop_front();
  }
}

void TransferRun::add_part(std::size_t load, Ticks start, Ticks end) {
  if (start == end) return;
  start += skipped_;
  end += skipped_;
  if (!made_.load_parts.empty()) {
    LoadPart& last = made_.load_parts.back();
    if (last.load == load && last.time.end == start) {
      last.time.end = end;
      return;
    }
  }
  made_.load_parts.push_back({load, {start, end}});
}

void TransferRun::serve_load(std::size_t i, Ticks ready) {
  const bool begun = left_[i] != program_.loads[i].time;
  if (begun && left_[i] == Ticks{}) return;
  fill_gap(ready);
  const Ticks start = std::max(read_free_, ready);
  read_free_ = start + left_[i];
  made_.read_busy += left_[i];
  if (!begun) made_.loads[i].start = start + skipped_;
  load_end_[i] = read_free_;
  made_.loads[i].end = read_free_ + skipped_;
  add_part(i, start, read_free_);
  left_[i] = {};
}

void TransferRun::serve_store(std::size_t i) {
  if (shared_) fill_gap(store_ready_[i]);
  const Ticks start = std::max(write_free(), store_ready_[i]);
  store_end_[i] = start + program_.stores[i].time;
  made_.stores[i] = {start + skipped_, store_end_[i] + skipped_};
  write_free() = store_end_[i];
  (shared_ ? made_.read_busy : made_.write_busy) += program_.stores[i].time;
}

void TransferRun::serve_stores(std::size_t until) {
  while (next_store_ < until) serve_store(next_store_++);
}

void TransferRun::serve_stores_ready_by(Ticks ready) {
  while (next_store_ < store_ready_.size() && store_ready_[next_store_] <= ready) serve_store(next_store_++);
}

void TransferRun::add_stores(std::int64_t step, When when, Ticks ready) {
  for (std::size_t i = store_ready_.size(); i < program_.stores.size(); ++i) {
    if (program_.stores[i].step != step || program_.stores[i].when != when) return;
    store_ready_.push_back(ready);
  }
}

/// When everything that the step needs on chip is there.
Ticks TransferRun::load_for(std::int64_t step) {
  Ticks done;
  for (; next_load_ < program_.loads.size(); ++next_load_) {
    const StepLoad& load = program_.loads[next_load_];
    if (load.step != step || load.while_running) break;
    Ticks ready = room_[at(load.from_step)];
    if (load.after_store != kNoStep) {
      serve_stores(at(load.after_store) + 1);
      ready = std::max(ready, store_end_[at(load.after_store)]);
    }
    serve_stores_ready_by(ready);
    const auto waiting = std::find(far_.begin(), far_.end(), next_load_);
    if (waiting != far_.end()) far_.erase(waiting);
    serve_load(next_load_, ready);
    done = std::max(done, load_end_[next_load_]);
  }
  return done;
}

Ticks TransferRun::wait_for_stores(std::int64_t step, Ticks start) {
  for (; next_awaited_ < awaited_.size() && awaited_[next_awaited_].first <= step; ++next_awaited_) {
    const std::size_t i = awaited_[next_awaited_].second;
    serve_stores(i + 1);
    const Ticks end = store_end_[i];
    const Stall cause = program_.stores[i].when == When::kBefore ? Stall::kMemory : Stall::kSlot;
    if (end > start) made_.stall[static_cast<std::size_t>(cause)] += end - start;
    start = std::max(start, end);
  }
  return start;
}

/// Serves what passes through while the step runs; when it ends.
Ticks TransferRun::pass_through(std::int64_t step, Ticks start, Ticks end) {
  const Ticks computed = end;
  serve_stores_ready_by(start);
  for (; next_load_ < program_.loads.size() && program_.loads[next_load_].step == step; ++next_load_) {
    Ticks ready = start;
    const std::int64_t after = program_.loads[next_load_].after_store;
    if (after != kNoStep) {
      serve_stores(at(after) + 1);
      ready = std::max(ready, store_end_[at(after)]);
    }
    serve_load(next_load_, ready);
    end = std::max(end, load_end_[next_load_]);
  }
  if (end > computed) made_.stall[static_cast<std::size_t>(Stall::kLoad)] += end - computed;
  const Ticks loaded = end;
  const std::size_t first = store_ready_.size();
  add_stores(step, When::kWhileRunning, start);
  if (store_ready_.size() > first) {
    serve_stores(store_ready_.size());
    end = std::max(end, store_end_[store_ready_.size() - 1]);
  }
  if (end > loaded) made_.stall[static_cast<std::size_t>(Stall::kMemory)] += end - loaded;
  return end;
}

void TransferRun::run_step(std::size_t k) {
  const auto step = static_cast<std::int64_t>(k);
  room_.push_back(core_free_);
  made_.free.push_back(core_free_ + skipped_);
  for (const std::size_t i : far_from_[k]) {
    far_.push_back(i);
    if (!program_.points.empty()) ahead_.push_back(i);
  }
  add_stores(step, When::kBefore, core_free_);
  const Ticks loaded = std::max(core_free_, load_for(step));
  made_.stall[static_cast<std::size_t>(Stall::kLoad)] += loaded - core_free_;
  const Ticks start = wait_for_stores(step, loaded);
  const Ticks end = pass_through(step, start, start + program_.steps[k]);
  core_free_ = end;
  made_.steps.push_back({start + skipped_, end + skipped_});
  add_stores(step, When::kAfter, end);
}

TransferTimes transfer_times(const TransferProgram& program, Ports ports) {
  return TransferRun{program, ports}.run();
}

std::vector<SimTraffic> traffic_of(const TransferProgram& program, const std::vector<std::int64_t>& runs) {
  std::vector<SimTraffic> sums;
  const auto add = [&](TensorId tensor, Bytes SimTraffic::*what, Bytes bytes, std::int64_t step) {
    const auto is_it = [&](const SimTraffic& sum) { return sum.tensor == tensor; };
    auto sum = std::find_if(sums.begin(), sums.end(), is_it);
    if (sum == sums.end()) sum = sums.insert(sum, SimTraffic{.tensor = tensor});
    (*sum).*what += bytes * runs[static_cast<std::size_t>(step)];
  };
  for (const StepLoad& load : program.loads)
    add(load.tensor, load.again ? &SimTraffic::reloaded : &SimTraffic::read, load.bytes, load.step);
  for (const StepStore& store : program.stores)
    add(store.tensor, store.planned ? &SimTraffic::written : &SimTraffic::evicted, store.bytes, store.step);
  return sums;
}

}  // namespace fusescape
