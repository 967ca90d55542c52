#include "static_places.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "fusescape/support/contract.hpp"

namespace fusescape {
StaticPlaces::StaticPlaces(GroupState& group, const KeptMoves* kept)
    : group_{group},
      kept_{kept},
      takes_turns_{std::any_of(group.program.buffers.begin(), group.program.buffers.end(),
                               [](const BufferSpec& buffer) { return buffer.in_turns; })},
      shared_memory_{group.program.shares_memory()},
      counts_room_{shared_memory_ && (takes_turns_ || group.cores.size() > 1)},
      capacity_{group.program.room.value()},
      visits_(group.program.buffers.size()),
      spills_(group.program.spills.size()),
      lanes_(group.context.cascade.operators.size()),
      spare_of_(group.cores.size()),
      kept_of_(kept == nullptr ? 0 : group.context.cascade.tensors.size()) {
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& spec = group.program.buffers[i];
    Visits& buffer = visits_[i];
    buffer.left.resize(spec.touching.size());
    buffer.places.resize(static_cast<std::size_t>(spec.slots));
    buffer.feed = Odometer{group.program.loops};
    if (!spec.spills.empty()) buffer.feed_iterations.resize(group.program.loops.size());
    for (const int loop : spec.path) {
      buffer.feed.enter(loop);
      if (!spec.spills.empty()) ++buffer.feed_iterations[static_cast<std::size_t>(loop)];
    }
  }
}

void StaticPlaces::begin() {
  group_.sim.port(false).change(group_.program.group, [&](Transfer& transfer) {
    // What was fetched ahead counts as anything else now.
    transfer.depth = visits(transfer.buffer).early > 0 ? kBeforeTurn : spec(transfer.buffer).depth;
  });
  poll_all();
}

/// A later group's loads have no tile that waits for them now: they come last, as far as there is room.
void StaticPlaces::prefetch(std::int64_t room) {
  for (int id = 0; id < static_cast<int>(visits_.size()); ++id) {
    const auto& producer = group_.context.cascade.producer[index_of(spec(id).tensor)];
    const bool there = !producer || spec(id).role == BufferRole::kCarried;
    if (!spec(id).fed || spec(id).on_demand || !there || !spec(id).spills.empty()) continue;
    while (!visits(id).fed_all && visits(id).requested < spec(id).slots) {
      const bool moved = (visits(id).feed.moved() & outermost(spec(id).scope)) != 0;
      const bool first_turn = !takes_turns_ || (spec(id).scope_first == 0 && !moved);
      if (!first_turn && shared_memory_) break;
      const std::int64_t bytes = group_.bytes(spec(id).held, visits(id).feed);
      if (bytes > room) break;
      room -= bytes;
      request(id, !first_turn);
    }
  }
  group_.sim.port(false).change(group_.program.group,
                                [](Transfer& transfer) { transfer.depth = kBeforeGroup; });
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
  ending_ = true;
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
  ending_ = false;
  if (takes_turns_) begin_turns();
  if (group_.program.prefetch_depth == 0 && core.head >= 0) {
    for (const TouchSpec& touch : group_.tile(core.head).touches) poll(touch.buffer);
  }
  if (shared_memory_ || takes_turns_) poll_all();
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
  while (buffer.places.front().owed == 0 && std::all_of(buffer.left.begin(), buffer.left.end(), done)) {
    free_oldest(id);
  }
  if (shared_memory_ || takes_turns_) return poll_all();
  if (buffer.released > before) poll(id);
}

void StaticPlaces::hold(int id, std::int64_t visit, std::int64_t bytes) {
  FUSESCAPE_EXPECTS(visit < visits(id).released + spec(id).slots);
  visits(id).place(visit).held = bytes;
  count(id, bytes);
}

void StaticPlaces::free_oldest(int id) {
  Visits& buffer = visits(id);
  const std::int64_t held = buffer.places.front().held;
  buffer.places.erase(buffer.places.begin());
  buffer.places.emplace_back();
  ++buffer.released;
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
  if (!shared_memory_ || group_.cores.size() > 1) return bytes;
  return std::min(bytes, takes_turns_ ? capacity_ : group_.program.footprint.value());
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

void StaticPlaces::pass(LoopPass& pass) {
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& about = group_.program.buffers[i];
    Visits& b = visits_[i];
    for (const std::int64_t left : b.left) pass.same(left - b.released);
    pass.same(b.stores_issued - b.stores_done, b.early);
    for (const Place& place : b.places) pass.same(place.held, place.owed, place.there);
    if (about.fed) pass.same(b.requested - b.released, b.arrived - b.released, b.fed_all);
    if (about.lane >= 0) pass.same(lanes_[static_cast<std::size_t>(about.lane)] - b.in_lane);
    if (b.early > 0) pass.cursor(b.early_at, about.path);
    if (about.fed && !b.fed_all) {
      pass.loads(about, b.feed);
      pass.cursor(b.feed, about.path);
    }
  }
  for (std::size_t i = 0; i < spills_.size(); ++i) {
    const SpillSpec& spill = group_.program.spills[i];
    pass.same(spills_[i].finished - spill.shared.iteration(visits(spill.fed).feed_iterations));
    for (const std::int64_t owed : spills_[i].owed) pass.same(owed);
  }
  if (pass.counts()) pass_counts(pass);
}

void StaticPlaces::pass_counts(LoopPass& pass) {
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    Visits& b = visits_[i];
    for (auto* counts : {&b.left, &b.feed_iterations}) {
      for (std::int64_t& count : *counts) pass.count(count);
    }
    for (std::int64_t* count :
         {&b.released, &b.requested, &b.arrived, &b.stores_issued, &b.stores_done, &b.in_lane})
      pass.count(*count);
    pass.count(b.loaded, group_.program.buffers[i].load_saving);
    pass.count(b.stored, group_.program.buffers[i].store_saving);
  }
  for (std::int64_t& bytes : lanes_) pass.count(bytes);
  for (Spilled& spill : spills_) pass.count(spill.finished);
}

}  // namespace fusescape
