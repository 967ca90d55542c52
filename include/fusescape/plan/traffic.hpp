// How many bytes does one buffer move? The fetch rule of docs/model/traffic.md, over real (ragged) tiles.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// The current tile along one rank.
struct RankSpan {
  std::int64_t extent = 0;
  std::int64_t start = 0;
};
/// The current tile along every rank of a cascade.
using TileBounds = std::vector<RankSpan>;
[[nodiscard]] TileBounds whole_bounds(const Cascade& cascade);
/// Bounds of the first and of the last iteration of the nest `loops`, outermost first.
[[nodiscard]] TileBounds first_tile(const Cascade& cascade, const std::vector<PathLoop>& loops);
[[nodiscard]] TileBounds last_tile(const Cascade& cascade, const std::vector<PathLoop>& loops);

/// What a buffer holds at a time: part of a tensor.
struct Slab {
  Access access;
  int bits = 0;
  std::int64_t fixed_elements = 1;  ///< A further factor: the slices that a carried buffer holds.
  bool before_start = false;        ///< Elements before the first exist (a loaded state), and are moved.
  bool held = false;                ///< Its window's halo is kept from tile to tile.
  bool history_only = false;        ///< Only the elements before the first, if those are moved.
};

/// Elements of the slab in one tile, and their bytes, packed. Windows are clipped to the tensor.
[[nodiscard]] Elements slab_elements(const Cascade& cascade, const Slab& slab, const TileBounds& tile);
[[nodiscard]] Bytes slab_bytes(const Cascade& cascade, const Slab& slab, const TileBounds& tile);

struct Movement {
  Bytes bytes;             ///< Moved in all, every visit rounded up to the granule.
  Visits visits;           ///< Times that a slab other than the last one, perhaps empty, was needed.
  Visits passes;           ///< Times that each slab was, if all equally often; else 0.
  bool moves = false;      ///< More than one slab takes turns in the buffer.
  Elements largest{};      ///< Elements of the largest slab, with the halo that it holds.
  std::uint64_t kept = 0;  ///< Bit d: an iteration of loop d finds the slab that the one before left.

  [[nodiscard]] bool keeps_over(std::size_t depth) const { return depth < 64 && ((kept >> depth) & 1U) != 0; }
};

/// When is a slab moved again: when another took its place, or at every iteration (it was overwritten)?
enum class Refetch : unsigned char { kWhenChanged, kAlways };

/// Runs through `loops`, outermost first, by classes of equal iterations: the work does not grow with trip
/// counts.
[[nodiscard]] Movement movement(const Cascade& cascade, const std::vector<PathLoop>& loops, const Slab& slab,
                                Bytes granule, Refetch refetch = Refetch::kWhenChanged);

}  // namespace fusescape
