#include "rank_relations.hpp"

#include <algorithm>
#include <numeric>

namespace fusescape {
namespace {

/// Which of `count` items belong together.
class Partition {
 public:
  explicit Partition(std::size_t count) : leader_(count) { std::iota(leader_.begin(), leader_.end(), 0); }
  [[nodiscard]] std::size_t leader(std::size_t item) const {
    while (leader_[item] != item) item = leader_[item];
    return item;
  }
  void join(std::size_t a, std::size_t b) { leader_[leader(a)] = leader(b); }

 private:
  std::vector<std::size_t> leader_;
};

/// Calls `visit(rank of the dimension, index)` for each dimension of each access.
template <class Visit>
void for_each_index(const Cascade& cascade, const Visit& visit) {
  for (const Operator& op : cascade.operators) {
    for (const Access& access : op.inputs) {
      const std::vector<RankId>& dimensions = cascade.tensor(access.tensor).ranks;
      for (std::size_t i = 0; i < dimensions.size(); ++i) visit(dimensions[i], access.indices[i]);
    }
  }
}

bool is_slice(const Index& index) {
  return index.distance == 0 && !index.tap && !index.chunk;
}

class Relations {
 public:
  explicit Relations(const Cascade& cascade) : cascade_{cascade} {}

  RankRelations run() {
    find_families();
    for_each_index(cascade_, [&](RankId dimension, const Index& index) {
      if (index.tap) family(*index.tap).fixed = true;
      const bool is_part = is_slice(index) && &family(dimension) != &family(index.rank);
      if (is_part || index.chunk) add_slice(dimension, index);
    });
    for (RankFamily& family : made_.families) fill_gaps(family);
    find_components();
    return std::move(made_);
  }

 private:
  [[nodiscard]] RankFamily& family(RankId rank) { return made_.families[made_.family_of[index_of(rank)]]; }

  void find_families() {
    Partition equal{cascade_.ranks.size()};
    for_each_index(cascade_, [&](RankId dimension, const Index& index) {
      const bool whole = is_slice(index) && cascade_.extent(dimension) == cascade_.extent(index.rank);
      if (whole) equal.join(index_of(dimension), index_of(index.rank));
    });
    for (const Operator& op : cascade_.operators) {
      if (op.where) equal.join(index_of(op.where->key), index_of(op.where->query));
    }
    std::vector<RankId> order;
    for (std::size_t i = 0; i < cascade_.ranks.size(); ++i)
      order.push_back(RankId{static_cast<std::uint16_t>(i)});
    std::stable_sort(order.begin(), order.end(),
                     [&](RankId a, RankId b) { return cascade_.extent(a) < cascade_.extent(b); });
    made_.family_of.assign(order.size(), order.size());
    for (const RankId rank : order) {
      const std::size_t leader = equal.leader(index_of(rank));
      if (made_.family_of[leader] == order.size()) {
        made_.family_of[leader] = made_.families.size();
        made_.families.push_back({.ranks = {}, .extent = cascade_.extent(rank).value(), .parts = {}});
      }
      made_.family_of[index_of(rank)] = made_.family_of[leader];
      family(rank).ranks.push_back(rank);
    }
    slices_.resize(made_.families.size());
  }

  struct Slice {
    std::int64_t begin;
    std::int64_t end;
    std::size_t family;
    std::optional<std::size_t> chunks;
  };

  void add_slice(RankId dimension, const Index& index) {
    std::vector<Slice>& slices = slices_[made_.family_of[index_of(dimension)]];
    const std::int64_t end = index.offset + extent_of(cascade_, index).value();
    const std::size_t reader = made_.family_of[index_of(index.rank)];
    std::optional<std::size_t> chunks;
    if (index.chunk) chunks = made_.family_of[index_of(*index.chunk)];
    const auto known = std::find_if(slices.begin(), slices.end(), [&](const Slice& other) {
      return other.begin == index.offset && other.end == end;
    });
    if (known == slices.end()) {
      slices.push_back({index.offset, end, reader, chunks});
    } else if (known->family != reader ||
               known->chunks != chunks) {  // Nothing else says that these have one extent.
      fix(*known);
      fix({index.offset, end, reader, chunks});
    }
  }

  void fix(const Slice& slice) {
    made_.families[slice.family].fixed = true;
    if (slice.chunks) made_.families[*slice.chunks].fixed = true;
  }

