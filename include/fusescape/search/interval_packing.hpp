// How much of each item fits, when each takes the same room in every slot of an interval? The exact optimum.
#pragma once

#include <cstdint>
#include <vector>

namespace fusescape {

struct IntervalItem {
  std::size_t first = 0;  ///< First and last slot that it occupies.
  std::size_t last = 0;
  std::int64_t amount = 0;  ///< The most of it there is.
  std::int64_t value = 0;   ///< Of each unit; not negative, below 10^6.
};

/// The amounts that maximise the total value, with the room of no slot exceeded. The constraint matrix is an
/// interval matrix, hence totally unimodular: the linear program has an integer optimum, found as a
/// minimum-cost flow.
[[nodiscard]] std::vector<std::int64_t> best_packing(const std::vector<std::int64_t>& room,
                                                     const std::vector<IntervalItem>& items);

}  // namespace fusescape
