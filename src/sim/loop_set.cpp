#include "loop_set.hpp"

#include <algorithm>

namespace fusescape {

std::size_t LoopSet::size() const {
  auto loops = static_cast<std::size_t>(std::popcount(first_));
  for (const std::uint64_t word : more_) loops += static_cast<std::size_t>(std::popcount(word));
  return loops;
}

int LoopSet::next_out_of_more(int loop) const {
  const std::size_t word = word_of(loop);
  if (word < more_.size()) {
    const std::uint64_t left = more_[word] & below(static_cast<int>(bit_of(loop)));
    if (left != 0) return loop - static_cast<int>(bit_of(loop)) + greatest(left);
  }
  for (std::size_t i = std::min(word, more_.size()); i-- > 0;) {
    if (more_[i] != 0) return kBits * static_cast<int>(i + 1) + greatest(more_[i]);
  }
  return greatest(first_);
}

int LoopSet::next_in_of_more(int loop) const {
  const int from = std::max(loop + 1, kBits);
  for (std::size_t i = word_of(from); i < more_.size(); ++i) {
    const bool partly = i == word_of(from);
    const std::uint64_t left = partly ? more_[i] & ~below(static_cast<int>(bit_of(from))) : more_[i];
    if (left != 0) return kBits * static_cast<int>(i + 1) + std::countr_zero(left);
  }
  return kNoLoop;
}

bool LoopSet::meets_more(const LoopSet& other) const {
  const std::size_t words = std::min(more_.size(), other.more_.size());
  for (std::size_t i = 0; i < words; ++i) {
    if ((more_[i] & other.more_[i]) != 0) return true;
  }
  return false;
}

LoopSet LoopSet::inside(int loop) const {
  LoopSet found = *this;
  if (loop == kNoLoop) return found;
  if (loop < kBits - 1) {
    found.first_ &= ~below(loop + 1);
    return found;
  }
  found.first_ = 0;
  if (loop < kBits) return found;
  for (std::size_t i = 0; i < std::min(word_of(loop), found.more_.size()); ++i) found.more_[i] = 0;
  if (word_of(loop) < found.more_.size()) {
    std::uint64_t& word = found.more_[word_of(loop)];
    word &= ~below(static_cast<int>(bit_of(loop)));
    word &= ~(std::uint64_t{1} << bit_of(loop));
  }
  found.drop_empty_words();
  return found;
}

}  // namespace fusescape
