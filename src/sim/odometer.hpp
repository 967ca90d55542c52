// Where in a nest of loops is something? Positions, bounds, and which loops are at an end.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "fusescape/plan/traffic.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

inline constexpr int kNoLoop = -1;

/// Some of the loops around one place: bit d is the loop that has d others around it. Plans nest no deeper
/// than 64.
using LoopMask = std::uint64_t;

[[nodiscard]] constexpr LoopMask loop_at(int depth) {
  return LoopMask{1} << static_cast<unsigned>(depth);
}
/// The `depths` outermost loops.
[[nodiscard]] constexpr LoopMask outermost(int depths) {
  return depths < 64 ? loop_at(depths) - 1 : ~LoopMask{0};
}
/// Depth of the innermost loop of `loops`; kNoLoop if there is none.
[[nodiscard]] constexpr int innermost(LoopMask loops) {
  return static_cast<int>(std::bit_width(loops)) - 1;
}

struct NestLoop {
  RankId rank{};
  std::int64_t tile = 1;
  std::int64_t whole = 1;  ///< Extent of the rank.
  int depth = 0;           ///< Loops around it.
  int above = kNoLoop;     ///< The loop directly around it, in the list of all loops.
  int outer = kNoLoop;     ///< Depth of the next loop above over the same rank.
  bool periodic = true;    ///< False over a window's taps, whose iterations all differ.
  int first_tile = 0;      ///< Tiles in it are [first_tile, end_tile).
  int end_tile = 0;
};

/// Iterations of the loops around one place, which may move from nest to nest. Positions are by depth;
/// those of loops that were not entered yet mean nothing.
class Odometer {
 public:
  Odometer() = default;
  explicit Odometer(const std::vector<NestLoop>& loops) : loops_{&loops} {
    int depths = 0;
    for (const NestLoop& loop : loops) depths = std::max(depths, loop.depth + 1);
    at_.resize(static_cast<std::size_t>(depths));
  }

  struct Position {
    std::int64_t index = 0;
    std::int64_t start = 0;
    std::int64_t extent = 0;
    std::int64_t trips = 0;
  };

  [[nodiscard]] const Position& operator[](int depth) const { return at_[static_cast<std::size_t>(depth)]; }
  [[nodiscard]] LoopMask not_last() const { return not_last_; }
  /// Loops that are past their first iteration.
  [[nodiscard]] LoopMask moved() const { return moved_; }

  void enter(int loop) {
    const NestLoop& l = spec(loop);
    const RankSpan over = span(l.outer, l.whole);
    at_[static_cast<std::size_t>(l.depth)] = {0, over.start, std::min(l.tile, over.extent),
                                              ceil_div(over.extent, l.tile)};
    moved_ &= ~loop_at(l.depth);
    mark_last(l.depth);
  }

  /// Expects another iteration.
  void step(int loop) { jump(loop, 1); }

  /// `iterations` on; loops inside over the same rank move along.
  void jump(int loop, std::int64_t iterations) {
    const NestLoop& l = spec(loop);
    const RankSpan over = span(l.outer, l.whole);
    Position& at = at_[static_cast<std::size_t>(l.depth)];
    at.index += iterations;
    at.start += iterations * l.tile;
    at.extent = std::min(l.tile, over.start + over.extent - at.start);
    moved_ |= loop_at(l.depth);
    mark_last(l.depth);
  }

  /// Moves the bounds of the loop at `depth`, which lies inside one that jumped over the same rank.
  void shift(int depth, std::int64_t elements) { at_[static_cast<std::size_t>(depth)].start += elements; }

  [[nodiscard]] RankSpan span(int depth, std::int64_t whole) const {
    if (depth == kNoLoop) return {whole, 0};
    return {(*this)[depth].extent, (*this)[depth].start};
  }

  /// Iterations of the loops from depth `first` to before `end`, as far as they have as many everywhere.
  [[nodiscard]] std::int64_t iterations(int first, int end) const {
    std::int64_t all = 1;
    for (int depth = first; depth < end; ++depth) all *= (*this)[depth].trips;
    return all;
  }

  /// Which of the `depths` outermost loops change at their next iteration; none at the last one.
  [[nodiscard]] LoopMask changing(int depths) const {
    return changing_from(innermost(not_last_ & outermost(depths)), depths);
  }
  /// Same, when the loop at depth `next` is the one that goes on.
  [[nodiscard]] LoopMask changing_from(int next, int depths) const {
    if (next == kNoLoop) return 0;
    return loop_at(next) | (moved_ & outermost(depths) & ~outermost(next));
  }

 private:
  [[nodiscard]] const NestLoop& spec(int loop) const { return (*loops_)[static_cast<std::size_t>(loop)]; }
  void mark_last(int depth) {
    const Position& at = (*this)[depth];
    not_last_ = at.index + 1 < at.trips ? not_last_ | loop_at(depth) : not_last_ & ~loop_at(depth);
  }

  const std::vector<NestLoop>* loops_ = nullptr;
  std::vector<Position> at_;
  LoopMask not_last_ = 0;
  LoopMask moved_ = 0;
};

}  // namespace fusescape
