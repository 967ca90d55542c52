// What may be loaded before its turn, and what is asked for first? (docs/adr/places.md)
#include <algorithm>
#include <bit>
#include <cstddef>
#include <set>
#include <utility>

#include "static_places.hpp"

namespace fusescape {
namespace {

/// Of tiles [first, end).
std::int64_t most_alive(const GroupProgram& program, int first, int end) {
  std::int64_t most = 0;
  for (int t = first; t < end; ++t) most = std::max(most, program.tiles[static_cast<std::size_t>(t)].alive);
  return most;
}

/// Memory that a slab takes before its turn, if `others` of its buffer do, too.
std::int64_t early_bytes(const BufferSpec& spec, int others) {
  return spec.counts && (others == 0 || spec.second_slot_counts) ? spec.slab_bytes.value() : 0;
}

/// Depth of the outermost of `loops` loops of which two places are in different iterations, or kNoLoop.
int loop_between(int loops, const Odometer& a, const Odometer& b) {
  for (int depth = 0; depth < loops; ++depth) {
    if (a[depth].start != b[depth].start || a[depth].extent != b[depth].extent) return depth;
  }
  return kNoLoop;
}

/// Loops that both paths share.
int shared_loops(const std::vector<int>& a, const std::vector<int>& b) {
  return static_cast<int>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

/// Loops around the turns of both.
int common_scope(const BufferSpec& a, const BufferSpec& b) {
  return std::min({a.scope, b.scope, shared_loops(a.path, b.path)});
}

/// Whether the turn of `a` at visit `at` begins before that of `b`; neither has begun yet.
int order_of_turns(const BufferSpec& a, const Odometer& at_a, const BufferSpec& b, const Odometer& at_b) {
  const int common = common_scope(a, b);
  const int loop = loop_between(common, at_a, at_b);
  if (loop != kNoLoop) return at_a[loop].index < at_b[loop].index ? -1 : 1;
  if (a.scope_first != b.scope_first) return a.scope_first < b.scope_first ? -1 : 1;
  const bool later_a = (at_a.moved() & outermost(a.scope) & ~outermost(common)) != 0;
  const bool later_b = (at_b.moved() & outermost(b.scope) & ~outermost(common)) != 0;
  return static_cast<int>(later_a) - static_cast<int>(later_b);
}

/// Whether turns of both, which load something, begin together.
bool begin_together(const BufferSpec& a, const BufferSpec& b) {
  return b.in_turns && a.scope_first == b.scope_first && a.scope == b.scope && common_scope(a, b) == a.scope;
}

/// Whether a turn loads slab `i` of `a` before slab `j` of `b`: what its first tile needs, then inner loops'
/// loads, then first slabs.
bool loads_before(const BufferSpec& a, std::int64_t i, const BufferSpec& b, std::int64_t j) {
  const bool leads_a = a.leads && i == 0;
  const bool leads_b = b.leads && j == 0;
  if (leads_a != leads_b) return leads_a;
  if (a.depth != b.depth) return a.depth > b.depth;
  return i != j ? i < j : &a < &b;
}

/// Slabs of `other` that a turn which both begin loads no later than slab `ordinal` of `spec`.
int slabs_until(const BufferSpec& spec, int ordinal, const BufferSpec& other) {
  if (&other == &spec) return ordinal + 1;
  int slabs = 0;
  while (slabs < other.first_slabs && loads_before(other, slabs, spec, ordinal)) ++slabs;
  return slabs;
}

}  // namespace

/// The visit that it could ask for now, if there is memory.
std::optional<StaticPlaces::Candidate> StaticPlaces::candidate(int id) const {
  const BufferSpec& about = spec(id);
  const Visits& buffer = visits(id);
  if (!about.fed || buffer.fed_all || buffer.requested >= buffer.released + about.slots) return std::nullopt;
  if (lacks_spill(id)) return std::nullopt;
  const bool early = about.in_turns && !in_scope(id, buffer.feed);
  const bool comes =
      early ? buffer.early == 0 || loop_between(about.scope, buffer.early_at, buffer.feed) == kNoLoop
            : !about.on_demand || is_due(id);
  return comes ? std::optional{Candidate{id, early}} : std::nullopt;
}

/// Of two candidates: what belongs to a turn that has begun, then earlier turns; in a turn, in the order in
/// which the port serves.
bool StaticPlaces::comes_before(const Candidate& a, const Candidate& b) const {
  if (a.early != b.early) return b.early;
  const Visits& state_a = visits(a.id);
  const Visits& state_b = visits(b.id);
  const int turns = a.early ? order_of_turns(spec(a.id), state_a.feed, spec(b.id), state_b.feed) : 0;
  if (turns != 0) return turns < 0;
  const auto ahead = [&](const Visits& buffer) {
    return a.early ? buffer.early : buffer.requested - buffer.released;
  };
  return loads_before(spec(a.id), ahead(state_a), spec(b.id), ahead(state_b));
}

/// Asks for one visit after another, in order, until the first that has no room.
void StaticPlaces::poll_in_order() {
  if (ending_) return;
  for (;;) {
    std::optional<Candidate> next;
    for (int id = 0; id < static_cast<int>(visits_.size()); ++id) {
      const std::optional<Candidate> one = candidate(id);
      if (one && (!next || comes_before(*one, *next))) next = one;
    }
    if (!next) return;
    const BufferSpec& about = spec(next->id);
    if (next->early && (about.on_demand || !has_early_room(next->id))) return;
    const std::int64_t bytes = about.counts ? group_.bytes(about.held, visits(next->id).feed) : 0;
    if (about.counts && !has_room(bytes, next->early)) return;
    request(next->id, next->early);
  }
}

/// Loads whose turn has come take their place among all others; what its first tile needs goes first.
void StaticPlaces::begin_turns() {
  for (int id = 0; id < static_cast<int>(visits_.size()); ++id) {
    Visits& buffer = visits(id);
    if (buffer.early == 0 || !in_scope(id, buffer.early_at)) continue;
    buffer.early = 0;
    group_.sim.port(false).change(group_.program.group, [&](Transfer& transfer) {
      if (transfer.buffer == id) transfer.depth = transfer.begins ? spec(id).first_depth() : spec(id).depth;
    });
  }
}

/// Whether so many bytes in all fit. Runs in memories between which no answer differs are the same.
bool StaticPlaces::fits(std::int64_t bytes) const {
  if (bytes > capacity_) least_lacked_ = std::min(least_lacked_, bytes);
  return bytes <= capacity_;
}

/// Whether so many bytes more fit, of turns that are on or of a later one. What is on never takes more than
/// its static bytes; beside it lie what came early and what earlier turns made that has not left yet.
bool StaticPlaces::has_room(std::int64_t bytes, bool early) const {
  if (!counts_room_) return true;
  if (!takes_turns_) return fits(held_ - spare_ + bytes);
  const int head = group_.cores.front().head;
  std::int64_t on = early ? 0 : bytes;
  std::int64_t beside = early ? bytes : 0;
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& about = group_.program.buffers[i];
    const bool leaves = visits_[i].stores_done < visits_[i].stores_issued;
    if (about.may_be_on(head)) {
      on += visits_[i].on_chip;
    } else if (about.fed || leaves) {
      beside += visits_[i].on_chip;
    }
  }
  if (head < 0) return true;
  return fits(std::min(on - spare_, group_.program.tiles[static_cast<std::size_t>(head)].alive) + beside);
}

/// What the turns that are on can need from now on: of a stream whose visits have all been asked for, no more
/// than those.
std::int64_t StaticPlaces::alive_now() const {
  const int head = group_.cores.front().head;
  std::int64_t alive = group_.program.tiles[static_cast<std::size_t>(head)].alive;
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& about = group_.program.buffers[i];
    const Visits& buffer = visits_[i];
    if (!about.has_second_slot() || !about.may_be_on(head) ||
        (!buffer.fed_all && in_scope(static_cast<int>(i), buffer.feed)))
      continue;
    const std::int64_t own = buffer.requested - buffer.released - buffer.early;
    alive -= std::min<std::int64_t>(about.slots - own, 1) * about.slab_bytes.value();
  }
  return alive;
}

