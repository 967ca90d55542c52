#include "spill_plan.hpp"

#include <algorithm>

namespace fusescape {

using Kind = SlabUse::Kind;

SpillPlan::SpillPlan(const GroupState& group, const SpillRules& rules)
    : group_{group},
      rules_{rules},
      order_{tile_order(group.program)},
      at_{group.program.loops},
      memory_{group.context.machine.capacity, rules.page, rules.policy},
      slabs_(group.program.buffers.size()),
      tensor_stored_(group.context.cascade.tensors.size(), -1) {
  for (std::size_t i = 0; i < slabs_.size(); ++i) static_cast<void>(memory_.add(Bytes{}));
  if (order_.overflow) {
    failure_ = SimFailure{.reason = SimFailure::Reason::kOverflow};
  } else {
    next();
  }
}

/// To the next tile.
void SpillPlan::next() {
  const GroupProgram& program = group_.program;
  tile_ = next_tile(program.loops, program.steps.front(), at_, step_, [](int, bool) {});
}

void SpillPlan::drop_first() {
  tiles_.pop_front();
  ++first_;
}

/// A buffer's next slab begins. Its place is free once the slab that had it has left.
void SpillPlan::open(int buffer, PlannedTile& made) {
  Slab& now = slab(buffer);
  const BufferSpec& about = spec(buffer);
  now.live = true;
  now.used = false;
  now.last_store = now.drain = -1;
  now.bytes = group_.bytes(about.held, at_);
  const bool loads = about.fed && (!about.partial || (at_.moved() & about.sums) != 0);
  now.load = loads ? group_.bytes(about.load, at_) : 0;
  memory_.renew(SlabId{static_cast<std::uint32_t>(buffer)}, Bytes{now.bytes});
  const std::int64_t before = now.visit - about.slots;
  if (before >= 0 && now.drains[parity(before)] >= 0)
    made.waits.push_back({now.drains[parity(before)], Stall::kSlot});
}

/// Of one slab there is one use, which says all that happens to it.
void SpillPlan::use(const TouchSpec& touch, PlannedTile& made) {
  const int buffer = spec(touch.buffer).host;
  const bool begins = !slab(buffer).live;
  if (begins) open(buffer, made);
  const bool empty = begins && slab(buffer).load == 0;  // Zeros, if nobody makes it.
  const Kind kind = empty ? Kind::kMake : touch.writes ? Kind::kUpdate : Kind::kRead;
  const SlabId id{static_cast<std::uint32_t>(buffer)};
  const auto same = [&](const SlabUse& one) { return one.slab == id; };
  auto known = std::find_if(uses_.begin(), uses_.end(), same);
  if (known == uses_.end()) {
    const std::int64_t next = next_use(order_, group_.program, buffer, made.tile, at_);
    known = uses_.insert(known, {.kind = kind, .slab = id, .next_use = next});
    stored_.push_back({.buffer = touch.buffer});
  }
  known->whole = known->whole || touch.whole;
  if (known->kind == Kind::kRead && touch.writes) known->kind = Kind::kUpdate;
  if (!touch.writes) return;
  const StoredSlab stored = stored_slab(spec(touch.buffer), touch, group_.tile(made.tile).loops(), at_);
  if (stored.slab == nullptr) return;
  known->stored = true;
  stored_[static_cast<std::size_t>(known - uses_.begin())] = {touch.buffer, group_.bytes(*stored.slab, at_)};
}

/// The first tile with which a load of the tile that is decided may start: there is room for it until it is
/// needed. A second slot that takes no memory needs none.
std::int64_t SpillPlan::earliest(int buffer, std::int64_t bytes) {
  const std::int64_t own = planned();
  if (rules_.ahead == 0) return own;
  const Slab& now = slab(buffer);
  const int slots = spec(buffer).slots;
  const std::int64_t before = now.visit - slots;
  const std::int64_t place_free = before < 0 ? 0 : now.ended[parity(before)] + 1;
  const std::int64_t from = std::max(now.used ? now.last_use + 1 : place_free, own - rules_.ahead);
  if (!now.used && !group_.context.machine.model.count_second_slots && slots == kTwoSlots)
    return std::clamp(from, first_, own);
  const auto tile = [&](std::int64_t number) -> PlannedTile& {
    return tiles_[static_cast<std::size_t>(number - first_)];
  };
  std::int64_t start = own;
  while (start > std::max(from, first_) && tile(start - 1).room >= bytes) --start;
  for (std::int64_t i = start; i < own; ++i) tile(i).room -= bytes;
  return start;
}

/// What finds a place is loaded before the tile, the rest while it runs.
void SpillPlan::add_load(const SlabMovement& moved, PlannedTile& made) {
  const auto buffer = static_cast<int>(moved.slab);
  const Slab& now = slab(buffer);
  const Bytes part = moved.loaded + moved.streamed;
  std::int64_t all = pages(part);
  if (!now.used) all = part == Bytes{now.bytes} ? now.load : std::min(all, now.load);
  SpillTransfer load{.buffer = buffer, .extra = now.used, .number = planned(), .after = now.last_store};
  if (!now.used) load.after = tensor_stored_[index_of(spec(buffer).tensor)];
  load.bytes = moved.streamed == Bytes{} ? all : std::min(pages(moved.loaded), all);
  if (load.bytes > 0) {
    load.from = earliest(buffer, load.bytes);
    made.transfers.push_back(load);
  }
  load.when = When::kPassing;
  load.bytes = all - load.bytes;
  if (load.bytes > 0) made.transfers.push_back(load);
}

/// Of loads that come side by side only the longest takes time.
void SpillPlan::set_times(PlannedTile& made) const {
  const OpId op = group_.tile(made.tile).operators.front();
  const bool beside = !group_.context.plan.spatial.empty() &&
                      group_.context.plan.spatial[index_of(op)].operand_loads == OperandLoads::kConcurrent;
  std::array<SpillTransfer*, 2> longest{};
  for (SpillTransfer& one : made.transfers) {
    one.timed = beside && !one.store ? 0 : one.bytes;
    if (one.timed > 0) continue;
    SpillTransfer*& most = longest[one.when == When::kPassing ? 1 : 0];
    if (most == nullptr || one.bytes > most->bytes) most = &one;
  }
  for (SpillTransfer* const most : longest) {
    if (most != nullptr) most->timed = most->bytes;
  }
}

/// A store out of the memory of slab `of`.
void SpillPlan::add_store(SpillTransfer store, int of, PlannedTile& made) {
  if (store.bytes == 0) return;
  store.store = true;
  store.number = stores_++;
  slab(of).last_store = store.number;
  if (store.when == When::kAfter) slab(of).drain = store.number;
  if (!store.extra) tensor_stored_[index_of(spec(store.buffer).tensor)] = store.number;
  made.transfers.push_back(store);
}

/// Bytes that a use sends to DRAM.
std::int64_t SpillPlan::leaving(std::size_t use, const SlabMovement& moved) const {
  if (!uses_[use].stored) return pages(moved.passed);
  const Bytes part = moved.copied + moved.passed;
  const std::int64_t whole = stored_[use].bytes;
  return part == Bytes{slab(static_cast<int>(moved.slab)).bytes} ? whole : std::min(pages(part), whole);
}

/// What gets no place, and what must go out in any case.
void SpillPlan::add_stores(std::span<const SlabMovement> moved, PlannedTile& made) {
  for (const When when : {When::kPassing, When::kAfter}) {
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      const std::int64_t all = leaving(i, moved[i]);
      const std::int64_t passed = std::min(pages(moved[i].passed), all);
      add_store({.when = when,
                 .buffer = stored_[i].buffer,
                 .extra = !uses_[i].stored,
                 .bytes = when == When::kPassing ? passed : all - passed},
                static_cast<int>(moved[i].slab), made);
    }
  }
}

