#include "dram_port.hpp"

#include <algorithm>

namespace fusescape {
namespace {

bool goes_before(const Transfer& a, const Transfer& b) {
  if (a.depth != b.depth) return a.depth > b.depth;
  if (a.depth == kBeforeTurn) return a.order < b.order;
  if (a.is_far() != b.is_far()) return b.is_far();
  if (a.ready != b.ready) return a.ready < b.ready;
  if (a.store != b.store) return a.store;
  if (a.ahead != b.ahead) return a.ahead < b.ahead;
  return a.buffer < b.buffer;
}

}  // namespace

/// The queue is short, and what comes last mostly goes last.
void DramPort::add(const Transfer& transfer) {
  auto at = queue_.end();
  while (at != queue_.begin() && goes_before(transfer, *(at - 1))) --at;
  queue_.insert(at, transfer);
}

void DramPort::sort() {
  std::stable_sort(queue_.begin(), queue_.end(), goes_before);
}

void DramPort::report(Transfer& transfer, Ticks now, bool done) {
  if (!traces_) return;
  std::int64_t moved = transfer.bytes;
  if (!done && ticks_per_byte_ > 0)
    moved = static_cast<std::int64_t>((now - transfer.since).value() / ticks_per_byte_);
  spans_.push_back({transfer, transfer.since, now, moved});
  transfer.bytes -= moved;
}

void DramPort::start_first(Ticks now) {
  Transfer next = queue_.front();
  queue_.erase(queue_.begin());
  if (serving_) {  // It goes on later.
    if (now > serving_->since) report(*serving_, now, false);
    busy_ += now - serving_->since;
    serving_->left = serving_->end() - now;
    add(*serving_);
  }
  next.since = now;
  serving_ = next;
}

Transfer DramPort::take_done(Ticks now) {
  report(*serving_, now, true);
  busy_ += now - serving_->since;
  const Transfer done = *serving_;
  serving_.reset();
  return done;
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
