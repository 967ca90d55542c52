#include "spill.hpp"

#include <algorithm>
#include <utility>

#include "stored_slab.hpp"

namespace fusescape {
namespace {

using Kind = SlabUse::Kind;

constexpr std::int64_t kTwoSlots = 2;
constexpr std::int64_t kPasses = -1;  ///< Tile with which a load may start that passes through.
constexpr int kFillsGaps = -1;        ///< Loop depth of a load that gives way to all others.

std::size_t parity(std::int64_t visit) {
  return static_cast<std::size_t>(visit % kTwoSlots);
}

}  // namespace

Spill::Spill(GroupState& group, const SpillRules& rules)
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

/// To the next tile to be decided.
void Spill::next() {
  const GroupProgram& program = group_.program;
  tile_ = next_tile(program.loops, program.steps.front(), at_, step_, [](int, bool) {});
}

/// Loops around the next tile to be decided.
const std::vector<int>& Spill::path() const {
  static const std::vector<int> none;
  return tile_ < 0 ? none : group_.tile(tile_).path;
}

bool Spill::is_done(std::int64_t store) const {
  return store < first_open_ || done_[static_cast<std::size_t>(store - first_open_)];
}

/// A buffer's next slab begins. Its place is free once the slab that had it has left.
void Spill::open(int buffer, PlannedTile& made) {
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
void Spill::use(const TouchSpec& touch, PlannedTile& made) {
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
  const TileSpec& tile = group_.tile(made.tile);
  const StoredSlab stored = stored_slab(spec(touch.buffer), touch, tile.loops(), at_);
  if (stored.slab == nullptr) return;
  known->stored = true;
  stored_[static_cast<std::size_t>(known - uses_.begin())] = {touch.buffer, group_.bytes(*stored.slab, at_)};
}

void Spill::set_uses(PlannedTile& made) {
  uses_.clear();
  stored_.clear();
  for (const bool writes : {false, true}) {
    for (const TouchSpec& touch : group_.tile(made.tile).touches) {
      if (touch.writes == writes) use(touch, made);
    }
  }
}

/// The first tile with which a load of the tile that is decided may start: there is room for it until it is
/// needed. A second slot that takes no memory needs none.
std::int64_t Spill::earliest(int buffer, std::int64_t bytes) {
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

/// Whole pages of DRAM for so many bytes.
std::int64_t Spill::pages(Bytes bytes) const {
  return round_up(bytes, rules_.page).value();
}

void Spill::add_loads(const SlabMovement& moved, std::vector<SpillTransfer>& loads) {
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
    loads.push_back(load);
  }
  load.bytes = all - load.bytes;
  load.from = kPasses;
  if (load.bytes > 0) loads.push_back(load);
}

/// Of loads that come side by side only the longest takes time.
void Spill::set_times(const PlannedTile& made, std::vector<SpillTransfer>& loads) const {
  const OpId op = group_.tile(made.tile).operators.front();
  const bool beside = !group_.context.plan.spatial.empty() &&
                      group_.context.plan.spatial[index_of(op)].operand_loads == OperandLoads::kConcurrent;
  std::array<SpillTransfer*, 2> longest{};
  for (SpillTransfer& load : loads) {
    load.timed = load.bytes;
    if (!beside) continue;
    SpillTransfer*& most = longest[load.from == kPasses ? 1 : 0];
    if (most == nullptr || load.bytes > most->bytes) most = &load;
  }
  if (!beside) return;
  for (SpillTransfer& load : loads) {
    if (&load != longest[load.from == kPasses ? 1 : 0]) load.timed = 0;
  }
}

/// A store of `buffer`, whose memory is that of slab `of`.
void Spill::add_store(int buffer, int of, std::int64_t bytes, bool extra, std::vector<SpillTransfer>& when) {
  if (bytes == 0) return;
  slab(of).last_store = stores_;
  if (!extra) tensor_stored_[index_of(spec(buffer).tensor)] = stores_;
  when.push_back(
      {.buffer = buffer, .store = true, .extra = extra, .bytes = bytes, .timed = bytes, .number = stores_++});
  done_.push_back(false);
}

/// What gets no place, and what must go out in any case.
void Spill::add_stores(std::span<const SlabMovement> moved, PlannedTile& made) {
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const auto of = static_cast<int>(moved[i].slab);
    const std::int64_t all = leaving(i, moved[i]);
    add_store(stored_[i].buffer, of, std::min(pages(moved[i].passed), all), !uses_[i].stored, made.passing);
  }
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const auto of = static_cast<int>(moved[i].slab);
    const std::int64_t all = leaving(i, moved[i]);
    const std::int64_t rest = all - std::min(pages(moved[i].passed), all);
    if (rest > 0) slab(of).drain = stores_;
    add_store(stored_[i].buffer, of, rest, !uses_[i].stored, made.after);
  }
}

