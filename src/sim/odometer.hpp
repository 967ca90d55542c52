// Where in a nest of loops is something? Positions, bounds, and which loops are at an end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "fusescape/plan/traffic.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"
#include "loop_set.hpp"

namespace fusescape {

struct NestLoop {
  RankId rank{};
  std::int64_t tile = 1;
  std::int64_t whole = 1;  ///< Extent of the rank.
  int outer = kNoLoop;     ///< The next loop above over the same rank.
  LoopSet path{};          ///< Itself and all loops above it.
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
  [[nodiscard]] const LoopSet& not_last() const { return not_last_; }
  /// Loops that are past their first iteration.
  [[nodiscard]] const LoopSet& moved() const { return moved_; }
  [[nodiscard]] const NestLoop& spec(int loop) const { return (*loops_)[static_cast<std::size_t>(loop)]; }

  void enter(int loop) {
    const NestLoop& l = spec(loop);
    const RankSpan over = outer_span(l);
    Position& at = at_[static_cast<std::size_t>(loop)];
    at = {0, over.start, std::min(l.tile, over.extent), ceil_div(over.extent, l.tile)};
    moved_.remove(loop);
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
    moved_.add(loop);
    mark_last(loop, at);
  }

  /// Moves the bounds of `loop`, which lies inside one that jumped over the same rank.
  void shift(int loop, std::int64_t elements) { at_[static_cast<std::size_t>(loop)].start += elements; }

  [[nodiscard]] RankSpan span(int loop, std::int64_t whole) const {
    if (loop == kNoLoop) return {whole, 0};
    return {(*this)[loop].extent, (*this)[loop].start};
  }

  /// Iterations of the nest `loops`, as far as they have as many everywhere.
  [[nodiscard]] std::int64_t iterations(const LoopSet& loops) const {
    std::int64_t all = 1;
    for (int l = loops.innermost(); l != kNoLoop; l = loops.next_out(l)) all *= (*this)[l].trips;
    return all;
  }

  /// Which loops of `path` change at its next iteration; 0 at the last one.
  [[nodiscard]] LoopSet changing(const LoopSet& path) const {
    const int next = (not_last_ & path).innermost();
    if (next == kNoLoop) return {};
    LoopSet loops = (moved_ & path).inside(next);
    loops.add(next);
    return loops;
  }

 private:
  [[nodiscard]] RankSpan outer_span(const NestLoop& l) const { return span(l.outer, l.whole); }
  void mark_last(int loop, const Position& at) {
    at.index + 1 < at.trips ? not_last_.add(loop) : not_last_.remove(loop);
  }

  const std::vector<NestLoop>* loops_ = nullptr;
  std::vector<Position> at_;
  LoopSet not_last_;
  LoopSet moved_;
};

}  // namespace fusescape
