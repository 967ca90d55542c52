// Which points does no other one beat, of points that come one after another? Kept are at most twice as many
// as the answer has, and some.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/search/pareto.hpp"

namespace fusescape {

class StreamedFront {
 public:
  /// `figures` are as many as those of all others, all to be minimised.
  void add(std::size_t number, std::span<const Figure> figures) {
    columns_ = figures.size();
    if (is_beaten(figures)) return;
    numbers_.push_back(number);
    figures_.insert(figures_.end(), figures.begin(), figures.end());
    if (numbers_.size() < limit_) return;
    drop_beaten();
    limit_ = std::max(kLeast, 2 * numbers_.size());
  }

  /// Ascending, if points were added in that order.
  [[nodiscard]] const std::vector<std::size_t>& numbers() {
    drop_beaten();
    return numbers_;
  }

 private:
  static constexpr std::size_t kLeast = 16;
  static constexpr std::size_t kQuickly = 8;  ///< Points that a new one is compared with at once.

  [[nodiscard]] bool is_beaten(std::span<const Figure> figures) const {
    for (std::size_t i = 0; i < std::min(kQuickly, numbers_.size()); ++i) {
      bool no_larger = true;
      bool smaller = false;
      for (std::size_t c = 0; c < columns_ && no_larger; ++c) {
        const auto order = compare(figures_[i * columns_ + c], figures[c]);
        no_larger = order <= 0;
        smaller = smaller || order < 0;
      }
      if (no_larger && smaller) return true;
    }
    return false;
  }

  void drop_beaten() {
    if (columns_ == 0) return;
    std::vector<std::int64_t> keys(figures_.size());
    std::vector<Figure> column(numbers_.size());
    for (std::size_t c = 0; c < columns_; ++c) {
      for (std::size_t r = 0; r < column.size(); ++r) column[r] = figures_[r * columns_ + c];
      const std::vector<std::int64_t> ranks = ranks_of(column);
      for (std::size_t r = 0; r < ranks.size(); ++r) keys[r * columns_ + c] = ranks[r];
    }
    std::size_t kept = 0;
    for (const std::size_t row : non_dominated(keys, columns_)) {
      numbers_[kept] = numbers_[row];
      std::copy_n(figures_.begin() + static_cast<std::ptrdiff_t>(row * columns_), columns_,
                  figures_.begin() + static_cast<std::ptrdiff_t>(kept * columns_));
      ++kept;
    }
    numbers_.resize(kept);
    figures_.resize(kept * columns_);
  }

  std::size_t columns_ = 0;
  std::size_t limit_ = kLeast;
  std::vector<std::size_t> numbers_;
  std::vector<Figure> figures_;  ///< `columns_` of each point.
};

}  // namespace fusescape
