#include "static_places.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "fusescape/support/contract.hpp"

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

StaticPlaces::StaticPlaces(GroupState& group, const KeptMoves* kept)
    : group_{group},
      kept_{kept},
      shared_memory_{group.program.shares_memory(group.context.machine.capacity)},
      counts_room_{shared_memory_ && group.cores.size() > 1},
      capacity_{(group.context.machine.capacity - group.program.reserved).value()},
      visits_(group.program.buffers.size()),
      spills_(group.program.spills.size()),
      lanes_(group.context.cascade.operators.size()),
      spare_of_(group.cores.size()),
      kept_of_(kept == nullptr ? 0 : group.context.cascade.tensors.size()) {
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& spec = group.program.buffers[i];
    Visits& buffer = visits_[i];
    buffer.left.resize(spec.touching.size());
    buffer.places.resize(std::bit_ceil(static_cast<std::size_t>(spec.slots)));
    buffer.feed = Odometer{group.program.loops};
    if (!spec.spills.empty()) buffer.feed_iterations.resize(group.program.loops.size());
    for (const int loop : spec.path) {
      buffer.feed.enter(loop);
      if (!spec.spills.empty()) ++buffer.feed_iterations[static_cast<std::size_t>(loop)];
    }
  }
}

void StaticPlaces::begin() {
  for (DramPort& port : group_.sim.ports) {  // What was fetched ahead counts as anything else now.
    for (std::size_t i = 0; i < visits_.size(); ++i)
      port.set_depth(group_.program.group, static_cast<int>(i), group_.program.buffers[i].depth);
  }
  poll_all();
}

/// A later group's loads have no tile that waits for them now: they come last, as far as there is room.
void StaticPlaces::prefetch(std::int64_t room) {
  for (int id = 0; id < static_cast<int>(visits_.size()); ++id) {
    const auto& producer = group_.context.cascade.producer[index_of(spec(id).tensor)];
    const bool there = !producer || spec(id).role == BufferRole::kCarried;
    if (!spec(id).fed || spec(id).on_demand || !there || !spec(id).spills.empty()) continue;
    while (!visits(id).fed_all && visits(id).requested < spec(id).slots) {
      const std::int64_t bytes = group_.bytes(spec(id).held, visits(id).feed);
      if (bytes > room) break;
      room -= bytes;
      request(id);
    }
  }
  for (std::size_t i = 0; i < visits_.size(); ++i)
    group_.sim.port(false).set_depth(group_.program.group, static_cast<int>(i), -1);
}

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
bool StaticPlaces::in_scope(int id) const {
  const BufferSpec& about = spec(id);
  const Odometer& feed = visits(id).feed;
  for (const int toucher : about.touching) {
    const CoreState& core = group_.cores[static_cast<std::size_t>(toucher)];
    bool same = core.head >= about.scope_first && core.head <= about.scope_last;
    for (int depth = about.scope - 1; same && depth >= 0; --depth)
      same = core.at[depth].start == feed[depth].start && core.at[depth].extent == feed[depth].extent;
    if (same) return true;
  }
  return false;
}

