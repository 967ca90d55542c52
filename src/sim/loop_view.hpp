// What is the same in each iteration of a loop? Things as seen from where its core is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "program.hpp"

namespace fusescape {

/// What grows by the same amount in every period, at addresses that stay.
struct Growing {
  std::vector<std::int64_t*> counts;
  std::vector<Ticks*> times;
};

/// A loop and where the core that is watched is in it. What is described goes to `shape`: what moves with the
/// loop relative to it, what does not as it is.
class LoopView {
 public:
  LoopView(const GroupProgram& program, const Odometer& watched, int loop, Ticks now,
           std::vector<std::int64_t>& shape)
      : program_{program}, watched_{watched}, loop_{loop}, now_{now}, shape_{shape} {}

  [[nodiscard]] int loop() const { return loop_; }
  [[nodiscard]] const NestLoop& spec() const { return program_.loops[static_cast<std::size_t>(loop_)]; }
  [[nodiscard]] const Odometer& watched() const { return watched_; }
  [[nodiscard]] std::int64_t index() const { return watched_[spec().depth].index; }

  /// Whether something at `at` in the loops `path` takes part in the iterations that the watched core is in.
  [[nodiscard]] bool moves(const Odometer& at, const std::vector<int>& path) const;
  /// Expects that it moves.
  void jump(Odometer& at, const std::vector<int>& path, std::int64_t iterations) const;

  template <class... Values>
  void add(Values... values) {
    (shape_.push_back(static_cast<std::int64_t>(values)), ...);
  }
  void add_time(Ticks at);
  void add_cursor(const Odometer& at, const std::vector<int>& path);

 private:
  const GroupProgram& program_;
  const Odometer& watched_;
  int loop_;
  Ticks now_;
  std::vector<std::int64_t>& shape_;
};

/// How often a period can be repeated: until something would come to the loop's end, to a smaller tile, or to
/// where windows are clipped.
class PeriodLimit {
 public:
  PeriodLimit(const SimContext& context, const LoopView& loop, std::int64_t period);

  [[nodiscard]] std::int64_t left() const { return left_; }
  void at_most(std::int64_t periods) { left_ = std::min(left_, periods); }
  /// A cursor at `at` in the loops `path`, `margin` iterations ahead of which something can be seen.
  void cursor(const Odometer& at, const std::vector<int>& path, std::int64_t margin = 0);
  /// A cursor that asks for loads of `buffer`.
  void loads(const BufferSpec& buffer, const Odometer& at);
  /// Bytes `before` the period and `now`: the same share of each period's must stay on chip.
  void saving(const Saving& saving, std::int64_t before, std::int64_t now);

 private:
  const SimContext& context_;
  const LoopView& loop_;
  std::int64_t period_;
  std::int64_t full_;  ///< Iterations of full tiles.
  std::int64_t left_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace fusescape
