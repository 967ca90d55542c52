#include "fusescape/search/pareto.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

using Row = std::span<const std::int64_t>;

bool no_larger_anywhere(Row a, Row b) {
  return std::equal(a.begin(), a.end(), b.begin(), [](std::int64_t x, std::int64_t y) { return x <= y; });
}

}  // namespace

std::int64_t order_key(double value) {
  FUSESCAPE_EXPECTS(!std::isnan(value));
  // The bits of positive doubles order like the doubles; those of negative ones the other way round. Adding
  // zero makes -0.0 the key of 0.0.
  const auto bits = std::bit_cast<std::int64_t>(value + 0.0);
  return bits >= 0 ? bits : std::numeric_limits<std::int64_t>::min() - bits;
}

std::vector<std::size_t> non_dominated(std::span<const std::int64_t> keys, std::size_t columns) {
  FUSESCAPE_EXPECTS(columns >= 1 && keys.size() % columns == 0);
  const auto row = [&](std::size_t i) { return keys.subspan(i * columns, columns); };
  std::vector<std::size_t> order(keys.size() / columns);
  std::iota(order.begin(), order.end(), std::size_t{0});
  // In lexicographic order only an earlier row can dominate a later one, and if a dropped row does, so does a
  // kept one: each row needs comparing with the kept ones alone.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::lexicographical_compare(row(a).begin(), row(a).end(), row(b).begin(), row(b).end());
  });
  std::vector<std::size_t> kept;
  for (const std::size_t i : order) {
    const auto dominates = [&](std::size_t k) {
      return no_larger_anywhere(row(k), row(i)) && !std::equal(row(k).begin(), row(k).end(), row(i).begin());
    };
    if (std::none_of(kept.begin(), kept.end(), dominates)) kept.push_back(i);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace fusescape
