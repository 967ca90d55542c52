// What decides a random case? Choices, one after another, of which smaller ones mean simpler cases.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace fusescape::test_plans {

/// All that decides a case: what it was drawn from, and what it shrinks by. Past its end every choice is 0.
using Tape = std::vector<std::uint32_t>;

class Dice {
 public:
  explicit Dice(Tape tape) : tape_{std::move(tape)} {}
  /// Draws without end, for figures in results/, whose cases must stay the same ones.
  explicit Dice(std::uint32_t seed) : endless_{std::in_place, seed} {}

  /// From `low` to `high`, both included; the smallest choice is `low`.
  std::int64_t in(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  /// True in `k` of `n` cases; the smallest choice is no.
  bool chance(std::int64_t k, std::int64_t n) {
    const std::int64_t drawn = in(1, n);
    return endless_ ? drawn <= k : drawn > n - k;  // The figures in results/ were drawn the other way round.
  }
  bool one_in(std::int64_t n) { return chance(1, n); }
  /// The smallest choice is the first.
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(in(0, static_cast<std::int64_t>(from.size()) - 1))];
  }

  /// The shortest tape of smallest choices that decides the same, as far as was drawn.
  Tape drawn() const {
    Tape drawn{tape_.begin(), tape_.begin() + static_cast<std::ptrdiff_t>(position_)};
    while (!drawn.empty() && drawn.back() == 0) drawn.pop_back();
    return drawn;
  }

 private:
  std::uint64_t below(std::uint64_t n) {
    if (endless_) return (*endless_)() % n;
    if (position_ == tape_.size()) return 0;
    std::uint32_t& choice = tape_[position_++];
    return choice = static_cast<std::uint32_t>(choice % n);
  }

  Tape tape_;
  std::size_t position_ = 0;
  std::optional<std::mt19937> endless_;
};

}  // namespace fusescape::test_plans