/// Whether memory has room for the next visit: all or nothing, for all buffers side by side or only in scope.
bool StaticPlaces::has_room(int id) const {
  if (!shared_memory_ || spec(id).partial) return true;
  if (!in_scope(id)) return false;
  return !counts_room_ || !spec(id).counts ||
         held_ - spare_ + group_.bytes(spec(id).held, visits(id).feed) <= capacity_;
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

bool StaticPlaces::may_request(int id) const {
  const BufferSpec& about = spec(id);
  const Visits& buffer = visits(id);
  if (!about.fed || buffer.fed_all || buffer.requested >= buffer.released + about.slots) return false;
  if (about.on_demand && !is_due(id)) return false;
  for (const int each : about.spills) {
    const Spilled& spill = spills_[static_cast<std::size_t>(each)];
    const SharedLoops& shared = group_.program.spills[static_cast<std::size_t>(each)].shared;
    const int loop = shared.counted();
    const std::int64_t now = loop == kNoLoop ? 1 : buffer.feed_iterations[static_cast<std::size_t>(loop)];
    if (spill.finished - static_cast<std::int64_t>(spill.owed.size()) < shared.needed(now, buffer.feed))
      return false;
  }
  return has_room(id);
}

void StaticPlaces::poll(int id) {
  while (may_request(id)) request(id);
}

void StaticPlaces::poll_all() {
  for (int id = 0; id < static_cast<int>(visits_.size()); ++id) poll(id);
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

void StaticPlaces::request(int id) {
  Visits& buffer = visits(id);
  const int ahead = static_cast<int>(buffer.requested - buffer.released);
  const std::int64_t bytes = missing_bytes(id);
  buffer.place(buffer.requested).there = bytes == 0;
  ++buffer.requested;
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
              .depth = spec(id).depth,
              .ahead = ahead});
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

/// Slabs that the tile fills have a place from now on.
void StaticPlaces::start(const CoreState& core) {
  const auto id = static_cast<std::size_t>(&core - group_.cores.data());
  spare_of_[id] = spare_bytes(core);
  spare_ += spare_of_[id];
  for (const TouchSpec& touch : group_.tile(core.head).touches) {
    const std::int64_t visit = visit_of(touch);
    if (visits(touch.buffer).place(visit).held < 0)
      hold(touch.buffer, visit, group_.bytes(spec(touch.buffer).held, core.at));
  }
  note_peak();
  if (kept_ != nullptr) show_kept();
}

void StaticPlaces::end(const CoreState& core, int next) {
  const TileSpec& tile = group_.tile(core.head);
  for (const TouchSpec& touch : tile.touches) {
    if (!touch.writes) continue;
    const StoredSlab stored = stored_slab(spec(touch.buffer), touch, tile.loops(), core.at);
    if (stored.slab != nullptr) store(touch.buffer, stored, core.at);
  }
  for (const TouchSpec& touch : tile.touches) leave(core, touch, next);
  finish_spills(core);
  spare_ -= spare_of_[static_cast<std::size_t>(&core - group_.cores.data())];
  note_peak();
}

/// Counts the iterations in which the tile has made all of a spilled tensor.
void StaticPlaces::finish_spills(const CoreState& core) {
  for (std::size_t i = 0; i < spills_.size(); ++i) {
    const SpillSpec& spill = group_.program.spills[i];
    if (spill.producer != core.head) continue;
    const int shared = static_cast<int>(spill.shared.path.size());
    const LoopMask inside = outermost(group_.tile(core.head).loops()) & ~outermost(shared);
    if ((core.at.not_last() & inside & spill.touch.completes) != 0) continue;
    if ((core.at.moved() & inside & spill.touch.repeats) != 0) continue;
    const Visits& stored = visits(spill.stored);
    ++spills_[i].finished;
    const std::int64_t owed = stored.stores_issued - stored.stores_done;
    if (owed > 0) spills_[i].owed.push_back(owed);
    poll(spill.fed);
  }
}

void StaticPlaces::reach(const CoreState& core) {
  if (group_.program.prefetch_depth == 0 && core.head >= 0) {
    for (const TouchSpec& touch : group_.tile(core.head).touches) poll(touch.buffer);
  }
  if (shared_memory_) poll_all();
}

/// After a tile: if it was the last of its core to use the slab, the core is done with this visit.
void StaticPlaces::leave(const CoreState& core, const TouchSpec& touch, int next) {
  const BufferSpec& about = spec(touch.buffer);
  if (!touch.last || next >= about.loops()) return;
  if (next != kNoLoop && (core.at.changing_from(next, about.loops()) & about.keys) == 0) return;
  Visits& buffer = visits(touch.buffer);
  std::int64_t& left = buffer.left[static_cast<std::size_t>(touch.toucher)];
  if (about.producer_core == group_.tile(core.head).core)
    buffer.place(left).owed = buffer.stores_issued - buffer.stores_done;
  ++left;
  release(touch.buffer);
}

/// Frees the places of visits that everyone is done with.
void StaticPlaces::release(int id) {
  Visits& buffer = visits(id);
  const std::int64_t before = buffer.released;
  const auto done = [&](std::int64_t left) { return left > buffer.released; };
  while (buffer.places[buffer.oldest].owed == 0 &&
         std::all_of(buffer.left.begin(), buffer.left.end(), done)) {
    free_oldest(id);
  }
  if (shared_memory_) return poll_all();
  if (buffer.released > before) poll(id);
}

void StaticPlaces::hold(int id, std::int64_t visit, std::int64_t bytes) {
  FUSESCAPE_EXPECTS(visit < visits(id).released + spec(id).slots);
  visits(id).place(visit).held = bytes;
  count(id, bytes);
}

void StaticPlaces::free_oldest(int id) {
  Visits& buffer = visits(id);
  const std::int64_t held = std::exchange(buffer.places[buffer.oldest], {}).held;
  ++buffer.released;
  buffer.oldest = (buffer.oldest + 1) & (buffer.places.size() - 1);
  if (held > 0) count(id, -held);
}

/// Counts what the buffer holds after a change of one of its places. If a second slot costs nothing, of two
/// or more the smallest is left out.
void StaticPlaces::count(int id, std::int64_t change) {
  Visits& buffer = visits(id);
  if (!spec(id).counts) return;
  if (!spec(id).second_slot_counts) {
    std::int64_t sum = 0;
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (const Place& place : buffer.places) {
      if (place.held <= 0) continue;
      least = std::min(least, place.held);
      sum += place.held;
    }
    change = (sum > least ? sum - least : sum) - buffer.on_chip;
  }
  if (change == 0) return;
  buffer.on_chip += change;
  held_ += change;
  group_.on_chip.add(spec(id).tensor, change);
}

/// What is kept between groups when the next tile starts.
void StaticPlaces::show_kept() {
  for (; next_kept_ < kept_->samples.size(); ++next_kept_) {
    const KeptSample& sample = kept_->samples[next_kept_];
    if (sample.run > started_) break;
    std::int64_t& shown = kept_of_[index_of(sample.tensor)];
    const std::int64_t change = sample.bytes.value() - std::exchange(shown, sample.bytes.value());
    kept_bytes_ += change;
    group_.on_chip.add(sample.tensor, change);
  }
  ++started_;
}

/// Of so many bytes of slabs: on one core they take turns with memory as the static footprint says.
std::int64_t StaticPlaces::at_once(std::int64_t bytes) const {
  return shared_memory_ && !counts_room_ ? std::min(bytes, group_.program.footprint.value()) : bytes;
}

/// Bytes of the slab that `touch` uses, whether or not it has a place yet.
std::int64_t StaticPlaces::bytes_of(const CoreState& core, const TouchSpec& touch) const {
  if (!spec(touch.buffer).counts) return 0;
  const std::int64_t held = visits(touch.buffer).place(visit_of(touch)).held;
  return held >= 0 ? held : group_.bytes(spec(touch.buffer).held, core.at);
}

/// What all slabs of a tile together take more than those that live at once, at worst.
std::int64_t StaticPlaces::spare_bytes(const CoreState& core) const {
  const TileSpec& tile = group_.tile(core.head);
  if (tile.leaves.size() == 1) return 0;
  std::int64_t all = 0;
  std::int64_t most = 0;
  for (int leaf = 0; leaf < static_cast<int>(tile.leaves.size()); ++leaf) {
    std::int64_t alive = 0;
    for (const TouchSpec& touch : tile.touches) {
      const std::int64_t bytes = bytes_of(core, touch);
      if (leaf == 0) all += bytes;
      if (touch.first_leaf <= leaf && leaf <= touch.last_leaf) alive += bytes;
    }
    most = std::max(most, alive);
  }
  return all - most;
}

/// Bytes that must be free for the core's tile to start.
std::int64_t StaticPlaces::room_for(const CoreState& core) const {
  std::int64_t sum = -spare_bytes(core);
  for (const TouchSpec& touch : group_.tile(core.head).touches) {
    if (visits(touch.buffer).place(visit_of(touch)).held < 0) sum += bytes_of(core, touch);
  }
  return sum;
}

void StaticPlaces::add_counters(Growing& growing) {
  for (Visits& b : visits_) {
    for (std::int64_t& left : b.left) growing.counts.push_back(&left);
    for (std::int64_t& count : b.feed_iterations) growing.counts.push_back(&count);
    for (std::int64_t* count :
         {&b.released, &b.requested, &b.arrived, &b.stores_issued, &b.stores_done, &b.in_lane})
      growing.counts.push_back(count);
  }
  for (std::int64_t& bytes : lanes_) growing.counts.push_back(&bytes);
  for (Spilled& spill : spills_) growing.counts.push_back(&spill.finished);
  first_saving_ = growing.counts.size();
  for (Visits& b : visits_) {
    growing.counts.push_back(&b.loaded);
    growing.counts.push_back(&b.stored);
  }
}

void StaticPlaces::describe(LoopView& loop) const {
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& about = group_.program.buffers[i];
    const Visits& b = visits_[i];
    for (const std::int64_t left : b.left) loop.add(left - b.released);
    loop.add(b.stores_issued - b.stores_done);
    for (std::int64_t visit = b.released; visit < b.released + about.slots; ++visit) {
      const Place& place = b.place(visit);
      for (const std::int64_t value : {place.held, place.owed, std::int64_t{place.there ? 1 : 0}})
        loop.add(value);
    }
    if (!about.fed) continue;
    loop.add(b.requested - b.released);
    loop.add(b.arrived - b.released);
    if (about.lane >= 0) loop.add(lanes_[static_cast<std::size_t>(about.lane)] - b.in_lane);
    loop.add(b.fed_all ? 1 : 0);
    if (!b.fed_all) loop.add_cursor(b.feed, about.path);
  }
  for (std::size_t i = 0; i < spills_.size(); ++i) {
    const int counted = group_.program.spills[i].shared.counted();
    const Visits& fed = visits(group_.program.spills[i].fed);
    loop.add(spills_[i].finished -
             (counted == kNoLoop ? 0 : fed.feed_iterations[static_cast<std::size_t>(counted)]));
    for (const std::int64_t owed : spills_[i].owed) loop.add(owed);
  }
}

void StaticPlaces::limit(PeriodLimit& limit, const std::vector<std::int64_t>& before) const {
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& about = group_.program.buffers[i];
    const std::size_t at = first_saving_ + 2 * i;
    limit.saving(about.load_saving, before[at], visits_[i].loaded);
    limit.saving(about.store_saving, before[at + 1], visits_[i].stored);
    if (!visits_[i].fed_all) limit.loads(about, visits_[i].feed);
  }
}

void StaticPlaces::jump(const LoopView& loop, std::int64_t iterations) {
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& about = group_.program.buffers[i];
    Visits& b = visits_[i];
    if (about.fed && !b.fed_all && loop.moves(b.feed, about.path)) loop.jump(b.feed, about.path, iterations);
  }
}

}  // namespace fusescape
