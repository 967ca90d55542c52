// Where does COREY's prototype cut its chain, and which tile and chunk does it take?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fusescape/corey/chain.hpp"

namespace fusescape {

/// Depths of the groups, in chain order; they sum to the number of operators.
using Partition = std::vector<std::int64_t>;

/// "3-3-1"
[[nodiscard]] std::string text_of(const Partition& partition);

/// The chain at one sequence length.
struct ScaledChain {
  const CoreyChain* chain = nullptr;  ///< Outlives this.
  double log2_length = 0;
  std::int64_t length = 0;
  std::vector<double> intensity;  ///< By operator.
  std::vector<double> memory;
  double registers = 0;  ///< Budget of a group.
  double shared = 0;
};
[[nodiscard]] ScaledChain scaled(const CoreyChain& chain, std::int64_t length);

/// Consecutive operators, [first, first + depth).
struct CoreyGroup {
  std::size_t first = 0;
  std::int64_t depth = 1;
};
[[nodiscard]] std::vector<CoreyGroup> groups_of(const Partition& partition);

/// True if the group is within the budget.
[[nodiscard]] bool fits(const ScaledChain& chain, CoreyGroup group);
[[nodiscard]] bool fits(const ScaledChain& chain, const Partition& partition);

/// S of a group, from the entropies of `run`.
[[nodiscard]] double score(const ScaledChain& chain, const CoreyRun& run, CoreyGroup group);

/// From the left, a group grows while it fits and its score is above `tau`.
[[nodiscard]] Partition corey_partition(const ScaledChain& chain, const CoreyRun& run, double tau);

/// From the left, a group grows while it fits, up to `depth` operators; entropy plays no part.
[[nodiscard]] Partition capped_partition(const ScaledChain& chain, std::int64_t depth);

/// Groups of `depth` operators, whether they fit or not; the last has the rest.
[[nodiscard]] Partition fixed_partition(const ScaledChain& chain, std::int64_t depth);

/// Every partition that fits.
[[nodiscard]] std::vector<Partition> feasible_partitions(const ScaledChain& chain);

/// Tile size for a normalised entropy. (Ties of the rounding go to the even step, as Python's do.)
[[nodiscard]] std::int64_t corey_tile(const CoreyTiles& rule, double normalised_entropy);

/// Chunk of the scan in versions 2 and 3. `entropy` and `reference` in one unit; the reference is ln K in
/// nats.
[[nodiscard]] std::int64_t corey_chunk(const CoreyChunks& rule, double entropy, double reference);

}  // namespace fusescape