/// Bytes that a use sends to DRAM.
std::int64_t Spill::leaving(std::size_t use, const SlabMovement& moved) const {
  if (!uses_[use].stored) return pages(moved.passed);
  const Bytes part = moved.copied + moved.passed;
  const std::int64_t whole = stored_[use].bytes;
  return part == Bytes{slab(static_cast<int>(moved.slab)).bytes} ? whole : std::min(pages(part), whole);
}

/// After the tile: what it used last is over, and its place is free.
void Spill::close() {
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

void Spill::plan_tile() {
  PlannedTile made{.tile = tile_};
  set_uses(made);
  const auto moved = memory_.run(uses_);
  if (!moved) {
    failure_ = SimFailure{.reason = SimFailure::Reason::kCapacity,
                          .needed = moved.error().needed,
                          .available = moved.error().available};
    for (const SlabId id : moved.error().held) {
      const auto buffer = static_cast<int>(id);
      failure_->memory.push_back({spec(buffer).tensor, Bytes{slab(buffer).bytes}});
    }
    return;
  }
  made.room = (memory_.capacity() - memory_.held_while_running()).value();
  peak_ = std::max(peak_, memory_.held_while_running().value());
  for (const SlabMovement& one : *moved) {
    const auto buffer = static_cast<int>(one.slab);
    if (one.evicted > Bytes{}) made.waits.push_back({stores_, Stall::kMemory});
    add_store(buffer, buffer, pages(one.evicted), true, made.before);
  }
  std::vector<SpillTransfer> loads;
  for (std::size_t i = 0; i < uses_.size(); ++i) add_loads((*moved)[i], loads);
  add_stores(*moved, made);
  for (std::size_t i = uses_.size(); i < moved->size(); ++i) {
    const SlabId id = (*moved)[i].slab;
    made.held.emplace_back(static_cast<int>(id), memory_.resident(id).value());
  }
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const auto buffer = static_cast<int>(uses_[i].slab);
    made.held.emplace_back(buffer, memory_.places()[i]);
    made.left.emplace_back(buffer, memory_.resident(uses_[i].slab).value());
  }
  set_times(made, loads);
  close();
  tiles_.push_back(std::move(made));
  for (const SpillTransfer& load : loads) {
    PlannedTile& own = tiles_.back();
    if (load.from == kPasses) {
      own.passing.push_back(load);
      continue;
    }
    ++own.loads_left;
    tiles_[static_cast<std::size_t>(load.from - first_)].starting.push_back(load);
  }
  ++step_;
  next();
}

void Spill::issue(const SpillTransfer& transfer) {
  if (!transfer.store && transfer.after >= 0 && !is_done(transfer.after)) {
    held_back_.push_back(transfer);
    return;
  }
  TensorMoves& moves = group_.moves[index_of(spec(transfer.buffer).tensor)];
  std::int64_t& sum = transfer.store ? (transfer.extra ? moves.evicted : moves.written)
                                     : (transfer.extra ? moves.reloaded : moves.read);
  sum += transfer.bytes;
  const std::int64_t early = transfer.store ? 0 : transfer.number - first_;
  DramPort& port = group_.sim.port(transfer.store);
  port.add({.ready = group_.sim.now,
            .left = port.ticks(transfer.timed),
            .bytes = transfer.bytes,
            .group = group_.program.group,
            .buffer = transfer.buffer,
            .tensor = spec(transfer.buffer).tensor,
            .depth = early > 1 ? kFillsGaps : 0,
            .store = transfer.store,
            .ahead = static_cast<int>(early),
            .number = transfer.number});
}