  /// Slices in order, and what lies between them; overlapping ones keep their extents.
  void fill_gaps(RankFamily& family) {
    const auto own = static_cast<std::size_t>(&family - made_.families.data());
    std::vector<Slice>& slices = slices_[own];
    if (slices.empty()) return;
    std::sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) { return a.begin < b.begin; });
    std::int64_t at = 0;
    for (const Slice& slice : slices) {
      const bool is_later =
          slice.family >= own || slice.chunks.value_or(0) >= own;  // A single chunk, perhaps.
      if (slice.begin < at || is_later) family.fixed = true;
      if (slice.begin > at) family.parts.push_back({.family = {}, .extent = slice.begin - at});
      family.parts.push_back(
          {.family = slice.family, .extent = slice.end - slice.begin, .chunks = slice.chunks});
      at = slice.end;
    }
    if (at < family.extent) family.parts.push_back({.family = {}, .extent = family.extent - at});
    if (!family.fixed) return;
    family.parts.clear();
    for (const Slice& slice : slices) fix(slice);
  }

  void find_components() {
    Partition together{made_.families.size()};
    for_each_index(cascade_, [&](RankId dimension, const Index& index) {
      const std::size_t one = made_.family_of[index_of(dimension)];
      together.join(one, made_.family_of[index_of(index.rank)]);
      if (index.chunk) together.join(one, made_.family_of[index_of(*index.chunk)]);
    });
    std::vector<std::size_t> number(made_.families.size(), made_.families.size());
    for (std::size_t i = 0; i < made_.families.size(); ++i) {
      std::size_t& component = number[together.leader(i)];
      if (component == made_.families.size()) component = made_.components++;
      made_.families[i].component = component;
    }
  }

  const Cascade& cascade_;
  RankRelations made_;
  std::vector<std::vector<Slice>> slices_;  ///< Per family.
};

/// Where a slice that began at `offset` of `family` begins with other extents: gaps share what slices leave
/// of the `scaled` extent.
std::int64_t moved_offset(const RankFamily& family, const std::vector<std::int64_t>& extents,
                          std::int64_t scaled, std::int64_t offset) {
  if (family.parts.empty()) return offset;
  std::int64_t gaps = 0;
  std::int64_t scaled_gaps = scaled;
  for (const RankPart& part : family.parts) {
    if (!part.family) gaps += part.extent;
    if (part.family) scaled_gaps -= extent_in(part, extents);
  }
  std::int64_t before = 0;
  std::int64_t after = 0;
  for (const RankPart& part : family.parts) {
    if (before == offset) break;
    before += part.extent;
    if (part.family) {
      after += extent_in(part, extents);
    } else if (gaps > 0) {
      after += scaled_gaps * part.extent / gaps;
    }
  }
  return after;
}

void move_slices(const RankRelations& relations, const std::vector<std::int64_t>& extents,
                 const Tensor& tensor, Access& access) {
  for (std::size_t i = 0; i < access.indices.size(); ++i) {
    const std::size_t family = relations.family_of[index_of(tensor.ranks[i])];
    std::int64_t& offset = access.indices[i].offset;
    offset = moved_offset(relations.families[family], extents, extents[family], offset);
  }
}

/// Elements of a dimension beyond the last one that an index reads, a window's overhang allowed.
std::int64_t room_behind(std::int64_t dimension, std::int64_t extent, const Index& index, std::int64_t taps) {
  return dimension + (index.tap ? taps - 1 : 0) - (extent - index.distance + index.offset);
}

}  // namespace

RankRelations rank_relations(const Cascade& cascade) {
  return Relations{cascade}.run();
}

bool reads_as_before(const Cascade& cascade, const RankRelations& relations,
                     const std::vector<std::int64_t>& extents, std::size_t component) {
  bool same = true;
  const auto family_of = [&](RankId rank) { return relations.family_of[index_of(rank)]; };
  for_each_index(cascade, [&](RankId dimension, const Index& index) {
    const RankFamily& family = relations.families[family_of(dimension)];
    if (family.component != component) return;
    const std::int64_t taps = index.tap ? cascade.extent(*index.tap).value() : 1;
    const std::int64_t before = room_behind(family.extent, extent_of(cascade, index).value(), index, taps);
    const std::int64_t dimension_now = extents[family_of(dimension)];
    Index moved = index;
    moved.offset = moved_offset(family, extents, dimension_now, index.offset);
    const std::int64_t chunks = index.chunk ? extents[family_of(*index.chunk)] : 1;
    const std::int64_t after =
        room_behind(dimension_now, chunks * extents[family_of(index.rank)], moved, taps);
    same = same && after >= 0 && (before == 0) == (after == 0);
  });
  return same;
}

std::optional<Cascade> with_extents(const Cascade& cascade, const RankRelations& relations,
                                    const std::vector<std::int64_t>& extents) {
  Cascade scaled = cascade;
  for (std::size_t i = 0; i < scaled.ranks.size(); ++i) {
    scaled.ranks[i].extent = Elements{extents[relations.family_of[i]]};
  }
  for (Operator& op : scaled.operators) {
    for (Access& access : op.inputs) move_slices(relations, extents, cascade.tensor(access.tensor), access);
  }
  CheckedCascade checked = make_cascade(std::move(scaled));
  if (!checked.problems.empty()) return std::nullopt;
  return std::move(checked.cascade);
}

}  // namespace fusescape
