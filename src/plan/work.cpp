#include "fusescape/plan/work.hpp"

#include <algorithm>

#include "chain_traffic.hpp"

namespace fusescape {
namespace {

using Extents = std::vector<std::int64_t>;

/// A product that stays at the largest value instead of wrapping; evaluate refuses it.
std::int64_t product(const std::vector<RankId>& ranks, const Extents& extent) {
  Elements all{1};
  for (const RankId rank : ranks) all = all * extent[index_of(rank)];
  return all.value();
}

/// Whether an operand changes along `rank`.
bool changes_along(const Access& access, RankId rank) {
  return std::any_of(access.indices.begin(), access.indices.end(),
                     [&](const Index& index) { return index.rank == rank || index.tap == rank; });
}
bool changes_along(const Tensor& tensor, RankId rank) {
  return has_rank(tensor.ranks, rank);
}

std::array<const std::vector<RankId>*, kDimensionCount> dimensions_of(const SpatialMapping& mapping) {
  return {&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat};
}

/// Of the ranks along which `operand` changes.
template <class Operand>
std::int64_t product_along(const Operand& operand, const std::vector<RankId>& ranks, const Extents& extent) {
  Elements all{1};
  for (const RankId rank : ranks) {
    if (changes_along(operand, rank)) all = all * extent[index_of(rank)];
  }
  return all.value();
}

template <class Operand>
Share share_of(const Operand& operand, const std::vector<RankId>& mapped) {
  const auto has = [&](RankId rank) { return changes_along(operand, rank); };
  if (std::none_of(mapped.begin(), mapped.end(), has)) return Share::kNone;
  const auto first_without = std::find_if_not(mapped.begin(), mapped.end(), has);
  if (first_without == mapped.end()) return Share::kAll;
  return std::none_of(first_without, mapped.end(), has) ? Share::kPrefix : Share::kSuffix;
}

struct TileWork {
  const Cascade& cascade;
  const SpatialMapping& mapping;
  const Extents& extent;
  const Operator& op;
  std::vector<RankId> in_time{};     ///< Ranks not on hardware.
  std::vector<RankId> candidates{};  ///< Those that may be innermost.

  void split();
  [[nodiscard]] bool some_lack(RankId rank) const;
  template <class Operand>
  [[nodiscard]] OperandAccess access(const Operand& touched, const Tensor& tensor, bool on_chip) const;
};

/// True if some operand does not change along `rank`.
bool TileWork::some_lack(RankId rank) const {
  return has_rank(op.reduction_ranks, rank) ||
         std::any_of(op.inputs.begin(), op.inputs.end(),
                     [&](const Access& input) { return !changes_along(input, rank); });
}

void TileWork::split() {
  for (const RankId rank : op.ranks) {
    const auto dimensions = dimensions_of(mapping);
    const bool mapped = std::any_of(dimensions.begin(), dimensions.end(),
                                    [&](const auto* ranks) { return has_rank(*ranks, rank); });
    if (mapped) continue;
    in_time.push_back(rank);
    if (extent[index_of(rank)] > 1 && candidates.size() < kMostCandidates && some_lack(rank)) {
      candidates.push_back(rank);
    }
  }
}

/// `on_chip`: not in registers only.
template <class Operand>
OperandAccess TileWork::access(const Operand& touched, const Tensor& tensor, bool on_chip) const {
  OperandAccess operand;
  operand.bits = bits_of(tensor.type);
  Elements whole{on_chip ? operand.bits : 0};
  const auto dimensions = dimensions_of(mapping);
  for (std::size_t d = 0; d < kDimensionCount; ++d) {
    if (product(*dimensions[d], extent) == 1) continue;
    const Share share = share_of(touched, *dimensions[d]);
    const std::int64_t part = product_along(touched, *dimensions[d], extent);
    if (share == Share::kAll) {
      whole = whole * part;
    } else {
      operand.partial[operand.partial_count++] = {static_cast<Dimension>(d), share, part};
    }
  }
  operand.whole_bits = whole.value();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!changes_along(touched, candidates[i]))
      operand.stays = static_cast<std::uint8_t>(operand.stays | (1U << i));
  }
  return operand;
}

void append_operator(const Cascade& cascade, const SpatialMapping& mapping, OpId id, const Extents& extent,
                     ChainTraffic& chain, WorkTable& table) {
  const Operator& op = cascade.op(id);
  TileWork tile{cascade, mapping, extent, op};
  tile.split();
  OperatorWork work{.op = id, .kind = op.kind};
  work.ops = product(op.ranks, extent);
  work.temporal = product(tile.in_time, extent);
  const auto dimensions = dimensions_of(mapping);
  for (std::size_t d = 0; d < kDimensionCount; ++d) work.extent[d] = product(*dimensions[d], extent);
  work.stationary_count = static_cast<std::uint32_t>(tile.candidates.size());
  for (std::size_t i = 0; i < tile.candidates.size(); ++i) {
    work.stationary[i].repeats = work.temporal - work.temporal / extent[index_of(tile.candidates[i])];
  }
  work.first_access = static_cast<std::uint32_t>(table.accesses.size());
  for (const Access& input : op.inputs) {
    table.accesses.push_back(tile.access(input, cascade.tensor(input.tensor), chain.reads_memory(input)));
  }
  const Tensor& made = cascade.tensor(op.output);
  const bool stored = chain.writes_memory(id);
  table.accesses.push_back(tile.access(made, made, stored));
  if (stored)
    work.output_bits = (Elements{bits_of(made.type)} * product_along(made, op.ranks, extent)).value();
  work.access_count = static_cast<std::uint32_t>(table.accesses.size()) - work.first_access;
  table.operators.push_back(work);
}

}  // namespace

/// An element has fewer bits than an operation may have cycles. Half of the range is left for the array's
/// fills.
bool is_countable(std::span<const OperatorWork> work) {
  Ops accesses;
  for (const OperatorWork& one : work) accesses += Ops{one.ops} * std::int64_t{one.access_count};
  return !(accesses * (2 * kMostCyclesPerOp)).overflow();
}

void append_work(const Cascade& cascade, const Plan& plan, NodeId node, const Extents& extent,
                 WorkTable& table) {
  ChainTraffic chain{cascade, plan, node};
  const SpatialMapping unmapped;
  for (const OpId op : chain.members()) {
    const SpatialMapping& mapping = plan.spatial.empty() ? unmapped : plan.spatial[index_of(op)];
    append_operator(cascade, mapping, op, extent, chain, table);
  }
}

}  // namespace fusescape
