#include "transfers.hpp"

#include <algorithm>

namespace fusescape {
namespace {

Bytes tail(const GroupStreams& group) {
  Bytes sum;
  for (const BufferStream& s : group.stores) {
    if (s.run + 1 == group.runs.size() && !s.early) sum += s.last;
  }
  return sum;
}

}  // namespace

PerPorts both_ways(Bytes reads, Bytes writes) {
  PerPorts sums;
  sums[Ports::kShared] = reads + writes;
  sums[Ports::kSeparate] = std::max(reads, writes);
  return sums;
}

void sum_up(const GroupStreams& streams, GroupProfile& group) {
  group.lead = lead(streams);
  group.tail = tail(streams);
  group.loads = port_bytes(streams, [](const BufferStream& s) { return s.total; });
  group.transfers = both_ways(group.loads, group.dram_write);
  group.equal_tiles = equal_tiles(streams, group.lead);
  group.waits = waits(streams, group.lead.all + group.tail);
  group.idle_port = idle_port(streams);
  group.last_visit = last_visit(streams);
  group.returns = returns(streams);
  if (group.runs.size() == 1) return;
  group.across_runs = across_runs(streams);
  find_turns(streams, group.runs);
  find_sequence(streams, group.runs);
}

}  // namespace fusescape