void Spill::show(int buffer, std::int64_t bytes) {
  const std::int64_t change = bytes - std::exchange(slab(buffer).shown, bytes);
  shown_ += change;
  if (change != 0) group_.on_chip.add(spec(buffer).tensor, change);
}

void Spill::reach(const CoreState& /*core*/) {
  while (!failure_ && tile_ >= 0 && planned() <= first_ + rules_.ahead) plan_tile();
  if (failure_ || tiles_.empty()) return;
  const PlannedTile& now = tiles_.front();
  for (const auto& [buffer, bytes] : now.held) show(buffer, bytes);
  for (const SpillTransfer& store : now.before) issue(store);
  group_.sim.port(false).hurry(group_.program.group, first_);
  for (const SpillTransfer& load : now.starting) issue(load);
}

std::optional<Wait> Spill::wait(const CoreState& core) const {
  if (failure_) return Wait{};
  const std::optional<Stall> cause = core.computed ? wait_to_end() : wait_to_start();
  return cause ? std::optional{Wait{.cause = *cause}} : std::nullopt;
}

std::optional<Stall> Spill::wait_to_start() const {
  const PlannedTile& now = tiles_.front();
  if (now.loads_left > 0) return Stall::kLoad;
  for (const StoreWait& wait : now.waits) {
    if (!is_done(wait.store)) return wait.cause;
  }
  std::int64_t draining = 0;
  for (const SpillTransfer& drain : drains_) draining += drain.bytes;
  if (group_.context.machine.model.count_second_slots && draining > now.room) return Stall::kSlot;
  return std::nullopt;
}

void Spill::start(const CoreState& /*core*/) {
  running_ = true;
  for (const SpillTransfer& transfer : tiles_.front().passing) {
    passing_loads_ += transfer.store ? 0 : 1;
    issue(transfer);
  }
}

std::optional<Stall> Spill::wait_to_end() const {
  if (passing_loads_ > 0) return Stall::kLoad;
  for (const SpillTransfer& transfer : tiles_.front().passing) {
    if (transfer.store && !is_done(transfer.number)) return Stall::kMemory;
  }
  return std::nullopt;
}

void Spill::end(const CoreState& /*core*/, int /*next*/) {
  running_ = false;
  const PlannedTile& now = tiles_.front();
  for (const auto& [buffer, bytes] : now.left) show(buffer, bytes);
  for (const SpillTransfer& store : now.after) {
    drains_.push_back(store);
    issue(store);
  }
  tiles_.pop_front();
  ++first_;
}

void Spill::complete(const Transfer& transfer) {
  if (!transfer.store) {
    const bool passes = running_ && transfer.number == first_;
    --(passes ? passing_loads_ : tiles_[static_cast<std::size_t>(transfer.number - first_)].loads_left);
    return;
  }
  done_[static_cast<std::size_t>(transfer.number - first_open_)] = true;
  for (; !done_.empty() && done_.front(); ++first_open_) done_.pop_front();
  const auto is_it = [&](const SpillTransfer& drain) { return drain.number == transfer.number; };
  drains_.erase(std::remove_if(drains_.begin(), drains_.end(), is_it), drains_.end());
  std::vector<SpillTransfer> waiting;
  waiting.swap(held_back_);
  for (const SpillTransfer& load : waiting) issue(load);
}

void Spill::limit(PeriodLimit& limit, const std::vector<std::int64_t>& /*before*/) const {
  if (tile_ < 0) return;
  limit.cursor(at_, path());
  for (const BufferSpec& buffer : group_.program.buffers) limit.loads(buffer, at_);
}

