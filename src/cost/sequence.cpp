// What moves before and after the tiles of runs one after another? (docs/model/latency.md, sequence)
#include <algorithm>
#include <vector>

#include "fusescape/plan/tile_classes.hpp"
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

/// Whether all tiles of earlier runs come before all of this one and of later ones.
bool comes_after_all(const GroupStreams& group, std::size_t run) {
  if (run == 0) return true;
  const FlowContext& context = group.context;
  const NodeId shared = common_ancestor(context.plan, group.runs[run - 1].parent, group.runs[run].parent);
  return iteration_count(context.cascade, loops_above(context.plan, shared)) == Elements{1};
}

/// Runs that take turns with each other, and with no others.
std::vector<RunRange> sections(const GroupStreams& group) {
  std::vector<RunRange> found;
  for (std::size_t i = 0; i < group.runs.size(); ++i) {
    if (comes_after_all(group, i)) found.push_back({i, i});
    found.back().last = i;
  }
  return found;
}

RunBytes sum_of(const std::vector<RunBytes>& own, const RunRange& section) {
  RunBytes sum = own[section.first];
  sum.last = own[section.last].last;
  for (std::size_t i = section.first + 1; i <= section.last; ++i) {
    sum.loads += own[i].loads;
    sum.late_loads += own[i].late_loads;
    sum.stores += own[i].stores;
    sum.early_stores += own[i].early_stores;
  }
  return sum;
}

void find_before(const std::vector<RunBytes>& own, const std::vector<RunRange>& sections,
                 std::span<RunProfile> runs) {
  RunBytes earlier;
  for (const RunRange& section : sections) {
    const RunBytes all = sum_of(own, section);
    runs[section.first].sequence.before_first = both_ways(earlier.loads + all.first, earlier.early_stores);
    earlier.loads += all.loads;
    runs[section.last].sequence.before_last = both_ways(earlier.loads, earlier.early_stores);
    earlier.early_stores += all.early_stores;
  }
}

/// After the first tile of runs that take turns nothing is said: their first turn is one of several.
void find_after(const std::vector<RunBytes>& own, const std::vector<RunRange>& sections,
                std::span<RunProfile> runs) {
  RunBytes later;
  for (std::size_t i = sections.size(); i-- > 0;) {
    const RunRange& section = sections[i];
    const RunBytes all = sum_of(own, section);
    runs[section.last].sequence.after_last = both_ways(later.late_loads, later.stores + all.last);
    later.late_loads += all.late_loads;
    later.stores += all.stores;
    if (section.count() > 1) continue;
    runs[section.first].sequence.after_first = both_ways(later.late_loads, later.stores);
  }
}

}  // namespace

void find_sequence(const GroupStreams& group, std::span<RunProfile> runs) {
  const std::vector<RunRange> all = sections(group);
  if (all.size() < runs.size() && !group.context.options.sections) return;
  std::vector<RunBytes> own;
  for (std::size_t i = 0; i < runs.size(); ++i) own.push_back(own_transfers(group, i));
  find_before(own, all, runs);
  find_after(own, all, runs);
}

}  // namespace fusescape
