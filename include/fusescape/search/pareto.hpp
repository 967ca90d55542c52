// Which rows of a table does no other row beat? The non-dominated set, every column minimised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fusescape {

/// An integer that orders like `value`: order_key(a) < order_key(b) exactly if a < b. Expects no NaN.
/// Columns of exact counts need no such key: they are their own, beyond 2^53 too.
[[nodiscard]] std::int64_t order_key(double value);

/// Positions, ascending, of the rows that no other row dominates. `keys` holds the rows one after another,
/// `columns` keys each. A row dominates another if it is no larger anywhere and smaller somewhere; equal rows
/// do not dominate each other, so ties are all kept. Expects columns >= 1.
[[nodiscard]] std::vector<std::size_t> non_dominated(std::span<const std::int64_t> keys, std::size_t columns);

}  // namespace fusescape
