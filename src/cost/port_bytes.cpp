// How long is the port busy with loads, some of which may come side by side?
#include <algorithm>
#include <map>

#include "streams.hpp"

namespace fusescape {

bool is_beside_others(const GroupStreams& group, const BufferStream& load) {
  const auto same = [&](const BufferStream& s) {
    return s.op == load.op && s.concurrent && s.total > Bytes{0};
  };
  return load.concurrent && std::count_if(group.loads.begin(), group.loads.end(), same) > 1;
}

Bytes port_bytes(const GroupStreams& group, const std::function<Bytes(const BufferStream&)>& part) {
  std::map<OpId, Bytes> longest;
  Bytes sum;
  for (const BufferStream& s : group.loads) {
    if (s.concurrent) {
      longest[s.op] = std::max(longest[s.op], part(s));
    } else {
      sum += part(s);
    }
  }
  for (const auto& [op, bytes] : longest) sum += bytes;
  return sum;
}

Bytes first_bytes(const GroupStreams& group, std::size_t runs) {
  struct Lane {
    Bytes longest;
    Bytes seconds;
  };
  std::map<OpId, Lane> lanes;
  Bytes sum;
  for (const BufferStream& s : group.loads) {
    if (s.run >= runs) continue;
    if (!s.concurrent) {
      sum += s.first;
      continue;
    }
    Lane& lane = lanes[s.op];
    lane.longest = std::max(lane.longest, s.first - lane.seconds);
    lane.seconds += s.second * (s.slots - 1);
  }
  for (const auto& [op, lane] : lanes) sum += lane.longest;
  return sum;
}

}  // namespace fusescape
