// What is loaded before a group's first tile can compute? (docs/model/latency.md, equal tiles and core)
#include <algorithm>
#include <limits>

#include "transfers.hpp"

namespace fusescape {
namespace {

/// How far out the loads are that the first tile needs; nothing if something else comes before them.
std::optional<int> outermost_lead(const GroupStreams& group) {
  int outermost = std::numeric_limits<int>::max();
  for (const BufferStream& s : group.loads) {
    if (s.run != 0) continue;
    if (s.concurrent || s.spilled) return std::nullopt;  // Spilled ones come before all others.
    if (s.first > Bytes{0}) outermost = std::min(outermost, s.depth);
  }
  return outermost;
}

/// Whether its second slab has memory when the group begins, however memory is shared.
bool has_second_at_once(const GroupStreams& group, const BufferStream& stream) {
  return stream.slots > 1 && stream.lives_throughout &&
         (group.runs.size() == 1 || stream.visits > stream.passes);
}

/// Second slabs that the port serves before the last slab that the first tile needs, since inner loops' loads
/// go first; of the first run, since later ones' may have no memory yet.
Bytes ahead_of_lead(const GroupStreams& group) {
  const std::optional<int> outermost = outermost_lead(group);
  Bytes sum;
  for (const BufferStream& s : group.loads) {
    if (outermost && s.run == 0 && s.depth > *outermost && has_second_at_once(group, s)) sum += s.second;
  }
  return sum;
}

}  // namespace

Lead lead(const GroupStreams& group) {
  const Bytes ahead = ahead_of_lead(group);
  return {first_bytes(group, 1) + ahead, ahead};
}

}  // namespace fusescape
