// When must the port wait for tiles? (docs/model/latency.md, port)
#include <algorithm>

#include "transfers.hpp"

namespace fusescape {
namespace {

std::int64_t all_tiles(const GroupStreams& group) {
  return std::min(group.tiles.value_or(1), kMostIterations);
}

std::int64_t tiles_before_stores(const GroupStreams& group) {
  const std::int64_t tiles = all_tiles(group);
  std::int64_t before = group.stores.empty() ? tiles : kMostIterations;
  for (const BufferStream& s : group.stores) {
    const std::int64_t silent = group.runs.size() == 1 ? std::min(s.silent, tiles - 1) : 0;
    before = std::min(before, std::max(s.first_tiles, silent + 1));
  }
  return before;
}

std::int64_t tiles_after_loads(const GroupStreams& group) {
  std::int64_t after = group.loads.empty() ? all_tiles(group) : kMostIterations;
  for (const BufferStream& s : group.loads) after = std::min(after, s.last_tiles);
  return after;
}

/// All that slots let come before the tile ends that makes the first store possible.
Bytes early_loads(const GroupStreams& group, std::int64_t tiles) {
  return port_bytes(group, [&](const BufferStream& s) {
    if (is_steady(group, s)) return std::min(s.total, s.first * (tiles + s.slots - 1));
    const Bytes one_visit = s.first + s.second * (s.slots - 1);
    return s.first_tiles >= tiles ? std::min(s.total, one_visit) : s.total;
  });
}

/// All that slots let leave after the tile has started that needs the last load, but for what the last one
/// makes.
Bytes late_stores(const GroupStreams& group, std::int64_t tiles) {
  Bytes sum;
  for (const BufferStream& s : group.stores) {
    const bool ends = s.run + 1 == group.runs.size() && !s.early;
    const Bytes others = s.total - (ends ? s.last : Bytes{});
    if (ends && is_steady(group, s)) {
      sum += std::min(others, s.first * (tiles + s.slots - 2));
    } else if (s.last_tiles >= tiles) {
      sum += std::min(others, s.most * (s.slots - (ends ? 1 : 0)));
    } else {
      sum += others;
    }
  }
  return sum;
}

}  // namespace

IdlePort idle_port(const GroupStreams& group) {
  const std::int64_t before = tiles_before_stores(group);
  const std::int64_t after = tiles_after_loads(group);
  return {before, early_loads(group, before), after, late_stores(group, after)};
}

}  // namespace fusescape
