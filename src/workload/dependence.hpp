// Which operator needs which other's results, and how many steps earlier?
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// `reader` reads through `access` what `writer` makes.
struct Dependence {
  OpId writer{};
  OpId reader{};
  const Access* access = nullptr;
};

/// All reads of tensors that have a producer, in operator and input order. They point into `cascade`.
[[nodiscard]] std::vector<Dependence> dependences(const Cascade& cascade);

/// Steps from the reader back to the nearest element it reads: 1 for h[l-1], 0 for a window of taps, whose
/// first tap is the reader's own position.
[[nodiscard]] std::int64_t nearest_distance(const Access& access);

/// The strongly connected components of more than one of `operators` operators, or of one that reads itself;
/// each in operator order, ordered by their first operator.
[[nodiscard]] std::vector<std::vector<OpId>> cyclic_components(std::size_t operators,
                                                               const std::vector<Dependence>& edges);

}  // namespace fusescape