/// What shrinks first makes room.
void SpillPlan::set_held(std::span<const SlabMovement> moved, PlannedTile& made) const {
  for (std::size_t i = uses_.size(); i < moved.size(); ++i)
    made.held.push_back({static_cast<int>(moved[i].slab), memory_.resident(moved[i].slab).value()});
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const auto buffer = static_cast<int>(uses_[i].slab);
    made.held.push_back({buffer, memory_.places()[i]});
    made.left.push_back({buffer, memory_.resident(uses_[i].slab).value()});
  }
}

/// Loads go to the first tiles with which they may start.
void SpillPlan::start_early(PlannedTile& made) {
  std::vector<SpillTransfer> own;
  std::swap(own, made.transfers);
  tiles_.push_back(std::move(made));
  for (const SpillTransfer& one : own) {
    const bool load = !one.store && one.when == When::kMayStart;
    if (load) ++tiles_.back().loads_left;
    (load ? tiles_[static_cast<std::size_t>(one.from - first_)] : tiles_.back()).transfers.push_back(one);
  }
}

/// After the tile: what it used last is over, and its place is free.
void SpillPlan::close() {
  for (const SlabUse& use : uses_) {
    Slab& now = slab(static_cast<int>(use.slab));
    now.used = true;
    now.last_use = planned();
    if (use.next_use != kNeverUsed) continue;
    now.live = false;
    now.ended[parity(now.visit)] = planned();
    now.drains[parity(now.visit)] = now.drain;
    ++now.visit;
  }
}

void SpillPlan::refuse(const MemoryDeadlock& why) {
  failure_ =
      SimFailure{.reason = SimFailure::Reason::kCapacity, .needed = why.needed, .available = why.available};
  for (const SlabId id : why.held) {
    const auto buffer = static_cast<int>(id);
    failure_->memory.push_back({spec(buffer).tensor, Bytes{slab(buffer).bytes}});
  }
}

void SpillPlan::plan_next() {
  PlannedTile made{.tile = tile_};
  uses_.clear();
  stored_.clear();
  for (const bool writes : {false, true}) {
    for (const TouchSpec& touch : group_.tile(tile_).touches) {
      if (touch.writes == writes) use(touch, made);
    }
  }
  const auto moved = memory_.run(uses_);
  if (!moved) return refuse(moved.error());
  made.room = (memory_.capacity() - memory_.held_while_running()).value();
  peak_ = std::max(peak_, memory_.held_while_running().value());
  for (const SlabMovement& one : *moved) {
    const auto buffer = static_cast<int>(one.slab);
    if (one.evicted > Bytes{}) made.waits.push_back({stores_, Stall::kMemory});
    add_store({.when = When::kBefore, .buffer = buffer, .extra = true, .bytes = pages(one.evicted)}, buffer,
              made);
  }
  for (std::size_t i = 0; i < uses_.size(); ++i) add_load((*moved)[i], made);
  add_stores(*moved, made);
  set_held(*moved, made);
  set_times(made);
  close();
  start_early(made);
  ++step_;
  next();
}

}  // namespace fusescape
