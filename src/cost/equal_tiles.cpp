// Does the exact formula of equal tiles hold? (docs/model/latency.md, equal tiles)
#include <algorithm>

#include "transfers.hpp"

namespace fusescape {
namespace {

/// Whether a tile never waits longer for it than the formula says.
bool is_regular(const GroupStreams& group, const BufferStream& s) {
  if (s.moves) return s.ahead && is_steady(group, s);
  // What stays: other inputs need not wait for what is there.
  return !s.early && (s.total == Bytes{0} || !is_beside_others(group, s));
}

}  // namespace

std::optional<EqualTiles> equal_tiles(const GroupStreams& group, const Lead& lead, Bytes tail) {
  const auto regular = [&](const BufferStream& s) { return is_regular(group, s); };
  const bool all_regular = group.runs.size() == 1 && group.tiles &&
                           std::all_of(group.loads.begin(), group.loads.end(), regular) &&
                           std::all_of(group.stores.begin(), group.stores.end(), regular);
  if (!all_regular) return std::nullopt;
  EqualTiles tile;
  tile.load = port_bytes(group, [](const BufferStream& s) { return s.moves ? s.first : Bytes{}; });
  for (const BufferStream& s : group.stores) tile.store += s.moves ? s.first : Bytes{};
  tile.outside = lead.all - lead.ahead - tile.load + tail - tile.store;
  const bool none_or_all = lead.ahead == Bytes{0} || lead.ahead == tile.load;
  return none_or_all && lead.all >= tile.load ? std::optional{tile} : std::nullopt;
}

}  // namespace fusescape
