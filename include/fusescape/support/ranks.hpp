// Which integers order like these values? Their ranks, equal ones for equal values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace fusescape {

/// Per value, how many distinct smaller ones there are. `less` is a strict weak ordering.
template <class Value, class Less>
[[nodiscard]] std::vector<std::int64_t> dense_ranks(std::span<const Value> values, const Less& less) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return less(values[a], values[b]); });
  std::vector<std::int64_t> ranks(values.size());
  std::int64_t rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && less(values[order[i - 1]], values[order[i]])) ++rank;
    ranks[order[i]] = rank;
  }
  return ranks;
}

}  // namespace fusescape
