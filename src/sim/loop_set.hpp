// Which loops of a group? A set of them, as many as the group has.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fusescape {

inline constexpr int kNoLoop = -1;

/// A set of a group's loops. Loops are numbered from the root down, so that the greatest number of a set
/// whose loops all lie on one path is the innermost one. The first 64 are bits of one word, which is all that
/// most groups need; only sets that hold later ones have words on the heap.
class LoopSet {
 public:
  LoopSet() = default;

  [[nodiscard]] bool empty() const { return first_ == 0 && more_.empty(); }
  [[nodiscard]] bool has(int loop) const {
    if (loop < kBits) return loop != kNoLoop && ((first_ >> static_cast<unsigned>(loop)) & 1U) != 0;
    const std::size_t word = word_of(loop);
    return word < more_.size() && ((more_[word] >> bit_of(loop)) & 1U) != 0;
  }
  [[nodiscard]] std::size_t size() const;
  void add(int loop);
  void remove(int loop);

  /// The greatest loop; kNoLoop if there is none.
  [[nodiscard]] int innermost() const {
    return more_.empty() ? greatest(first_) : kBits * static_cast<int>(more_.size()) + greatest(more_.back());
  }
  /// The greatest loop that is less than `loop`; kNoLoop if there is none.
  [[nodiscard]] int next_out(int loop) const {
    return loop < kBits ? greatest(first_ & below(loop)) : next_out_of_more(loop);
  }
  /// The least loop that is greater than `loop`, from kNoLoop on; kNoLoop if there is none.
  [[nodiscard]] int next_in(int loop) const {
    if (loop < kBits - 1) {
      const std::uint64_t left = first_ & ~below(loop + 1);
      if (left != 0) return std::countr_zero(left);
    }
    return more_.empty() ? kNoLoop : next_in_of_more(loop);
  }

  /// Those greater than `loop`: on a path, the loops inside it. All of them for kNoLoop.
  [[nodiscard]] LoopSet inside(int loop) const;
  friend LoopSet operator&(const LoopSet& a, const LoopSet& b);
  friend LoopSet operator|(const LoopSet& a, const LoopSet& b);
  friend LoopSet operator-(const LoopSet& a, const LoopSet& b);
  friend bool operator==(const LoopSet& a, const LoopSet& b) = default;

  /// True if a loop is in both.
  [[nodiscard]] bool meets(const LoopSet& other) const {
    return (first_ & other.first_) != 0 || (!more_.empty() && meets_more(other));
  }

 private:
  static constexpr int kBits = 64;

  static constexpr std::size_t word_of(int loop) { return static_cast<std::size_t>(loop / kBits) - 1; }
  static constexpr unsigned bit_of(int loop) { return static_cast<unsigned>(loop % kBits); }
  /// Bits of loops less than `loop`, of one word; expects 0 <= loop < kBits.
  static constexpr std::uint64_t below(int loop) {
    return (std::uint64_t{1} << static_cast<unsigned>(loop)) - 1;
  }
  static constexpr int greatest(std::uint64_t word) { return static_cast<int>(std::bit_width(word)) - 1; }

  [[nodiscard]] int next_out_of_more(int loop) const;
  [[nodiscard]] int next_in_of_more(int loop) const;
  [[nodiscard]] bool meets_more(const LoopSet& other) const;
  void drop_empty_words() {
    while (!more_.empty() && more_.back() == 0) more_.pop_back();
  }

  std::uint64_t first_ = 0;
  std::vector<std::uint64_t> more_;  ///< Loops from 64 on; the last word holds one.
};

inline void LoopSet::add(int loop) {
  if (loop < kBits) {
    first_ |= std::uint64_t{1} << static_cast<unsigned>(loop);
    return;
  }
  if (word_of(loop) >= more_.size()) more_.resize(word_of(loop) + 1);
  more_[word_of(loop)] |= std::uint64_t{1} << bit_of(loop);
}

inline void LoopSet::remove(int loop) {
  if (loop < kBits) {
    first_ &= ~(std::uint64_t{1} << static_cast<unsigned>(loop));
  } else if (word_of(loop) < more_.size()) {
    more_[word_of(loop)] &= ~(std::uint64_t{1} << bit_of(loop));
    drop_empty_words();
  }
}

inline LoopSet operator&(const LoopSet& a, const LoopSet& b) {
  LoopSet both;
  both.first_ = a.first_ & b.first_;
  if (a.more_.empty() || b.more_.empty()) return both;
  both.more_.resize(a.more_.size() < b.more_.size() ? a.more_.size() : b.more_.size());
  for (std::size_t i = 0; i < both.more_.size(); ++i) both.more_[i] = a.more_[i] & b.more_[i];
  both.drop_empty_words();
  return both;
}

inline LoopSet operator|(const LoopSet& a, const LoopSet& b) {
  LoopSet either = a;
  either.first_ |= b.first_;
  if (either.more_.size() < b.more_.size()) either.more_.resize(b.more_.size());
  for (std::size_t i = 0; i < b.more_.size(); ++i) either.more_[i] |= b.more_[i];
  return either;
}

inline LoopSet operator-(const LoopSet& a, const LoopSet& b) {
  LoopSet only = a;
  only.first_ &= ~b.first_;
  if (only.more_.empty()) return only;
  for (std::size_t i = 0; i < only.more_.size() && i < b.more_.size(); ++i) only.more_[i] &= ~b.more_[i];
  only.drop_empty_words();
  return only;
}

}  // namespace fusescape
