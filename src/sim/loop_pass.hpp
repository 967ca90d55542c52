// What is the same in each iteration of a loop, what grows, and what moves along? One pass over the state of
// a group asks each part of it, and describes, counts, bounds or repeats it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "group_state.hpp"

namespace fusescape {

/// What a group looked like as an iteration of a loop began.
struct LoopState {
  std::int64_t index = 0;  ///< Number of the iteration.
  Ticks now{};
  std::vector<std::int64_t> shape{};   ///< What the rest depends on, relative to the iteration and to `now`.
  std::vector<std::int64_t> counts{};  ///< What grows.
  std::vector<Ticks> times{};          ///< Times that grow.
};

class LoopPass {
 public:
  enum class Kind : unsigned char {
    kDescribe,  ///< Fills LoopState::shape.
    kCount,     ///< Fills LoopState::counts and times.
    kLimit,     ///< How often can what happened since that state be repeated?
    kRepeat,    ///< Lets it happen `repeats` more.
  };

  /// The core at `watched` begins an iteration of `loop`. Expects `state` to be filled for kLimit and
  /// kRepeat.
  LoopPass(Kind kind, const GroupState& group, int loop, const Odometer& watched, LoopState& state,
           std::int64_t repeats);

  [[nodiscard]] int loop() const { return loop_; }
  [[nodiscard]] const Odometer& watched() const { return watched_; }
  /// Iterations that are skipped: 0 but in kRepeat.
  [[nodiscard]] std::int64_t iterations() const { return iterations_; }
  /// Same, of times.
  [[nodiscard]] Ticks skipped() const { return skipped_; }
  /// In kLimit: until something would come to the loop's end, to a smaller tile, or to where windows are
  /// clipped.
  [[nodiscard]] std::int64_t most_repeats() const { return most_; }

  /// It must be what it was.
  template <class... Values>
  void same(Values... values) {
    if (kind_ == Kind::kDescribe) (state_.shape.push_back(static_cast<std::int64_t>(values)), ...);
  }
  /// A point in time, as far from now as it was.
  void time(Ticks& at);
  /// It moves along; nothing depends on it.
  void moves_along(Ticks& at) const { at += skipped_; }
  /// Whether count() does anything.
  [[nodiscard]] bool counts() const { return kind_ != Kind::kDescribe; }
  /// It grows by the same in each period.
  void count(std::int64_t& count) {
    if (kind_ == Kind::kCount) state_.counts.push_back(count);
    if (kind_ == Kind::kRepeat) count += (count - state_.counts[next_count_]) * repeats_;
    ++next_count_;
  }
  void count(Ticks& sum);
  /// Same, of bytes of which some stay on chip: the same share of each period's.
  void count(std::int64_t& bytes, const Saving& saving);
  /// A position in the loops `path`: moves along if it is in the same iterations as the watched core.
  void cursor(Odometer& at, const std::vector<int>& path);
  /// Loads of `buffer` are asked for at `at`: windows that reach back must not be clipped.
  void loads(const BufferSpec& buffer, const Odometer& at);

 private:
  [[nodiscard]] const NestLoop& spec() const { return group_.program.loops[static_cast<std::size_t>(loop_)]; }
  [[nodiscard]] bool moves(const Odometer& at, const std::vector<int>& path) const;
  void at_most(std::int64_t repeats) { most_ = std::min(most_, repeats); }
  void stay_inside(const Odometer& at, std::int64_t margin);

  Kind kind_;
  const GroupState& group_;
  int loop_;
  const Odometer& watched_;
  LoopState& state_;
  std::int64_t index_;
  std::int64_t repeats_;
  std::int64_t iterations_ = 0;
  Ticks skipped_{};
  std::int64_t most_ = std::numeric_limits<std::int64_t>::max();
  std::size_t next_count_ = 0;  ///< Into LoopState::counts.
  std::size_t next_time_ = 0;
};

}  // namespace fusescape
