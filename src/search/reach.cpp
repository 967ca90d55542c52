#include "reach.hpp"

#include <algorithm>
#include <functional>

namespace fusescape {
namespace {

using Bounds = std::vector<const TilingBound*>;

/// What is tried is so much larger than what is known to be large enough, and then so much larger again.
constexpr std::int64_t kLarger = 4;
constexpr std::int64_t kMuchLarger = 64;

bool moves_less(const TilingBound* a, const TilingBound* b) {
  if (a->lightest.moved != b->lightest.moved) return a->lightest.moved < b->lightest.moved;
  return a->least < b->least;
}

/// Of some that move as much, the first tiling, from small ones on, that is known to take no longer than
/// `least`. Asks for a few, each further on than the one before by as much as that was.
const TilingBound* small_and_quick(Bounds bounds, Ticks least, const LatencyOf& latency) {
  std::sort(bounds.begin(), bounds.end(),
            [](const TilingBound* a, const TilingBound* b) { return a->held < b->held; });
  constexpr std::size_t kFirst = 4;
  for (std::size_t i = std::min(kFirst, bounds.size()); i > 0 && i <= bounds.size(); i *= 2) {
    const std::optional<Ticks> time = latency(*bounds[i - 1]);
    if (time && *time <= least) return bounds[i - 1];
  }
  return nullptr;
}

/// A little longer than what takes about the least time may take, if that is about `latency`: what another is
/// no worse than in all its weights may be faster by a 512th.
Ticks longer_than_about(Ticks latency) {
  return Ticks{latency.value() + latency.value() / (kPartForBytes - 1)};
}

}  // namespace

/// What is faster would be among these, and so would be what takes about as long as the fastest and moves no
/// more than the best. What holds more than these comes later: it must take no less.
bool Reach::settles(const BestCandidate& best) const {
  if (best.candidate == nullptr || best.least > fast || about(most, best.least)) return false;
  const Weights& weights = best.candidate->weights;
  const bool all_sizes = held.overflow();
  return weights.moved <= moved && weights.held <= held && (all_sizes || (best.even && best.latency <= fast));
}

std::optional<Reach> Reach::further(const BestCandidate& best) const {
  Reach further = *this;
  if (best.candidate != nullptr && best.least > fast && best.least <= most) {
    further.fast = best.least;
  } else if (moved.overflow()) {
    return std::nullopt;
  } else if (!held.overflow()) {
    further.held = grown ? Bytes::overflowed() : held * kMuchLarger;
    further.grown = true;
  } else {
    further.moved = Bytes::overflowed();
    further.fast = most;
  }
  return further;
}

std::optional<Reach> first_reach(const std::vector<TilingBound>& bounds, const TilingBound& first,
                                 const LatencyOf& latency) {
  constexpr int kMostTries = 16;
  const std::optional<Ticks> time = latency(first);
  if (!time) return std::nullopt;
  Reach reach{.most = longer_than_about(*time), .fast = *time};
  Ticks least = *time;
  Bounds within;
  for (const TilingBound& bound : bounds) {
    least = std::min(least, bound.least);
    if (bound.least <= reach.most) within.push_back(&bound);
  }
  if (reach.most > least * kMostTimesLeast) return std::nullopt;
  for (int tries = 0; tries < kMostTries && !within.empty(); ++tries) {
    const TilingBound& lightest = **std::min_element(within.begin(), within.end(), moves_less);
    const Bytes moved = lightest.lightest.moved;
    const std::optional<Ticks> taken = latency(lightest);
    const auto moves_more = [&](const TilingBound* bound) { return bound->lightest.moved > moved; };
    if (!taken || !about(*taken, *time)) {
      std::erase_if(within, std::not_fn(moves_more));
      continue;
    }
    reach.moved = moved;
    if (tries > 0) break;
    std::erase_if(within, moves_more);
    if (const TilingBound* small = small_and_quick(std::move(within), least, latency)) {
      reach.held = small->held * kLarger;
      reach.fast = least;
    }
    break;
  }
  return reach;
}

}  // namespace fusescape
