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

void DramPort::add(Transfer transfer) {
  queue_.insert(std::upper_bound(queue_.begin(), queue_.end(), transfer, goes_before), transfer);
}

void DramPort::set_depth(std::uint32_t group, int buffer, int depth) {
  const auto set = [&](Transfer& transfer) {
    if (transfer.group == group && transfer.buffer == buffer) transfer.depth = depth;
  };
  std::for_each(queue_.begin(), queue_.end(), set);
  if (serving_) set(*serving_);
  std::stable_sort(queue_.begin(), queue_.end(), goes_before);
}

void DramPort::start(Ticks now) {
  serving_ = queue_.front();
  serving_->since = now;
  queue_.erase(queue_.begin());
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
  if (now > serving_->since) report(*serving_, now, false);
  busy_ += now - serving_->since;
  serving_->left = serving_->end() - now;
  add(*serving_);
  serving_.reset();
}

void DramPort::serve(Ticks now) {
  if (queue_.empty()) return;
  if (serving_) {
    if (queue_.front().depth <= serving_->depth) return;
    suspend(now);
  }
  start(now);
}

std::optional<Ticks> DramPort::next_end() const {
  return serving_ ? std::optional{serving_->end()} : std::nullopt;
}

std::optional<Transfer> DramPort::take_done(Ticks now) {
  if (!serving_ || serving_->end() > now) return std::nullopt;
  report(*serving_, now, true);
  busy_ += now - serving_->since;
  return std::exchange(serving_, std::nullopt);
}

void DramPort::shift(Ticks by, Ticks busy) {
  for (Transfer& transfer : queue_) transfer.ready += by;
  if (serving_) {
    serving_->ready += by;
    serving_->since += by;
  }
  busy_ += busy;
}

}  // namespace fusescape
