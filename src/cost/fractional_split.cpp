#include "fractional_split.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace fusescape {
namespace {

/// The dual of the split: prices y of the cores' time, of sum 1, and of each kind the cheapest core's price
/// v. It maximises the sum of v under v[k] <= kinds[k][c] * y[c]. Any prices bound the makespan from below,
/// so that the answer is read from y alone. Solved by the simplex method with Bland's rule, from y = v = 0.
class Prices {
 public:
  explicit Prices(const std::vector<TimesByCore>& kinds)
      : kinds_{kinds}, cores_{kinds.front().size()}, columns_{kinds.size() + cores_} {
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      for (std::size_t c = 0; c < cores_; ++c) {
        if (std::isinf(kinds[k][c])) continue;
        std::vector<double>& row = add_row(0.0);
        row[k] = 1.0;
        row[kinds.size() + c] = -kinds[k][c];
      }
    }
    std::vector<double>& sum = add_row(1.0);
    for (std::size_t c = 0; c < cores_; ++c) sum[kinds.size() + c] = 1.0;
    goal_.assign(columns_ + rows_.size() + 1, 0.0);
    for (std::size_t k = 0; k < kinds.size(); ++k) goal_[k] = -1.0;
    add_slacks();
  }

  /// Prices of the cores. Bland's rule ends; the bound on steps is for rounding errors.
  [[nodiscard]] std::vector<double> solve() {
    constexpr int kMostSteps = 10'000;
    for (int step = 0; step < kMostSteps; ++step) {
      const std::optional<std::size_t> entering = entering_column();
      if (!entering) break;
      const std::optional<std::size_t> leaving = leaving_row(*entering);
      if (!leaving) break;
      pivot(*leaving, *entering);
    }
    std::vector<double> prices(cores_, 0.0);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (basis_[r] >= kinds_.size() && basis_[r] < columns_) {
        prices[basis_[r] - kinds_.size()] = std::max(rows_[r].back(), 0.0);
      }
    }
    return prices;
  }

 private:
  static constexpr double kZero = 1e-12;

  std::vector<double>& add_row(double bound) {
    bounds_.push_back(bound);
    return rows_.emplace_back(columns_, 0.0);
  }

  void add_slacks() {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      rows_[r].resize(columns_ + rows_.size() + 1, 0.0);
      rows_[r][columns_ + r] = 1.0;
      rows_[r].back() = bounds_[r];
      basis_.push_back(columns_ + r);
    }
  }

  [[nodiscard]] std::optional<std::size_t> entering_column() const {
    for (std::size_t column = 0; column + 1 < goal_.size(); ++column) {
      if (goal_[column] < -kZero) return column;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::size_t> leaving_row(std::size_t column) const {
    std::optional<std::size_t> leaving;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (rows_[r][column] <= kZero) continue;
      if (!leaving) {
        leaving = r;
        continue;
      }
      const double ratio = rows_[r].back() / rows_[r][column];
      const double best = rows_[*leaving].back() / rows_[*leaving][column];
      if (ratio < best || (ratio == best && basis_[r] < basis_[*leaving])) leaving = r;
    }
    return leaving;
  }

  static void subtract(std::vector<double>& from, const std::vector<double>& row, std::size_t column) {
    const double factor = from[column];
    if (factor == 0.0) return;
    for (std::size_t i = 0; i < from.size(); ++i) from[i] -= factor * row[i];
  }

  void pivot(std::size_t row, std::size_t column) {
    const double divisor = rows_[row][column];
    for (double& entry : rows_[row]) entry /= divisor;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (r != row) subtract(rows_[r], rows_[row], column);
    }
    subtract(goal_, rows_[row], column);
    basis_[row] = column;
  }

  const std::vector<TimesByCore>& kinds_;
  std::size_t cores_;
  std::size_t columns_;  ///< v of each kind, then y of each core.
  std::vector<std::vector<double>> rows_;
  std::vector<double> bounds_;
  std::vector<double> goal_;
  std::vector<std::size_t> basis_;  ///< Per row, the column whose variable it holds.
};

double bound_by(const std::vector<TimesByCore>& kinds, const std::vector<double>& prices) {
  double sum = 0.0;
  for (const double price : prices) sum += price;
  if (sum <= 0.0) return 0.0;
  double bound = 0.0;
  for (const TimesByCore& times : kinds) {
    double cheapest = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < times.size(); ++c) {
      if (!std::isinf(times[c])) cheapest = std::min(cheapest, times[c] * prices[c]);
    }
    bound += cheapest;
  }
  return bound / sum;
}

}  // namespace

double fractional_makespan(const std::vector<TimesByCore>& kinds) {
  if (kinds.empty()) return 0.0;
  double longest = 0.0;  // Scaled, so that one tolerance serves all sizes.
  for (const TimesByCore& times : kinds) {
    for (const double time : times) longest = std::isinf(time) ? longest : std::max(longest, time);
  }
  if (longest == 0.0) return 0.0;
  std::vector<TimesByCore> scaled = kinds;
  for (TimesByCore& times : scaled) {
    for (double& time : times) time /= longest;
  }
  return bound_by(kinds, Prices{scaled}.solve());
}

}  // namespace fusescape