/// Positions from the start of the watched iteration to the loop's end move with it.
void Spill::jump(const LoopView& loop, std::int64_t iterations) {
  const auto [begin, end] = positions_of(order_, group_.program, loop.loop(), loop.watched());
  memory_.shift_uses(begin, end, iterations * order_.stride[static_cast<std::size_t>(loop.loop())]);
  if (loop.moves(at_, path())) loop.jump(at_, path(), iterations);
}

void Spill::describe_store(LoopView& loop, std::int64_t store) const {
  loop.add(store < 0 || is_done(store) ? 0 : store - stores_);
}

void Spill::describe_all(LoopView& loop, const std::vector<SpillTransfer>& transfers) const {
  loop.add(static_cast<std::int64_t>(transfers.size()));
  for (const SpillTransfer& one : transfers) {
    for (const std::int64_t value :
         {std::int64_t{one.buffer}, std::int64_t{one.store ? 1 : 0}, std::int64_t{one.extra ? 1 : 0},
          one.bytes, one.timed, one.number - (one.store ? stores_ : first_)})
      loop.add(value);
    describe_store(loop, one.after);
  }
}

void Spill::describe_bytes(LoopView& loop, const std::vector<std::pair<int, std::int64_t>>& bytes) const {
  for (const auto& [buffer, held] : bytes) {
    loop.add(buffer);
    loop.add(held);
  }
}

void Spill::describe_tile(LoopView& loop, const PlannedTile& tile) const {
  loop.add(tile.tile);
  loop.add(tile.room);
  loop.add(tile.loads_left);
  loop.add(static_cast<std::int64_t>(tile.waits.size()));
  for (const StoreWait& wait : tile.waits) describe_store(loop, wait.store);
  for (const auto* transfers : {&tile.starting, &tile.before, &tile.passing, &tile.after})
    describe_all(loop, *transfers);
  describe_bytes(loop, tile.held);
  describe_bytes(loop, tile.left);
}

void Spill::describe_slab(LoopView& loop, std::size_t buffer) const {
  const Slab& one = slabs_[buffer];
  const SlabId id{static_cast<std::uint32_t>(buffer)};
  const auto since = [&](std::int64_t tile) { return std::min(planned() - tile, rules_.ahead + 2); };
  const auto [begin, end] = positions_of(order_, group_.program, loop.loop(), loop.watched());
  const std::int64_t next = memory_.next_use(id);
  const bool moves = next >= begin && next < end;
  for (const std::int64_t value :
       {std::int64_t{one.live ? 1 : 0}, std::int64_t{one.used ? 1 : 0}, one.bytes, one.load,
        since(one.last_use), std::min(one.visit, kTwoSlots), memory_.resident(id).value(),
        memory_.dirty(id).value(), std::int64_t{moves ? 1 : 0}, moves ? next - begin : next})
    loop.add(value);
  describe_store(loop, one.last_store);
  describe_store(loop, one.drain);
  for (std::int64_t back = 1; back <= kTwoSlots; ++back) {
    const std::size_t visit = parity(one.visit + kTwoSlots - back);
    loop.add(since(one.ended[visit]));
    describe_store(loop, one.drains[visit]);
  }
}

/// All that decisions and transfers from here on depend on.
void Spill::describe(LoopView& loop) const {
  for (std::size_t i = 0; i < slabs_.size(); ++i) describe_slab(loop, i);
  for (const std::int64_t store : tensor_stored_) describe_store(loop, store);
  for (const std::int64_t value : {std::int64_t{running_ ? 1 : 0}, passing_loads_, first_open_ - stores_})
    loop.add(value);
  for (const bool done : done_) loop.add(done ? 1 : 0);
  for (const PlannedTile& tile : tiles_) describe_tile(loop, tile);
  describe_all(loop, held_back_);
  describe_all(loop, drains_);
  loop.add(tile_);
  loop.add_cursor(at_, path());
  if (rules_.policy != Eviction::kLru) return;
  for (const auto& [rank, id] : memory_.residents()) loop.add(static_cast<std::int64_t>(id));
}

}  // namespace fusescape
