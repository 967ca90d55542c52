// Which points share something, however many they are? Ascending numbers, a byte each where they lie close
// together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "fusescape/support/short_numbers.hpp"

namespace fusescape {

/// At least one number.
class PointIds {
 public:
  explicit PointIds(std::size_t first) : first_{first}, last_{first} {}

  /// Expects more than all before.
  void add(std::size_t id) {
    append_short(steps_, id - last_);
    last_ = id;
    ++count_;
  }
  /// Expects more than all before.
  void join(const PointIds& later) {
    later.for_each([this](std::size_t id) {
      add(id);
      return true;
    });
  }

  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::size_t last() const { return last_; }
  [[nodiscard]] std::size_t count() const { return count_; }

  /// One after another, until `take` says no.
  template <class Take>
  void for_each(const Take& take) const {
    std::size_t id = first_;
    for (std::size_t at = 0; take(id) && at < steps_.size();) id += read_short(steps_, at);
  }

  friend bool operator==(const PointIds&, const PointIds&) = default;

 private:
  std::size_t first_;
  std::size_t last_;
  std::size_t count_ = 1;
  std::string steps_;  ///< From each to the next one, as append_short writes them.
};

/// The points of a trade-off: those of each row of figures that no other row beats.
struct TradeOffPoints {
  std::vector<PointIds> rows;  ///< By the first point of each.

  [[nodiscard]] std::size_t count() const {
    std::size_t count = 0;
    for (const PointIds& row : rows) count += row.count();
    return count;
  }

  /// The first `most` of them.
  [[nodiscard]] std::vector<std::size_t> ids(std::size_t most = static_cast<std::size_t>(-1)) const {
    std::vector<std::size_t> ids;
    for (const PointIds& row : rows) {
      std::size_t left = most;
      row.for_each([&](std::size_t id) {
        if (left-- == 0) return false;
        ids.push_back(id);
        return true;
      });
    }
    std::sort(ids.begin(), ids.end());
    if (ids.size() > most) ids.resize(most);
    return ids;
  }

  friend bool operator==(const TradeOffPoints&, const TradeOffPoints&) = default;
};

}  // namespace fusescape
