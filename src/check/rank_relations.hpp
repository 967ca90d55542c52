// Which extents of a cascade depend on each other?
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// A stretch of a composed rank: one that another family of ranks reads as a slice or chunk by chunk, or a
/// gap.
struct RankPart {
  std::optional<std::size_t> family{};  ///< None: a gap.
  std::int64_t extent = 0;
  std::optional<std::size_t> chunks{};  ///< Read chunk by chunk: the family that counts the chunks.
};

/// Its extent where those of the families are `extents`. Expects no gap.
[[nodiscard]] inline std::int64_t extent_in(const RankPart& part, const std::vector<std::int64_t>& extents) {
  return extents[*part.family] * (part.chunks ? extents[*part.chunks] : 1);
}

/// Ranks of one extent because one of them reads what another indexes.
struct RankFamily {
  std::vector<RankId> ranks;
  std::int64_t extent = 0;
  std::vector<RankPart> parts;  ///< Sliced, or in chunks: the stretches in order. Else empty.
  bool fixed = false;           ///< A window's taps, or slices that overlap: it keeps its extent.
  std::size_t component = 0;    ///< Families that constrain each other share one.
};

struct RankRelations {
  std::vector<RankFamily> families;    ///< By extent, so that parts come before what they compose.
  std::vector<std::size_t> family_of;  ///< Per rank.
  std::size_t components = 0;
};

[[nodiscard]] RankRelations rank_relations(const Cascade& cascade);

/// `cascade` with other extents, one per family, its slices moved along. Nothing if an access would no longer
/// read what it read: a slice, a window or the whole.
[[nodiscard]] std::optional<Cascade> with_extents(const Cascade& cascade, const RankRelations& relations,
                                                  const std::vector<std::int64_t>& extents);

/// Whether the accesses between the families of `component` read with these extents what they read before.
[[nodiscard]] bool reads_as_before(const Cascade& cascade, const RankRelations& relations,
                                   const std::vector<std::int64_t>& extents, std::size_t component);

}  // namespace fusescape
