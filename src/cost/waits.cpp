// What do tiles of a group wait for? Transfers that slots do not hide.
#include <algorithm>

#include "group_transfers.hpp"

namespace fusescape {
namespace {

/// What single slots make the core wait for, of a stream of whose visits one, of `free` bytes, is not waited
/// for in a pass: of loads the first, of stores the last. If a part of it stays on chip, it is not known
/// which visits move.
Bytes exposed(const BufferStream& stream, Bytes free) {
  if (stream.ahead || !stream.in_turn || !stream.moves || stream.saved > Bytes{0}) return {};
  const Bytes all_free = stream.passes == 1 ? free : stream.most * stream.passes;
  return std::max(stream.total - all_free, Bytes{});
}

}  // namespace

/// Whether one run uses it, and all its visits are of equally many equal tiles.
bool GroupTransfers::is_even(const BufferStream& stream) const {
  return runs_.size() == 1 && tiles_ && stream.visits > 0 && *tiles_ % stream.visits == 0 &&
         stream.last_tiles == *tiles_ / stream.visits;
}

/// What the port serves, once a tile is done, before it serves the loads with a single slot that the next one
/// waits for: stores first, and second slabs of inner loops. Of `s`, at all such tiles.
Bytes GroupTransfers::before_exposed(const BufferStream& s, bool is_store) const {
  if (!is_even(s) || !s.ahead || !s.moves || s.early || s.returns || s.silent > 0 || is_concurrent(s) ||
      s.total != s.first * s.visits) {
    return {};
  }
  std::int64_t waits = 0;
  for (const BufferStream& load : loads_) {
    const bool waited_for = exposed_load(load) > Bytes{0} && !load.returns && !load.spilled;
    const bool comes_later = is_store ? load.depth <= s.depth && load.visits <= s.visits
                                      : load.depth < s.depth && load.visits <= s.visits / 2;
    if (!waited_for || !comes_later || !is_even(load)) continue;
    const std::int64_t loaded = ceil_div(load.total.value(), load.most.value());  // Visits, at least.
    waits = std::max(waits, load.first > Bytes{0} ? loaded - 1 : loaded);
  }
  return s.first * waits;
}

/// What tiles wait for until it has come into a single slot. Beside other loads it may cost nothing.
Bytes GroupTransfers::exposed_load(const BufferStream& s) const {
  return is_beside_others(s) ? Bytes{} : exposed(s, s.first);
}

/// What tiles wait for until it has left a single slot.
Bytes GroupTransfers::exposed_store(const BufferStream& s) const {
  if (!s.early) return exposed(s, s.last);
  const bool right_after = is_even(s) && s.first_tiles == s.last_tiles;  // No tile makes it again meanwhile.
  return right_after && !s.ahead && s.moves ? s.total : Bytes{};
}

/// What single slots make the core wait for, before tiles of one run.
GroupTransfers::Exposed GroupTransfers::exposed_in(std::size_t run) const {
  Exposed sum;
  for (const BufferStream& s : loads_) {
    if (run_of(s.op) == run) sum.loads += exposed_load(s) + before_exposed(s, false);
  }
  for (const BufferStream& s : stores_) {
    if (run_of(s.op) != run) continue;
    sum.stores += exposed_store(s);
    sum.before_loads += before_exposed(s, true);
    for (const BufferStream& back : loads_) {
      if (!back.returns || back.tensor != s.tensor) continue;
      sum.round_trip = std::max(sum.round_trip, exposed_store(s) + exposed_load(back));
    }
  }
  return sum;
}

void GroupTransfers::sum_both(GroupProfile& group) const {
  group.transfers = both_ways(group.loads, group.dram_write);
  group.waits.fill(group.lead + group.tail);
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const Exposed run = exposed_in(i);
    group.waits[static_cast<std::size_t>(Ports::kShared)] += run.loads + run.stores + run.before_loads;
    group.waits[static_cast<std::size_t>(Ports::kSeparate)] +=
        std::max({run.loads, run.stores, run.round_trip});
  }
}

/// What must have moved when the last visit of the outermost input that changes begins: all of that, and
/// what inner loops did not move later.
void GroupTransfers::find_last_visit(GroupProfile& group) const {
  const BufferStream* outer = nullptr;
  for (const BufferStream& s : loads_) {
    const bool changes = s.moves && s.visits > 1 && is_even(s) && s.last_tiles > 1;
    if (changes && (outer == nullptr || s.depth < outer->depth)) outer = &s;
  }
  if (outer == nullptr) return;
  const auto moved = [&](const BufferStream& s, std::int64_t later) {
    if (!s.moves || s.depth <= outer->depth) return s.carried && s.visits > 1 ? s.first : s.total;
    if (!is_even(s) || s.total != s.first * s.visits) return Bytes{};
    return std::max(s.total - s.first * (s.visits / outer->visits + later), Bytes{});
  };
  Bytes loads;
  Bytes stores;
  for (const BufferStream& s : loads_) loads += is_concurrent(s) ? Bytes{} : moved(s, -1);
  for (const BufferStream& s : stores_) {
    if (s.moves && s.depth > outer->depth && !s.early) stores += moved(s, s.slots - 1);
  }
  group.last_visit_tiles = outer->last_tiles;
  group.before_last_visit[static_cast<std::size_t>(Ports::kShared)] = loads + stores;
  group.before_last_visit[static_cast<std::size_t>(Ports::kSeparate)] = loads;
}

/// Sums that leave unfinished, and whose slot must be empty before those come that it holds next: while the
/// other slot's tiles run, both ways.
void GroupTransfers::find_returns(GroupProfile& group) const {
  for (const BufferStream& back : loads_) {
    const bool alike = back.most > Bytes{0} && back.total == back.most * back.visits;
    if (!back.returns || back.slots != 2 || !alike || is_beside_others(back)) continue;
    const auto out = std::find_if(stores_.begin(), stores_.end(),
                                  [&](const BufferStream& s) { return s.tensor == back.tensor; });
    if (out == stores_.end() || out->early || !is_even(*out)) continue;
    const std::int64_t finished = out->visits - back.visits;  // As many as come first.
    const std::int64_t unfinished = back.visits - finished;   // Before which another unfinished one leaves.
    const bool mostly = unfinished >= finished;
    const std::int64_t times = (mostly ? unfinished : back.visits) / 2;
    const Bytes out_and_back = back.most + (mostly ? back.most : std::min(out->first, back.most));
    if (out_and_back * times <= group.round_trip * group.returns) continue;  // Another one takes longer.
    group.returns = times;
    group.round_trip = out_and_back;
    group.return_tiles = out->last_tiles;
  }
}

}  // namespace fusescape
