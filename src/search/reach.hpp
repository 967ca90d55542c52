// How far must one look among the tilings of an operator to find the best on a machine?
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "best_candidate.hpp"
#include "nest_weights.hpp"

namespace fusescape {

/// Of candidates that fit a machine those that may take it no longer than `most`, and neither move nor hold
/// more than so much; and those that may be faster than `fast`.
struct Reach {
  Ticks most;
  Ticks fast;
  Bytes moved = Bytes::overflowed();
  Bytes held = Bytes::overflowed();
  bool grown = false;  ///< It holds more than the first one that was tried.

  [[nodiscard]] bool has(Ticks least_time, Bytes moves, Bytes holds) const {
    return least_time < fast || (least_time <= most && moves <= moved && holds <= held);
  }
  /// Whether the best of these is the best of all.
  [[nodiscard]] bool settles(const BestCandidate& best) const;
  /// One that goes further, and as far as `best`, which did not settle it; none: this one goes as far as what
  /// takes about the least time.
  [[nodiscard]] std::optional<Reach> further(const BestCandidate& best) const;
};

/// A tiling that fits a machine.
struct TilingBound {
  Ticks least;  ///< That it takes.
  Bytes held;
  NestWeights::Lightest lightest;
  std::size_t number = 0;
};

/// Tilings that may take more times the least time than this are of no use.
inline constexpr std::int64_t kMostTimesLeast = 2;

/// What a tiling takes; none if it does not run.
using LatencyOf = std::function<std::optional<Ticks>(const TilingBound&)>;

/// The smallest one that most likely settles it: of what may take about as long as `first`, a tiling that is
/// among the fastest, only what moves least, and of that nothing much larger than a tiling that takes the
/// least time that any may. None if `first` does not run, or takes too long
/// to say which those are.
[[nodiscard]] std::optional<Reach> first_reach(const std::vector<TilingBound>& bounds,
                                               const TilingBound& first, const LatencyOf& latency);

}  // namespace fusescape
