// How long do unfinished sums that leave and come back hold up tiles? (docs/model/latency.md, returns)
#include <algorithm>

#include "transfers.hpp"

namespace fusescape {
namespace {

/// Of a sum in two equal slots: the slot must be empty before those come that it holds next, while the
/// other slot's tiles run, both ways.
Returns returns_of(const GroupStreams& group, const BufferStream& back) {
  const bool alike = back.most > Bytes{0} && back.total == back.most * back.visits;
  if (!back.returns || back.slots != 2 || !alike || is_beside_others(group, back)) return {};
  const auto out = std::find_if(group.stores.begin(), group.stores.end(),
                                [&](const BufferStream& s) { return s.tensor == back.tensor; });
  if (out == group.stores.end() || out->early || !is_even(group, *out)) return {};
  const std::int64_t finished = out->visits - back.visits;  // As many as come first.
  const std::int64_t unfinished = back.visits - finished;   // Before which another unfinished one leaves.
  const bool mostly = unfinished >= finished;
  const std::int64_t times = (mostly ? unfinished : back.visits) / 2;
  const Bytes out_and_back = back.most + (mostly ? back.most : std::min(out->first, back.most));
  return {times, out_and_back, out->last_tiles};
}

}  // namespace

Returns returns(const GroupStreams& group) {
  Returns longest;
  for (const BufferStream& load : group.loads) {
    const Returns found = returns_of(group, load);
    if (found.round_trip * found.times > longest.round_trip * longest.times) longest = found;
  }
  return longest;
}

}  // namespace fusescape
