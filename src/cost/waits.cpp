// What do tiles wait for that slots do not hide? (docs/model/latency.md, core)
#include <algorithm>

#include "transfers.hpp"

namespace fusescape {
namespace {

/// What single slots make the core wait for, of a stream of whose visits one, of `free` bytes, is not waited
/// for in a pass: of loads the first, of stores the last. If a part of it stays on chip, it is not known
/// which visits move.
Bytes exposed(const BufferStream& stream, Bytes free) {
  if (stream.ahead || !stream.in_turn || !stream.moves || stream.saved > Bytes{0}) return {};
  const Bytes all_free = stream.passes == 1 ? free : stream.most * stream.passes;
  return excess(stream.total, all_free);
}

/// What tiles wait for until it has come into a single slot. Beside other loads it may cost nothing.
Bytes exposed_load(const GroupStreams& group, const BufferStream& s) {
  return is_beside_others(group, s) ? Bytes{} : exposed(s, s.first);
}

/// What tiles wait for until it has left a single slot.
Bytes exposed_store(const GroupStreams& group, const BufferStream& s) {
  if (!s.early) return exposed(s, s.last);
  // If it leaves right after its tile, none makes it again meanwhile.
  const bool right_after = is_even(group, s) && s.first_tiles == s.last_tiles;
  return right_after && !s.ahead && s.moves ? s.total : Bytes{};
}

/// "The stores and the inner loops' loads that the port serves before" loads with a single slot: once a tile
/// is done and the next one waits for these, stores go first, and second slabs of inner loops. Of `s`, at all
/// such tiles.
Bytes before_exposed(const GroupStreams& group, const BufferStream& s, bool is_store) {
  if (!is_even(group, s) || !s.ahead || !s.moves || s.early || s.returns || s.silent > 0 || s.concurrent ||
      s.total != s.first * s.visits) {
    return {};
  }
  std::int64_t times = 0;
  for (const BufferStream& load : group.loads) {
    const bool waited_for = exposed_load(group, load) > Bytes{0} && !load.returns && !load.spilled;
    const bool comes_later = is_store ? load.depth <= s.depth && load.visits <= s.visits
                                      : load.depth < s.depth && load.visits <= s.visits / 2;
    if (!waited_for || !comes_later || !is_even(group, load)) continue;
    const std::int64_t loaded = ceil_div(load.total.value(), load.most.value());  // Visits, at least.
    times = std::max(times, load.first > Bytes{0} ? loaded - 1 : loaded);
  }
  return s.first * times;
}

/// What single slots make the core wait for, before tiles of one run.
void add_waits(const GroupStreams& group, std::size_t run, PerPorts& waits) {
  Bytes loads;
  Bytes stores;
  Bytes before_loads;  // Stores that a shared port serves before loads that tiles wait for.
  Bytes round_trip;    // Of the sum with the most that leaves unfinished: out and back.
  for (const BufferStream& s : group.loads) {
    if (s.run == run) loads += exposed_load(group, s) + before_exposed(group, s, false);
  }
  for (const BufferStream& s : group.stores) {
    if (s.run != run) continue;
    stores += exposed_store(group, s);
    before_loads += before_exposed(group, s, true);
    for (const BufferStream& back : group.loads) {
      if (!back.returns || back.tensor != s.tensor) continue;
      round_trip = std::max(round_trip, exposed_store(group, s) + exposed_load(group, back));
    }
  }
  waits[Ports::kShared] += loads + stores + before_loads;
  waits[Ports::kSeparate] += std::max({loads, stores, round_trip});
}

}  // namespace

PerPorts waits(const GroupStreams& group, Bytes ends) {
  PerPorts sum{{ends, ends}};
  for (std::size_t run = 0; run < group.runs.size(); ++run) add_waits(group, run, sum);
  return sum;
}

}  // namespace fusescape
