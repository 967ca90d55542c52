#include "slab.hpp"

#include "fusescape/support/contract.hpp"

namespace fusescape {
SlabKey key_along(const std::vector<RankId>& ranks, const Bounds& bounds) {
  SlabKey key;
  key.reserve(ranks.size());
  for (const RankId rank : ranks) {
    key.emplace_back(bounds.start[index_of(rank)], bounds.extent[index_of(rank)]);
  }
  return key;
}

SlabKey slab_key(const Buffer& buffer, const Bounds& bounds) {
  std::vector<RankId> ranks;
  for (const Index& index : buffer.access.indices) {
    ranks.push_back(index.rank);
    if (index.tap) ranks.push_back(*index.tap);
    if (index.chunk) ranks.push_back(*index.chunk);
  }
  return key_along(ranks, bounds);
}

std::size_t carried_dimension(const Cascade& cascade, const Buffer& buffer) {
  const Access& access = access_of(cascade, buffer.uses.front());
  for (std::size_t i = 0; i < access.indices.size(); ++i) {
    if (is_shifted(access.indices[i])) return i;
  }
  FUSESCAPE_EXPECTS(buffer.role != BufferRole::kCarried);
  return 0;
}

Box slab_box(const Cascade& cascade, const Buffer& buffer, const Bounds& bounds) {
  const bool has_history = cascade.tensor(buffer.tensor).initial != Initial::kZero;
  if (buffer.role != BufferRole::kCarried) return box_of(cascade, buffer.access, bounds, has_history);
  Box box;
  for (const Index& index : buffer.access.indices) box.push_back(positions_of(cascade, index, bounds));
  const auto at = static_cast<std::ptrdiff_t>(carried_dimension(cascade, buffer));
  box.insert(box.begin() + at, Range{-buffer.depth, 0});
  return box;
}

Box box_to_fetch(const Cascade& cascade, const Buffer& buffer, const Bounds& bounds) {
  Box box = slab_box(cascade, buffer, bounds);
  return buffer.held ? beyond_halo(buffer.access, bounds, std::move(box)) : box;
}

bool continues_window(const Buffer& buffer, const Bounds& bounds) {
  if (!buffer.held || buffer.role != BufferRole::kFetched) return false;
  const auto& indices = buffer.access.indices;
  return std::any_of(indices.begin(), indices.end(), [&](const Index& index) {
    return index.tap && bounds.start[index_of(index.rank)] > 0 && bounds.extent[index_of(*index.tap)] > 1;
  });
}

bool inside(const Box& box, std::span<const std::int64_t> at) {
  for (std::size_t i = 0; i < box.size(); ++i) {
    if (at[i] < box[i].first || at[i] >= box[i].second) return false;
  }
  return true;
}

const Access& access_of(const Cascade& cascade, const Use& use) {
  return cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
}

std::int64_t terms_of(const Cascade& cascade, TensorId tensor) {
  const auto& producer = cascade.producer[index_of(tensor)];
  if (!producer) return 1;
  std::int64_t terms = 1;
  for (const RankId rank : cascade.op(*producer).reduction_ranks) terms *= cascade.extent(rank).value();
  return terms;
}

}  // namespace fusescape
