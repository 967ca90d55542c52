// Which rows of a table does no other row beat, and which of them is the knee? Every column minimised.
//
// docs/model/sweep.md defines both.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fusescape/support/ranks.hpp"

namespace fusescape {

/// Positions, ascending, of the rows that no other row dominates. `keys` holds the rows one after another,
/// `columns` keys each. A row dominates another if it is no larger anywhere and smaller somewhere; equal rows
/// do not dominate each other, so ties are all kept. n rows take n log n steps with up to three columns, and
/// n (log n)^(columns - 2) with more. Expects columns >= 1.
[[nodiscard]] std::vector<std::size_t> non_dominated(std::span<const std::int64_t> keys, std::size_t columns);

/// The rows of a stream that no other one dominates. Holds no more rows than twice as many as there are of
/// those, or `few_rows`. `Less` orders values, whatever they are; `Row` is what the caller knows a row by. If
/// one can `join` a later one, equal rows become one.
template <class Value, class Row, class Less = std::less<Value>>
class ParetoFront {
 public:
  static constexpr std::size_t kFewRows = std::size_t{1} << 14U;

  /// Expects columns >= 1 and few_rows >= 1.
  explicit ParetoFront(std::size_t columns, Less less = {}, std::size_t few_rows = kFewRows)
      : columns_{columns}, less_{std::move(less)}, few_rows_{few_rows}, most_rows_{few_rows} {}

  /// Expects one value per column.
  void add(std::span<const Value> values, Row row) {
    if (is_beaten_by_first(values)) return;
    values_.insert(values_.end(), values.begin(), values.end());
    rows_.push_back(std::move(row));
    if (rows_.size() < most_rows_) return;
    prune();
    most_rows_ = std::max(few_rows_, 2 * rows_.size());
    rows_.reserve(most_rows_);
    values_.reserve(most_rows_ * columns_);
  }

  /// Of those added so far, in the order in which they came.
  [[nodiscard]] std::vector<Row>& rows() {
    prune();
    return rows_;
  }
  /// Parallel to `rows()`, row by row. Call that first.
  [[nodiscard]] std::span<const Value> values() const { return values_; }

 private:
  static constexpr std::size_t kFirst = 8;

  /// Whether one of the first rows dominates it, which is told at once.
  [[nodiscard]] bool is_beaten_by_first(std::span<const Value> values) const {
    for (std::size_t r = 0; r < std::min(kFirst, rows_.size()); ++r) {
      bool larger = false;
      bool smaller = false;
      for (std::size_t c = 0; c < columns_ && !larger; ++c) {
        const Value& first = values_[r * columns_ + c];
        larger = less_(values[c], first);
        smaller = smaller || less_(first, values[c]);
      }
      if (!larger && smaller) return true;
    }
    return false;
  }

  void prune() {
    if (pruned_ == rows_.size()) return;
    std::vector<std::int64_t> keys(values_.size());
    std::vector<Value> column(rows_.size());
    for (std::size_t c = 0; c < columns_; ++c) {
      for (std::size_t r = 0; r < rows_.size(); ++r) column[r] = values_[r * columns_ + c];
      const std::vector<std::int64_t> ranks = dense_ranks(std::span<const Value>{column}, less_);
      for (std::size_t r = 0; r < rows_.size(); ++r) keys[r * columns_ + c] = ranks[r];
    }
    std::vector<std::size_t> best = non_dominated(keys, columns_);
    if constexpr (requires(Row & row, const Row& later) { row.join(later); }) join_equal(keys, best);
    std::size_t kept = 0;
    for (const std::size_t r : best) {
      if (r != kept) rows_[kept] = std::move(rows_[r]);
      for (std::size_t c = 0; c < columns_; ++c) values_[kept * columns_ + c] = values_[r * columns_ + c];
      ++kept;
    }
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(kept), rows_.end());
    values_.resize(kept * columns_);
    pruned_ = kept;
  }

  /// Leaves the first of equal rows in `best`.
  void join_equal(std::span<const std::int64_t> keys, std::vector<std::size_t>& best) {
    const auto key = [&](std::size_t row) { return keys.subspan(row * columns_, columns_); };
    std::vector<std::size_t> by_key = best;
    std::stable_sort(by_key.begin(), by_key.end(), [&](std::size_t a, std::size_t b) {
      return std::lexicographical_compare(key(a).begin(), key(a).end(), key(b).begin(), key(b).end());
    });
    best.clear();
    for (const std::size_t row : by_key) {
      const bool is_new =
          best.empty() || !std::equal(key(row).begin(), key(row).end(), key(best.back()).begin());
      if (is_new) {
        best.push_back(row);
      } else {
        rows_[best.back()].join(rows_[row]);
      }
    }
    std::sort(best.begin(), best.end());
  }

  std::size_t columns_;
  Less less_;
  std::vector<Value> values_;
  std::vector<Row> rows_;
  std::size_t pruned_ = 0;  ///< So many rows were kept last; these do not dominate each other.
  std::size_t few_rows_;
  std::size_t most_rows_;
};

/// Position of the knee of a front, whose rows hold `columns` numbers each: with each column scaled so that
/// its least is 0 and its most 1, the row farthest below the plane through the points that are 1 in one
/// column and 0 in the others, which is the row with the least sum; the first of equals. (Das, Structural
/// Optimization 18, 1999, pp. 107-115, for two columns, whose plane is the line between the two ends; Zhang,
/// Tian and Jin, IEEE TEC 19(6), 2015, for more.) None if no row lies below it: the front is straight or
/// bulges outwards. Infinite numbers are no row's knee. Expects columns >= 1 and no NaN.
[[nodiscard]] std::optional<std::size_t> knee_of(std::span<const double> values, std::size_t columns);

}  // namespace fusescape
