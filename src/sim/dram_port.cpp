#include "dram_port.hpp"

#include <algorithm>
#include <utility>

namespace fusescape {
namespace {

bool goes_before(const Transfer& a, const Transfer& b) {
  if (a.depth != b.depth) return a.depth > b.depth;
  if (a.is_far() != b.is_far()) return b.is_far();
  if (a.ready != b.ready) return a.ready < b.ready;
  if (a.store != b.store) return a.store;
  if (a.ahead != b.ahead) return a.ahead < b.ahead;
  return a.buffer < b.buffer;
}

}  // namespace

std::size_t DramPort::next_place() {
  if (free_.empty()) {
    transfers_.emplace_back();
    return transfers_.size() - 1;
  }
  const std::size_t place = free_.back();
  free_.pop_back();
  return place;
}

/// The queue is short, and what comes last mostly goes last.
void DramPort::enqueue(std::size_t place) {
  queue_.push_back(place);
  for (std::size_t at = queue_.size() - 1; at > 0; --at) {
    if (!goes_before(transfers_[place], transfers_[queue_[at - 1]])) return;
    std::swap(queue_[at], queue_[at - 1]);
  }
}

void DramPort::set_depth(std::uint32_t group, int buffer, int depth) {
  for (Transfer& transfer : transfers_) {
    if (transfer.group == group && transfer.buffer == buffer) transfer.depth = depth;
  }
  sort();
}

void DramPort::hurry(std::uint32_t group, std::int64_t number) {
  for (Transfer& transfer : transfers_) {
    if (transfer.group != group || transfer.number != number || transfer.store) continue;
    transfer.depth = std::max(transfer.depth, 0);
    transfer.ahead = 0;
  }
  sort();
}

void DramPort::sort() {
  std::stable_sort(queue_.begin(), queue_.end(),
                   [&](std::size_t a, std::size_t b) { return goes_before(transfers_[a], transfers_[b]); });
}

void DramPort::report(Transfer& transfer, Ticks now, bool done) {
  if (!traces_) return;
  std::int64_t moved = transfer.bytes;
  if (!done && ticks_per_byte_ > 0) {
    moved = static_cast<std::int64_t>((now - transfer.since).value() / ticks_per_byte_);
  }
  spans_.push_back({transfer, transfer.since, now, moved});
  transfer.bytes -= moved;
}

void DramPort::suspend(Ticks now) {
  Transfer& served = transfers_[*serves_];
  if (now > served.since) report(served, now, false);
  busy_ += now - served.since;
  served.left = served.end() - now;
  enqueue(*serves_);
  serves_.reset();
}

void DramPort::start_first(Ticks now) {
  const std::size_t next = queue_.front();
  queue_.erase(queue_.begin());
  if (serves_) suspend(now);
  serves_ = next;
  transfers_[next].since = now;
}

const Transfer& DramPort::take_done(Ticks now) {
  Transfer& done = transfers_[*serves_];
  report(done, now, true);
  busy_ += now - done.since;
  free_.push_back(*serves_);
  serves_.reset();
  return done;
}

void DramPort::shift(Ticks by, Ticks busy) {
  for (Transfer& transfer : transfers_) {
    transfer.ready += by;
    transfer.since += by;
  }
  busy_ += busy;
}

}  // namespace fusescape
