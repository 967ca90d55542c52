// What must have moved before the last visit of an outer loop's input? (docs/model/latency.md, last visit)
#include <algorithm>

#include "transfers.hpp"

namespace fusescape {
namespace {

/// The outermost input that changes, at visits of several tiles.
const BufferStream* outermost_changing(const GroupStreams& group) {
  const BufferStream* outermost = nullptr;
  for (const BufferStream& s : group.loads) {
    const bool changes = s.moves && s.visits > 1 && is_even(group, s) && s.last_tiles > 1;
    if (changes && (outermost == nullptr || s.depth < outermost->depth)) outermost = &s;
  }
  return outermost;
}

}  // namespace

/// All of that input, and what inner loops did not move later.
LastVisit last_visit(const GroupStreams& group) {
  const BufferStream* const outer = outermost_changing(group);
  if (outer == nullptr) return {};
  const auto moved = [&](const BufferStream& s, std::int64_t later) {
    if (!s.moves || s.depth <= outer->depth) return s.carried && s.visits > 1 ? s.first : s.total;
    if (!is_even(group, s) || s.total != s.first * s.visits) return Bytes{};
    return excess(s.total, s.first * (s.visits / outer->visits + later));
  };
  Bytes loads;
  Bytes stores;
  for (const BufferStream& s : group.loads) loads += s.concurrent ? Bytes{} : moved(s, -1);
  for (const BufferStream& s : group.stores) {
    if (s.moves && s.depth > outer->depth && !s.early) stores += moved(s, s.slots - 1);
  }
  LastVisit last{.tiles = outer->last_tiles, .before = {}};
  last.before[Ports::kShared] = loads + stores;
  last.before[Ports::kSeparate] = loads;
  return last;
}

}  // namespace fusescape
