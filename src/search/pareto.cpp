#include "fusescape/search/pareto.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Of distinct rows in lexicographic order, those that another one dominates. An earlier row that is no
/// larger in any column dominates; a later one never does.
class Dominance {
 public:
  Dominance(std::span<const std::int64_t> keys, std::size_t columns, std::size_t rows)
      : keys_{keys}, columns_{columns}, dominated_(rows, false) {}

  /// Expects at most three columns. One pass over `rows`, with the steps that the least third key takes down
  /// as the second grows.
  void sweep(std::span<const std::size_t> rows) {
    std::map<std::int64_t, std::int64_t> steps;
    for (const std::size_t row : rows) {
      const std::int64_t second = columns_ > 1 ? key(row, 1) : 0;
      const std::int64_t third = columns_ > 2 ? key(row, 2) : 0;
      auto step = steps.upper_bound(second);
      if (step != steps.begin() && std::prev(step)->second <= third) {
        dominated_[row] = true;
        continue;
      }
      step = steps.lower_bound(second);
      while (step != steps.end() && step->second >= third) step = steps.erase(step);
      steps.emplace_hint(step, second, third);
    }
  }

  /// Divide and conquer over the order (Kung, Luccio and Preparata, J. ACM 22(4), 1975).
  void within(std::span<const std::size_t> rows) {
    if (rows.size() < 2) return;
    const std::size_t half = rows.size() / 2;
    within(rows.first(half));
    within(rows.subspan(half));
    across(survivors(rows.first(half)), survivors(rows.subspan(half)), 1);
  }

  [[nodiscard]] bool dominated(std::size_t row) const { return dominated_[row]; }

 private:
  using Rows = std::vector<std::size_t>;
  static constexpr std::size_t kFewPairs = 64;

  [[nodiscard]] std::int64_t key(std::size_t row, std::size_t column) const {
    return keys_[row * columns_ + column];
  }

  [[nodiscard]] Rows survivors(std::span<const std::size_t> rows) const {
    Rows left;
    left.reserve(rows.size());
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(left),
                 [&](std::size_t row) { return !dominated_[row]; });
    return left;
  }

  [[nodiscard]] bool no_larger(std::size_t a, std::size_t b, std::size_t from) const {
    for (std::size_t column = from; column < columns_; ++column) {
      if (key(a, column) > key(b, column)) return false;
    }
    return true;
  }

  /// Marks those of `high` that one of `low` is no larger than in the columns from `column` on. In those
  /// before, all of `low` are no larger than all of `high`.
  void across(Rows low, Rows high, std::size_t column) {
    if (low.empty() || high.empty()) return;
    if (low.size() * high.size() <= kFewPairs) return pair_by_pair(low, high, column);
    if (columns_ - column <= 2) return by_two_columns(std::move(low), std::move(high), column);
    const std::int64_t middle = middle_of(low, high, column);
    const auto part = [&](const Rows& rows, const auto& belongs) {
      Rows taken;
      taken.reserve(rows.size());
      std::copy_if(rows.begin(), rows.end(), std::back_inserter(taken),
                   [&](std::size_t row) { return !dominated_[row] && belongs(key(row, column)); });
      return taken;
    };
    const auto is_less = [middle](std::int64_t k) { return k < middle; };
    const auto is_more = [middle](std::int64_t k) { return k > middle; };
    const auto is_no_less = [middle](std::int64_t k) { return k >= middle; };
    const auto is_no_more = [middle](std::int64_t k) { return k <= middle; };
    across(part(low, is_less), part(high, is_less), column);
    across(part(low, is_no_more), part(high, is_no_less), column + 1);
    across(part(low, is_more), part(high, is_more), column);
  }

  void pair_by_pair(const Rows& low, const Rows& high, std::size_t column) {
    for (const std::size_t row : high) {
      dominated_[row] = dominated_[row] || std::any_of(low.begin(), low.end(), [&](std::size_t other) {
                          return no_larger(other, row, column);
                        });
    }
  }

  /// By the first of the last two columns, with the least key of the last one so far.
  void by_two_columns(Rows low, Rows high, std::size_t column) {
    const auto by_key = [&](std::size_t a, std::size_t b) { return key(a, column) < key(b, column); };
    std::sort(low.begin(), low.end(), by_key);
    std::sort(high.begin(), high.end(), by_key);
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    auto next = low.begin();
    for (const std::size_t row : high) {
      for (; next != low.end() && key(*next, column) <= key(row, column); ++next) {
        least = std::min(least, key(*next, columns_ - 1));
      }
      if (next != low.begin() && least <= key(row, columns_ - 1)) dominated_[row] = true;
    }
  }

  [[nodiscard]] std::int64_t middle_of(const Rows& low, const Rows& high, std::size_t column) const {
    std::vector<std::int64_t> keys;
    keys.reserve(low.size() + high.size());
    for (const Rows* rows : {&low, &high}) {
      for (const std::size_t row : *rows) keys.push_back(key(row, column));
    }
    const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
    std::nth_element(keys.begin(), middle, keys.end());
    return *middle;
  }

  std::span<const std::int64_t> keys_;
  std::size_t columns_;
  std::vector<bool> dominated_;
};

}  // namespace

std::vector<std::size_t> non_dominated(std::span<const std::int64_t> keys, std::size_t columns) {
  FUSESCAPE_EXPECTS(columns >= 1 && keys.size() % columns == 0);
  const auto row = [&](std::size_t i) { return keys.subspan(i * columns, columns); };
  const auto same = [&](std::size_t a, std::size_t b) {
    return std::equal(row(a).begin(), row(a).end(), row(b).begin());
  };
  std::vector<std::size_t> order(keys.size() / columns);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::lexicographical_compare(row(a).begin(), row(a).end(), row(b).begin(), row(b).end());
  });
  std::vector<std::size_t> distinct;
  distinct.reserve(order.size());
  std::unique_copy(order.begin(), order.end(), std::back_inserter(distinct), same);
  Dominance dominance{keys, columns, order.size()};
  if (columns <= 3) {
    dominance.sweep(distinct);
  } else {
    dominance.within(distinct);
  }
  std::vector<std::size_t> kept;
  kept.reserve(order.size());
  std::size_t first = order.empty() ? 0 : order.front();  // Of the rows that are equal to this one.
  for (const std::size_t i : order) {
    if (!same(first, i)) first = i;
    if (!dominance.dominated(first)) kept.push_back(i);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

namespace {

struct ColumnRange {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();

  void add(double value) {
    if (std::isinf(value)) return;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  /// From 0, the least, to 1, the most.
  [[nodiscard]] double share(double value) const {
    if (std::isinf(value)) return std::numeric_limits<double>::infinity();
    return most > least ? (value - least) / (most - least) : 0.0;
  }
};

}  // namespace

std::optional<std::size_t> knee_of(std::span<const double> values, std::size_t columns) {
  FUSESCAPE_EXPECTS(columns >= 1 && values.size() % columns == 0);
  std::vector<double> sums(values.size() / columns, 0.0);
  for (std::size_t c = 0; c < columns; ++c) {
    ColumnRange range;
    for (std::size_t r = 0; r < sums.size(); ++r) range.add(values[r * columns + c]);
    for (std::size_t r = 0; r < sums.size(); ++r) sums[r] += range.share(values[r * columns + c]);
  }
  const auto knee = std::min_element(sums.begin(), sums.end());
  if (knee == sums.end() || !(*knee < 1.0)) return std::nullopt;
  return static_cast<std::size_t>(knee - sums.begin());
}

}  // namespace fusescape
