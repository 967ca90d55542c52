// Which elements of its tensor does a buffer hold in one iteration?
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusescape/plan/iteration.hpp"
#include "fusescape/plan/layout.hpp"

namespace fusescape {

using Coordinates = std::vector<std::int64_t>;

/// Names a slab: the bounds along the ranks that index it. Equal keys, equal slabs.
using SlabKey = std::vector<Range>;
[[nodiscard]] SlabKey key_along(const std::vector<RankId>& ranks, const Bounds& bounds);
[[nodiscard]] SlabKey slab_key(const Buffer& buffer, const Bounds& bounds);

/// The elements that the buffer holds within `bounds`, those of its tensor that `access` names. Of a carried
/// buffer: the slices before the first element along its carried dimension.
[[nodiscard]] Box slab_box(const Cascade& cascade, const Buffer& buffer, const Bounds& bounds);

/// Position among the tensor's ranks of the one along which a carried buffer's readers shift.
[[nodiscard]] std::size_t carried_dimension(const Cascade& cascade, const Buffer& buffer);

/// Of a fetched slab, what has to be moved: all of it, but of a held window after its first tile only what
/// lies beyond the halo that the last tile left.
[[nodiscard]] Box box_to_fetch(const Cascade& cascade, const Buffer& buffer, const Bounds& bounds);

/// Whether the tile of a held window goes on with elements that the last one left.
[[nodiscard]] bool continues_window(const Buffer& buffer, const Bounds& bounds);

[[nodiscard]] bool inside(const Box& box, std::span<const std::int64_t> at);

/// Calls `visit(coordinates)` for each element of `box`, the first dimension slowest.
template <class Visit>
void for_each_in(const Box& box, const Visit& visit) {
  if (volume(box) == 0) return;
  Coordinates at;
  for (const Range& range : box) at.push_back(range.first);
  for (;;) {
    visit(at);
    std::size_t i = box.size();
    while (i > 0 && ++at[i - 1] == box[i - 1].second) {
      at[i - 1] = box[i - 1].first;
      --i;
    }
    if (i == 0) return;
  }
}

/// The operator that fills a tensor, at its own position along all ranks.
[[nodiscard]] const Access& access_of(const Cascade& cascade, const Use& use);

/// Terms that one element of a tensor is the sum of: 1 for what is given or made element by element.
[[nodiscard]] std::int64_t terms_of(const Cascade& cascade, TensorId tensor);

}  // namespace fusescape
