// When may a buffer be loaded and stored, and who must wait for that?
#include <algorithm>
#include <limits>
#include <utility>

#include "fusescape/support/contract.hpp"
#include "group_run.hpp"

namespace fusescape {

void GroupRun::start_feed(int id) {
  const BufferSpec& spec = program_.buffers[static_cast<std::size_t>(id)];
  BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  if (!spec.fed) return;
  if (!spec.spills.empty()) buffer.feed_iterations.resize(program_.loops.size());
  for (const int loop : spec.path) {
    buffer.feed.enter(loop);
    if (!spec.spills.empty()) ++buffer.feed_iterations[static_cast<std::size_t>(loop)];
  }
}

namespace {

/// Depth of the loop whose next iteration asks for another slab: an own one, or one that repeats own ones
/// that moved. Loops further in that only find the slab still there are passed over.
int carrying_loop(const BufferSpec& spec, const Odometer& at) {
  bool turns = false;
  for (int depth = spec.loops() - 1; depth >= 0; --depth) {
    const bool more = (at.not_last() & loop_at(depth)) != 0;
    const bool own = (spec.keys & loop_at(depth)) != 0;
    if (more && (own || turns)) return depth;
    turns = turns || (own && at[depth].trips > 1);
  }
  return kNoLoop;
}

}  // namespace

/// To the next visit. A feed that waits for spills goes through every iteration, to count them.
void GroupRun::advance_feed(const BufferSpec& spec, BufferState& buffer) const {
  const bool counts = !spec.spills.empty();
  for (;;) {
    const int next = counts ? innermost(buffer.feed.not_last() & outermost(spec.loops()))
                            : carrying_loop(spec, buffer.feed);
    if (next == kNoLoop) {
      buffer.fed_all = true;
      return;
    }
    const LoopMask changing = counts ? buffer.feed.changing(spec.loops()) : 0;
    for (int depth = next; depth < spec.loops(); ++depth) {
      const int loop = spec.path[static_cast<std::size_t>(depth)];
      depth == next ? buffer.feed.step(loop) : buffer.feed.enter(loop);
      if (counts) ++buffer.feed_iterations[static_cast<std::size_t>(loop)];
    }
    if (!counts || (changing & spec.keys) != 0) return;
  }
}

/// Where buffers share memory, a load may only come while its buffer has some.
bool GroupRun::in_scope(const BufferSpec& spec, const BufferState& buffer) const {
  for (const int id : spec.touching) {
    const CoreState& core = cores_[static_cast<std::size_t>(id)];
    bool same = core.head >= spec.scope_first && core.head <= spec.scope_last;
    for (int depth = spec.scope - 1; same && depth >= 0; --depth) {
      same = core.at[depth].start == buffer.feed[depth].start &&
             core.at[depth].extent == buffer.feed[depth].extent;
    }
    if (same) return true;
  }
  return false;
}

/// Whether nothing before the tile that needs the next visit is left to run on its core.
bool GroupRun::is_due(int id) const {
  const std::vector<int>& touching = program_.buffers[static_cast<std::size_t>(id)].touching;
  const BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  for (std::size_t toucher = 0; toucher < touching.size(); ++toucher) {
    const int head = cores_[static_cast<std::size_t>(touching[toucher])].head;
    if (head < 0 || buffer.left[toucher] != buffer.requested) continue;
    const std::vector<TouchSpec>& touches = program_.tiles[static_cast<std::size_t>(head)].touches;
    const auto needs = [&](const TouchSpec& touch) { return touch.buffer == id; };
    if (std::any_of(touches.begin(), touches.end(), needs)) return true;
  }
  return false;
}

bool GroupRun::may_request(int id) const {
  const BufferSpec& spec = program_.buffers[static_cast<std::size_t>(id)];
  const BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  if (!spec.fed || buffer.fed_all || buffer.requested >= buffer.released + spec.slots) return false;
  if (spec.on_demand && !is_due(id)) return false;
  for (const int each : spec.spills) {
    const SpillState& spill = spills_[static_cast<std::size_t>(each)];
    const SpillSpec& wait = program_.spills[static_cast<std::size_t>(each)];
    const int loop = wait.shared.counted();
    const std::int64_t now = loop == kNoLoop ? 1 : buffer.feed_iterations[static_cast<std::size_t>(loop)];
    const std::int64_t needed = wait.shared.needed(now, buffer.feed);
    if (spill.finished - static_cast<std::int64_t>(spill.owed.size()) < needed) return false;
  }
  if (!shared_memory_ || spec.partial) return true;
  if (!in_scope(spec, buffer)) return false;
  return !counts_room_ || !spec.counts ||
         on_chip_ - spare_ + spec.held.bytes(context_.cascade, buffer.feed, scratch_) <= capacity_;
}

void GroupRun::poll_feed(int id) {
  while (may_request(id)) request(id);
}

/// The core's next tile is another one.
void GroupRun::poll_due(const CoreState& core) {
  if (core.head < 0) return;
  for (const TouchSpec& touch : program_.tiles[static_cast<std::size_t>(core.head)].touches) {
    poll_feed(touch.buffer);
  }
}

void GroupRun::poll_all_feeds() {
  for (std::size_t i = 0; i < buffers_.size(); ++i) poll_feed(static_cast<int>(i));
}

/// Of the visit that is asked for next, the bytes that do not stay on chip between groups.
std::int64_t GroupRun::feed_bytes(const BufferSpec& spec, const BufferState& buffer) const {
  if (spec.partial && (buffer.feed.moved() & spec.sums) == 0) return 0;  // Nothing is summed yet.
  return spec.load.bytes(context_.cascade, buffer.feed, scratch_);
}

void GroupRun::request(int id) {
  const BufferSpec& spec = program_.buffers[static_cast<std::size_t>(id)];
  BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  const std::int64_t all = feed_bytes(spec, buffer);
  const bool keeps = kept_ != nullptr && !kept_->loads[static_cast<std::size_t>(id)].empty();
  const std::int64_t bytes =
      keeps ? kept_->loads[static_cast<std::size_t>(id)][static_cast<std::size_t>(buffer.requested)].value()
            : all - spec.load_saving.within(buffer.loaded, all);
  buffer.loaded += all;
  const int ahead = static_cast<int>(buffer.requested - buffer.released);
  if (!spec.partial || all > 0) {
    hold(id, buffer.requested, spec.held.bytes(context_.cascade, buffer.feed, scratch_));
    note_peak();
  }
  buffer.place(buffer.requested).there = bytes == 0;
  ++buffer.requested;
  advance_feed(spec, buffer);
  if (bytes == 0) return arrive(buffer);
  moves_[index_of(spec.tensor)].read += bytes;
  DramPort& port = state_.port(false);
  port.add({.ready = state_.now,
            .left = port.ticks(port_bytes(spec, buffer, bytes)),
            .bytes = bytes,
            .group = program_.group,
            .buffer = id,
            .tensor = spec.tensor,
            .depth = spec.depth,
            .store = false,
            .ahead = ahead});
}

/// Of inputs that come side by side only those are on the port that are further on than all others were.
std::int64_t GroupRun::port_bytes(const BufferSpec& spec, BufferState& buffer, std::int64_t bytes) {
  if (spec.lane < 0) return bytes;
  std::int64_t& longest = lanes_[static_cast<std::size_t>(spec.lane)];
  buffer.in_lane += bytes;
  const std::int64_t before = std::exchange(longest, std::max(longest, buffer.in_lane));
  return longest - before;
}

/// Visits count as arrived in order.
void GroupRun::arrive(BufferState& buffer) {
  while (buffer.arrived < buffer.requested && buffer.place(buffer.arrived).there) ++buffer.arrived;
}

void GroupRun::complete(const Transfer& transfer) {
  ++state_.events;
  if (spill_) return spill_->complete(transfer);
  const int id = transfer.buffer;
  BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  if (!transfer.store) {
    std::int64_t visit = buffer.arrived;
    while (buffer.place(visit).there) ++visit;
    buffer.place(visit).there = true;
    return arrive(buffer);
  }
  ++buffer.stores_done;
  for (Place& place : buffer.places) place.owed = std::max<std::int64_t>(place.owed - 1, 0);
  for (std::size_t i = 0; i < spills_.size(); ++i) {
    if (program_.spills[i].stored != id) continue;
    std::vector<std::int64_t>& owed = spills_[i].owed;
    for (std::int64_t& count : owed) --count;
    owed.erase(std::remove(owed.begin(), owed.end(), 0), owed.end());
    poll_feed(program_.spills[i].fed);
  }
  release(id);
}

void GroupRun::store(int id, const StoredSlab& stored, const Odometer& at) {
  const BufferSpec& spec = program_.buffers[static_cast<std::size_t>(id)];
  BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  std::int64_t bytes = stored.slab->bytes(context_.cascade, at, scratch_);
  if (stored.final) {
    const auto finals = static_cast<std::size_t>(buffer.finals++);
    if (kept_ != nullptr && !kept_->stores[static_cast<std::size_t>(id)].empty()) {
      for (const Leaving& one : kept_->stores[static_cast<std::size_t>(id)][finals])
        send_out(id, one.tensor, one.bytes.value());
      return;
    }
    const std::int64_t begin = buffer.stored;
    buffer.stored += bytes;
    bytes -= spec.store_saving.within(begin, bytes);
  }
  send_out(id, spec.tensor, bytes);
}

/// A store for which the place of the buffer's current visit waits.
void GroupRun::send_out(int id, TensorId tensor, std::int64_t bytes) {
  if (bytes == 0) return;
  const BufferSpec& spec = program_.buffers[static_cast<std::size_t>(id)];
  TensorMoves& moves = moves_[index_of(tensor)];
  (tensor == spec.tensor ? moves.written : moves.evicted) += bytes;
  ++buffers_[static_cast<std::size_t>(id)].stores_issued;
  DramPort& port = state_.port(true);
  port.add({.ready = state_.now,
            .left = port.ticks(bytes),
            .bytes = bytes,
            .group = program_.group,
            .buffer = id,
            .tensor = tensor,
            .depth = spec.depth,
            .store = true});
}

/// After a tile, `next` being the depth of the loop that goes on: if it was the last of its core to use the
/// slab, the core is done with this visit.
void GroupRun::leave(int id, const TouchSpec& touch, int next) {
  const CoreState& core = cores_[static_cast<std::size_t>(id)];
  const BufferSpec& spec = program_.buffers[static_cast<std::size_t>(touch.buffer)];
  if (!touch.last || next >= spec.loops()) return;
  if (next != kNoLoop && (core.at.changing_from(next, spec.loops()) & spec.keys) == 0) return;
  BufferState& buffer = buffers_[static_cast<std::size_t>(touch.buffer)];
  std::int64_t& left = buffer.left[static_cast<std::size_t>(touch.toucher)];
  if (spec.producer_core == id) buffer.place(left).owed = buffer.stores_issued - buffer.stores_done;
  ++left;
  release(touch.buffer);
}

/// Frees the places of visits that everyone is done with.
void GroupRun::release(int id) {
  BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  const std::int64_t before = buffer.released;
  const auto done = [&](std::int64_t left) { return left > buffer.released; };
  while (buffer.places[buffer.oldest].owed == 0 &&
         std::all_of(buffer.left.begin(), buffer.left.end(), done)) {
    free_oldest(id);
  }
  if (shared_memory_) return poll_all_feeds();
  if (buffer.released > before) poll_feed(id);
}

void GroupRun::hold(int id, std::int64_t visit, std::int64_t bytes) {
  BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  FUSESCAPE_EXPECTS(visit < buffer.released + program_.buffers[static_cast<std::size_t>(id)].slots);
  Place& place = buffer.place(visit);
  place.held = bytes;
  count_on_chip(id, bytes);
}

/// The place of the oldest visit.
void GroupRun::free_oldest(int id) {
  BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  const std::int64_t held = std::exchange(buffer.places[buffer.oldest], {}).held;
  ++buffer.released;
  buffer.oldest = (buffer.oldest + 1) & (buffer.places.size() - 1);
  if (held > 0) count_on_chip(id, -held);
}

/// Bytes that places hold if a second slot costs nothing: of two or more, the smallest is left out.
std::int64_t GroupRun::without_second_slot(const BufferState& buffer) {
  std::int64_t sum = 0;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (const Place& place : buffer.places) {
    if (place.held <= 0) continue;
    least = std::min(least, place.held);
    sum += place.held;
  }
  return sum > least ? sum - least : sum;
}

/// Counts what the buffer holds after a change of one of its places.
void GroupRun::count_on_chip(int id, std::int64_t change) {
  const BufferSpec& spec = program_.buffers[static_cast<std::size_t>(id)];
  BufferState& buffer = buffers_[static_cast<std::size_t>(id)];
  if (!spec.counts) return;
  if (!spec.second_slot_counts) change = without_second_slot(buffer) - buffer.on_chip;
  if (change == 0) return;
  buffer.on_chip += change;
  add_on_chip(spec.tensor, change);
}

void GroupRun::add_on_chip(TensorId tensor, std::int64_t change) {
  on_chip_ += change;
  tensor_bytes_[index_of(tensor)] += change;
  if (state_.observer == nullptr) return;
  if (std::find(changed_.begin(), changed_.end(), tensor) == changed_.end()) changed_.push_back(tensor);
}

/// What is kept between groups when the next tile starts.
void GroupRun::show_kept() {
  for (; next_kept_ < kept_->samples.size(); ++next_kept_) {
    const KeptSample& sample = kept_->samples[next_kept_];
    if (sample.run > started_) break;
    std::int64_t& shown = kept_bytes_[index_of(sample.tensor)];
    const std::int64_t change = sample.bytes.value() - std::exchange(shown, sample.bytes.value());
    kept_total_ += change;
    tensor_bytes_[index_of(sample.tensor)] += change;
    if (state_.observer != nullptr) changed_.push_back(sample.tensor);
  }
  ++started_;
}

/// What has changed at this instant, when all is done that happens in it; with what is there for the next
/// group.
void GroupRun::report_memory() {
  if (next_ != nullptr) changed_.insert(changed_.end(), next_->changed_.begin(), next_->changed_.end());
  const Bytes total = Bytes{at_once(on_chip_ - spare_) + ahead_ + kept_total_} + program_.reserved;
  for (const TensorId tensor : changed_) {
    const std::size_t i = index_of(tensor);
    const std::int64_t ahead = next_ == nullptr ? 0 : next_->tensor_bytes_[i];
    state_.observer->memory({state_.now, tensor, Bytes{tensor_bytes_[i] + ahead}, total});
  }
  changed_.clear();
  if (next_ != nullptr) next_->changed_.clear();
}

/// A later group's loads have no tile that waits for them now: they come last, as far as there is room.
void GroupRun::prefetch(std::int64_t room) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const BufferSpec& spec = program_.buffers[i];
    BufferState& buffer = buffers_[i];
    const auto& producer = context_.cascade.producer[index_of(spec.tensor)];
    const bool there = !producer || spec.role == BufferRole::kCarried;
    if (!spec.fed || spec.on_demand || !there || !spec.spills.empty()) continue;
    while (!buffer.fed_all && buffer.requested < spec.slots) {
      const std::int64_t bytes = spec.held.bytes(context_.cascade, buffer.feed, scratch_);
      if (bytes > room) break;
      room -= bytes;
      request(static_cast<int>(i));
    }
  }
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    state_.port(false).set_depth(program_.group, static_cast<int>(i), -1);
  }
}

void GroupRun::set_next(GroupRun& next) {
  next_ = &next;
  ahead_ = next.on_chip_;
}

}  // namespace fusescape