/// The most that is alive at once from now until the turn of the next visit begins.
std::int64_t StaticPlaces::alive_until(int id) const {
  const BufferSpec& about = spec(id);
  const Visits& buffer = visits(id);
  const CoreState& core = group_.cores.front();
  const std::vector<int>& path = group_.tile(core.head).path;
  const int common = std::min(about.scope, shared_loops(path, about.path));
  const int loop = loop_between(common, core.at, buffer.feed);
  const NestLoop* around = loop == kNoLoop ? nullptr : &group_.program.loop(path, loop);
  const int first = around == nullptr ? 0 : around->first_tile;
  const int end = around == nullptr ? about.scope_first : around->end_tile;
  if (around != nullptr && buffer.feed[loop].index > core.at[loop].index + 1)
    return most_alive(group_.program, first, end);
  // Inner loops that are not done come back to their first tile.
  const int outside = around == nullptr ? common : loop + 1;
  const LoopMask inner = core.at.not_last() & outermost(static_cast<int>(path.size())) & ~outermost(outside);
  const int from = inner == 0 ? core.head + 1 : group_.program.loop(path, std::countr_zero(inner)).first_tile;
  const std::int64_t most = std::max(alive_now(), most_alive(group_.program, from, end));
  return around == nullptr ? most : std::max(most, most_alive(group_.program, first, about.scope_first));
}

