// When are slabs loaded and stored where each buffer has its places?
#include <algorithm>
#include <utility>

#include "static_places.hpp"

namespace fusescape {
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
void StaticPlaces::advance_feed(int id) {
  const BufferSpec& about = spec(id);
  Visits& buffer = visits(id);
  const bool counts = !about.spills.empty();
  for (;;) {
    const int next = counts ? innermost(buffer.feed.not_last() & outermost(about.loops()))
                            : carrying_loop(about, buffer.feed);
    if (next == kNoLoop) {
      buffer.fed_all = true;
      return;
    }
    const LoopMask changing = counts ? buffer.feed.changing(about.loops()) : 0;
    for (int depth = next; depth < about.loops(); ++depth) {
      const int loop = about.path[static_cast<std::size_t>(depth)];
      depth == next ? buffer.feed.step(loop) : buffer.feed.enter(loop);
      if (counts) ++buffer.feed_iterations[static_cast<std::size_t>(loop)];
    }
    if (!counts || (changing & about.keys) != 0) return;
  }
}

/// Where buffers share memory, a load may only come while its buffer has some.
bool StaticPlaces::in_scope(int id, const Odometer& visit) const {
  const BufferSpec& about = spec(id);
  for (const int toucher : about.touching) {
    const CoreState& core = group_.cores[static_cast<std::size_t>(toucher)];
    bool same = about.may_be_on(core.head);
    for (int depth = about.scope - 1; same && depth >= 0; --depth)
      same = core.at[depth].start == visit[depth].start && core.at[depth].extent == visit[depth].extent;
    if (same) return true;
  }
  return false;
}

/// Whether nothing before the tile that needs the next visit is left to run on its core.
bool StaticPlaces::is_due(int id) const {
  const std::vector<int>& touching = spec(id).touching;
  for (std::size_t toucher = 0; toucher < touching.size(); ++toucher) {
    const int head = group_.cores[static_cast<std::size_t>(touching[toucher])].head;
    if (head < 0 || visits(id).left[toucher] != visits(id).requested) continue;
    const std::vector<TouchSpec>& touches = group_.tile(head).touches;
    const auto needs = [&](const TouchSpec& touch) { return touch.buffer == id; };
    if (std::any_of(touches.begin(), touches.end(), needs)) return true;
  }
  return false;
}

/// Whether something that its next visit loads has not left yet.
bool StaticPlaces::waits_for_spill(int id) const {
  const Visits& buffer = visits(id);
  for (const int each : spec(id).spills) {
    const Spilled& spill = spills_[static_cast<std::size_t>(each)];
    const SharedLoops& shared = group_.program.spills[static_cast<std::size_t>(each)].shared;
    if (spill.finished - static_cast<std::int64_t>(spill.owed.size()) <
        shared.needed(buffer.feed_iterations, buffer.feed))
      return true;
  }
  return false;
}

bool StaticPlaces::may_request(int id) const {
  const BufferSpec& about = spec(id);
  const Visits& buffer = visits(id);
  if (!about.fed || buffer.fed_all || buffer.requested >= buffer.released + about.slots) return false;
  if (about.on_demand && !is_due(id)) return false;
  if (lacks_spill(id)) return false;
  if (!shared_memory_ || about.partial) return true;
  if (!in_scope(id, buffer.feed)) return false;
  return !counts_room_ || !about.counts ||
         held_ - spare_ + group_.bytes(about.held, buffer.feed) <= capacity_;
}

void StaticPlaces::poll(int id) {
  if (takes_turns_) return poll_in_order();
  while (may_request(id)) request(id);
}

void StaticPlaces::poll_all() {
  if (takes_turns_) return poll_in_order();
  for (int each = 0; each < static_cast<int>(visits_.size()); ++each) poll(each);
}

/// Bytes of the visit that is asked for next that are not on chip already. Counts them.
std::int64_t StaticPlaces::missing_bytes(int id) {
  const BufferSpec& about = spec(id);
  Visits& buffer = visits(id);
  const bool empty = about.partial && (buffer.feed.moved() & about.sums) == 0;  // Nothing is summed yet.
  const std::int64_t all = empty ? 0 : group_.bytes(about.load, buffer.feed);
  if (!about.partial || all > 0) {
    hold(id, buffer.requested, group_.bytes(about.held, buffer.feed));
    note_peak();
  }
  if (kept_ != nullptr && !kept_->loads[static_cast<std::size_t>(id)].empty())
    return kept_->loads[static_cast<std::size_t>(id)][static_cast<std::size_t>(buffer.requested)].value();
  const std::int64_t before = std::exchange(buffer.loaded, buffer.loaded + all);
  return all - about.load_saving.within(before, all);
}

/// Of inputs that come side by side only those are on the port that are further on than all others were.
std::int64_t StaticPlaces::port_bytes(int id, std::int64_t bytes) {
  if (spec(id).lane < 0) return bytes;
  std::int64_t& longest = lanes_[static_cast<std::size_t>(spec(id).lane)];
  visits(id).in_lane += bytes;
  const std::int64_t before = std::exchange(longest, std::max(longest, visits(id).in_lane));
  return longest - before;
}

void StaticPlaces::request(int id, bool early) {
  Visits& buffer = visits(id);
  const int ahead = static_cast<int>(buffer.requested - buffer.released);
  const std::int64_t bytes = missing_bytes(id);
  const bool begins = spec(id).begins_turn(buffer.feed, buffer.requested);
  buffer.place(buffer.requested).there = bytes == 0;
  ++buffer.requested;
  if (early && buffer.early++ == 0) buffer.early_at = buffer.feed;
  advance_feed(id);
  if (bytes > 0) {
    group_.moves[index_of(spec(id).tensor)].read += bytes;
    DramPort& port = group_.sim.port(false);
    port.add({.ready = group_.sim.now,
              .left = port.ticks(port_bytes(id, bytes)),
              .bytes = bytes,
              .group = group_.program.group,
              .buffer = id,
              .tensor = spec(id).tensor,
              .depth = early    ? kBeforeTurn
                       : begins ? spec(id).first_depth()
                                : spec(id).depth,
              .ahead = ahead,
              .order = early ? ++early_asked_ : 0,
              .begins = begins});
  }
  while (buffer.arrived < buffer.requested && buffer.place(buffer.arrived).there) ++buffer.arrived;
}

/// Visits count as arrived in order.
void StaticPlaces::complete(const Transfer& transfer) {
  const int id = transfer.buffer;
  Visits& buffer = visits(id);
  if (!transfer.store) {
    std::int64_t visit = buffer.arrived;
    while (buffer.place(visit).there) ++visit;
    buffer.place(visit).there = true;
    while (buffer.arrived < buffer.requested && buffer.place(buffer.arrived).there) ++buffer.arrived;
    return;
  }
  ++buffer.stores_done;
  for (Place& place : buffer.places) place.owed = std::max<std::int64_t>(place.owed - 1, 0);
  for (std::size_t i = 0; i < spills_.size(); ++i) {
    if (group_.program.spills[i].stored != id) continue;
    std::vector<std::int64_t>& owed = spills_[i].owed;
    for (std::int64_t& count : owed) --count;
    owed.erase(std::remove(owed.begin(), owed.end(), 0), owed.end());
    poll(group_.program.spills[i].fed);
  }
  release(id);
}

void StaticPlaces::store(int id, const StoredSlab& stored, const Odometer& at) {
  Visits& buffer = visits(id);
  std::int64_t bytes = group_.bytes(*stored.slab, at);
  if (stored.final) {
    const auto finals = static_cast<std::size_t>(buffer.finals++);
    if (kept_ != nullptr && !kept_->stores[static_cast<std::size_t>(id)].empty()) {
      for (const Leaving& one : kept_->stores[static_cast<std::size_t>(id)][finals])
        send_out(id, one.tensor, one.bytes.value());
      return;
    }
    const std::int64_t before = std::exchange(buffer.stored, buffer.stored + bytes);
    bytes -= spec(id).store_saving.within(before, bytes);
  }
  send_out(id, spec(id).tensor, bytes);
}

/// A store for which the place of the buffer's current visit waits.
void StaticPlaces::send_out(int id, TensorId tensor, std::int64_t bytes) {
  if (bytes == 0) return;
  TensorMoves& moves = group_.moves[index_of(tensor)];
  (tensor == spec(id).tensor ? moves.written : moves.evicted) += bytes;
  ++visits(id).stores_issued;
  DramPort& port = group_.sim.port(true);
  port.add({.ready = group_.sim.now,
            .left = port.ticks(bytes),
            .bytes = bytes,
            .group = group_.program.group,
            .buffer = id,
            .tensor = tensor,
            .depth = spec(id).depth,
            .store = true});
}

}  // namespace fusescape
