// What moves before and after the tiles of runs one after another? (docs/model/latency.md, sequence)
#include <algorithm>

#include "transfers.hpp"

namespace fusescape {
namespace {

/// The transfers of one run, or of several.
struct RunBytes {
  Bytes first;  ///< Loads that its first tile needs.
  Bytes loads;
  Bytes late_loads;  ///< Those that slots do not let come before.
  Bytes last;        ///< Stores that its last tile makes.
  Bytes stores;
  Bytes early_stores;  ///< Those that slots do not let leave after.
};

Bytes beyond_slots(const BufferStream& s) {
  return excess(s.total, s.most * s.slots);
}

RunBytes own_transfers(const GroupStreams& group, std::size_t run) {
  RunBytes own;
  for (const BufferStream& s : group.loads) {
    if (s.run != run || s.concurrent) continue;
    own.first += s.first;
    own.loads += s.total;
    own.late_loads += beyond_slots(s);
  }
  for (const BufferStream& s : group.stores) {
    if (s.run != run) continue;
    if (!s.early) own.last += s.last;
    own.stores += s.total;
    own.early_stores += beyond_slots(s);
  }
  return own;
}

void find_before(const std::vector<RunBytes>& own, std::span<RunProfile> runs) {
  RunBytes earlier;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].sequence.before_first = both_ways(earlier.loads + own[i].first, earlier.early_stores);
    earlier.loads += own[i].loads;
    runs[i].sequence.before_last = both_ways(earlier.loads, earlier.early_stores);
    earlier.early_stores += own[i].early_stores;
  }
}

void find_after(const std::vector<RunBytes>& own, std::span<RunProfile> runs) {
  RunBytes later;
  for (std::size_t i = runs.size(); i-- > 0;) {
    runs[i].sequence.after_last = both_ways(later.late_loads, later.stores + own[i].last);
    later.late_loads += own[i].late_loads;
    later.stores += own[i].stores;
    runs[i].sequence.after_first = both_ways(later.late_loads, later.stores);
  }
}

}  // namespace

void find_sequence(const GroupStreams& group, std::span<RunProfile> runs) {
  std::vector<RunBytes> own;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (passes_of(group, group.runs[i].parent, 1) > 1) return;
    own.push_back(own_transfers(group, i));
  }
  find_before(own, runs);
  find_after(own, runs);
}

}  // namespace fusescape