/// Whether memory holds a slab of a later turn besides all that turns until then may need, that came early,
/// and that goes before it in its turn, there or not.
bool StaticPlaces::has_early_room(int id) const {
  const BufferSpec& about = spec(id);
  const Visits& buffer = visits(id);
  if (group_.cores.front().head < 0) return false;
  if (!counts_room_) return true;
  std::int64_t early = 0;
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const BufferSpec& other = group_.program.buffers[i];
    int slabs = visits_[i].early;
    if (begin_together(about, other)) slabs = std::max(slabs, slabs_until(about, buffer.early, other));
    for (int n = 0; n < slabs; ++n) early += early_bytes(other, n);
  }
  return fits(early + alive_until(id));
}

namespace {

/// Of a turn, the tiles after whose last run it may begin.
std::set<int> tiles_before(const GroupProgram& program, const BufferSpec& turn) {
  std::set<int> before;
  if (turn.scope_first > 0) before.insert(turn.scope_first - 1);
  for (int depth = 0; depth < turn.scope; ++depth) {
    const NestLoop& loop = program.loop(turn.path, depth);
    if (loop.first_tile == turn.scope_first) before.insert(loop.end_tile - 1);
  }
  return before;
}

/// Slabs in the order in which turns that begin with `turn` load them.
std::vector<std::int64_t> prologue(const GroupProgram& program, const BufferSpec& turn) {
  std::vector<std::pair<const BufferSpec*, int>> loads;
  for (const BufferSpec& spec : program.buffers) {
    if (!begin_together(turn, spec)) continue;
    for (int i = 0; i < spec.first_slabs; ++i) loads.emplace_back(&spec, i);
  }
  std::sort(loads.begin(), loads.end(), [](const auto& a, const auto& b) {
    return loads_before(*a.first, a.second, *b.first, b.second);
  });
  std::vector<std::int64_t> slabs(loads.size());
  std::transform(loads.begin(), loads.end(), slabs.begin(),
                 [](const auto& load) { return early_bytes(*load.first, load.second); });
  return slabs;
}

/// What second slots of streams leave while tile `tile` runs, if there is no more to come.
std::int64_t freed_at_end(const GroupProgram& program, int tile) {
  std::int64_t freed = 0;
  for (const BufferSpec& spec : program.buffers) {
    if (spec.has_second_slot() && spec.may_be_on(tile)) freed += spec.slab_bytes.value();
  }
  return freed;
}

/// Bytes that may be alive when the first slabs of `turn` come early: those of a run that it may follow, with
/// or without its second slots, and the most beside it, with which they may come at any time.
std::set<std::int64_t> alive_before(const GroupProgram& program, const BufferSpec& turn) {
  std::int64_t others = 0;
  for (int t = 0; t < static_cast<int>(program.tiles.size()); ++t) {
    if (!turn.may_be_on(t)) others = std::max(others, program.tiles[static_cast<std::size_t>(t)].alive);
  }
  std::set<std::int64_t> alive{others};
  for (const int tile : tiles_before(program, turn)) {
    const std::int64_t bytes = program.tiles[static_cast<std::size_t>(tile)].alive;
    alive.insert(bytes);
    alive.insert(bytes - freed_at_end(program, tile));
  }
  return alive;
}

/// At most kMostThresholds of them; if there are fewer, others in equal steps besides.
std::vector<Bytes> thinned(std::vector<Bytes> sorted) {
  const Bytes first = sorted.front();
  const std::int64_t span = (sorted.back() - first).value();
  const auto steps = static_cast<std::int64_t>(kMostThresholds - sorted.size()) + 1;
  if (sorted.size() <= kMostThresholds) {
    for (std::int64_t i = 1; i < steps; ++i) {
      sorted.push_back(first + Bytes{span / steps * i + span % steps * i / steps});
    }
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    return sorted;
  }
  std::vector<Bytes> some;
  for (std::size_t i = 0; i < kMostThresholds; ++i) {
    some.push_back(sorted[i * (sorted.size() - 1) / (kMostThresholds - 1)]);
  }
  return some;
}

}  // namespace

std::vector<Bytes> place_thresholds(const GroupProgram& program) {
  std::set<Bytes> all{program.footprint, std::max(program.footprint, program.all_at_once)};
  for (const BufferSpec& turn : program.buffers) {
    if (!turn.in_turns) continue;
    const std::set<std::int64_t> alive = alive_before(program, turn);
    std::int64_t sum = 0;
    for (const std::int64_t slab : prologue(program, turn)) {
      sum += slab;
      for (const std::int64_t beside : alive) all.insert(Bytes{beside + sum});
    }
  }
  std::erase_if(all, [&](Bytes bytes) {
    return bytes < program.footprint || bytes > std::max(program.footprint, program.all_at_once);
  });
  return thinned({all.begin(), all.end()});
}

}  // namespace fusescape
