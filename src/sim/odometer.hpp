// Where in a nest of loops is something? Positions, bounds, and which loops are at an end, as bit masks.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "fusescape/plan/traffic.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// A set of a group's loops. Loops are numbered from the root down, so that inner ones have higher bits.
using LoopMask = std::uint64_t;
inline constexpr int kMostLoops = 64;
inline constexpr int kNoLoop = -1;

constexpr LoopMask bit_of(int loop) {
  return loop == kNoLoop ? 0 : LoopMask{1} << static_cast<unsigned>(loop);
}
/// The innermost loop of a set on one path.
constexpr int innermost(LoopMask loops) {
  return loops == 0 ? kNoLoop : static_cast<int>(std::bit_width(loops)) - 1;
}
/// All loops further in than `loop`.
constexpr LoopMask inside_of(int loop) {
  return loop == kNoLoop ? ~LoopMask{0} : ~(bit_of(loop) | (bit_of(loop) - 1));
}

struct NestLoop {
  RankId rank{};
  std::int64_t tile = 1;
  std::int64_t whole = 1;  ///< Extent of the rank.
  int outer = kNoLoop;     ///< The next loop above over the same rank.
  LoopMask path = 0;       ///< Itself and all loops above it.
  bool periodic = true;    ///< False over a window's taps, whose iterations all differ.
};

/// Iterations of a nest, one after another. Loops that were not entered yet hold nothing of meaning.
class Odometer {
 public:
  Odometer() = default;
  explicit Odometer(const std::vector<NestLoop>& loops) : loops_{&loops}, at_(loops.size()) {}

  struct Position {
    std::int64_t index = 0;
    std::int64_t start = 0;
    std::int64_t extent = 0;
    std::int64_t trips = 0;
  };

  [[nodiscard]] const Position& operator[](int loop) const { return at_[static_cast<std::size_t>(loop)]; }
  [[nodiscard]] LoopMask not_last() const { return not_last_; }
  [[nodiscard]] LoopMask moved() const { return moved_; }  ///< Loops that are past their first iteration.
  [[nodiscard]] const NestLoop& spec(int loop) const { return (*loops_)[static_cast<std::size_t>(loop)]; }

  void enter(int loop) {
    const NestLoop& l = spec(loop);
    const RankSpan over = outer_span(l);
    Position& at = at_[static_cast<std::size_t>(loop)];
    at = {0, over.start, std::min(l.tile, over.extent), ceil_div(over.extent, l.tile)};
    moved_ &= ~bit_of(loop);
    mark_last(loop, at);
  }

  /// Expects another iteration.
  void step(int loop) { jump(loop, 1); }

  /// `iterations` on; loops inside over the same rank move along.
  void jump(int loop, std::int64_t iterations) {
    const NestLoop& l = spec(loop);
    const RankSpan over = outer_span(l);
    Position& at = at_[static_cast<std::size_t>(loop)];
    at.index += iterations;
    at.start += iterations * l.tile;
    at.extent = std::min(l.tile, over.start + over.extent - at.start);
    moved_ |= bit_of(loop);
    mark_last(loop, at);
  }

  /// Moves the bounds of `loop`, which lies inside one that jumped over the same rank.
  void shift(int loop, std::int64_t elements) { at_[static_cast<std::size_t>(loop)].start += elements; }

  [[nodiscard]] RankSpan span(int loop, std::int64_t whole) const {
    if (loop == kNoLoop) return {whole, 0};
    return {(*this)[loop].extent, (*this)[loop].start};
  }

  /// Iterations of the nest `loops`, as far as they have as many everywhere.
  [[nodiscard]] std::int64_t iterations(LoopMask loops) const {
    std::int64_t all = 1;
    for (; loops != 0; loops &= loops - 1) all *= (*this)[std::countr_zero(loops)].trips;
    return all;
  }

  /// Which loops of `path` change at its next iteration; 0 at the last one.
  [[nodiscard]] LoopMask changing(LoopMask path) const {
    const int next = innermost(not_last_ & path);
    return next == kNoLoop ? 0 : bit_of(next) | (moved_ & path & inside_of(next));
  }

 private:
  [[nodiscard]] RankSpan outer_span(const NestLoop& l) const { return span(l.outer, l.whole); }
  void mark_last(int loop, const Position& at) {
    not_last_ = at.index + 1 < at.trips ? not_last_ | bit_of(loop) : not_last_ & ~bit_of(loop);
  }

  const std::vector<NestLoop>* loops_ = nullptr;
  std::vector<Position> at_;
  LoopMask not_last_ = 0;
  LoopMask moved_ = 0;
};

}  // namespace fusescape
