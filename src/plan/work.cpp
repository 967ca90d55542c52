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

std::vector<RankId> ranks_read(const Access& access) {
  std::vector<RankId> ranks;
  for (const Index& index : access.indices) {
    ranks.push_back(index.rank);
    if (index.tap) ranks.push_back(*index.tap);
  }
  return ranks;
}

std::array<const std::vector<RankId>*, kDimensionCount> dimensions_of(const SpatialMapping& mapping) {
  return {&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat};
}

std::vector<RankId> kept(const std::vector<RankId>& ranks, const std::vector<RankId>& of) {
  std::vector<RankId> both;
  std::copy_if(ranks.begin(), ranks.end(), std::back_inserter(both),
               [&](RankId rank) { return has_rank(of, rank); });
  return both;
}

Share share_of(const std::vector<RankId>& mapped, const std::vector<RankId>& part) {
  if (part.empty()) return Share::kNone;
  if (part.size() == mapped.size()) return Share::kAll;
  return std::equal(part.begin(), part.end(), mapped.begin()) ? Share::kPrefix : Share::kSuffix;
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
  [[nodiscard]] OperandAccess access(const std::vector<RankId>& ranks, const Tensor& tensor) const;
};

/// True if some operand does not change along `rank`.
bool TileWork::some_lack(RankId rank) const {
  return has_rank(op.reduction_ranks, rank) ||
         std::any_of(op.inputs.begin(), op.inputs.end(),
                     [&](const Access& input) { return !has_rank(ranks_read(input), rank); });
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

OperandAccess TileWork::access(const std::vector<RankId>& ranks, const Tensor& tensor) const {
  OperandAccess operand;
  operand.elements = product(kept(op.ranks, ranks), extent);
  operand.bits = bits_of(tensor.type);
  const auto dimensions = dimensions_of(mapping);
  for (std::size_t d = 0; d < kDimensionCount; ++d) {
    const std::vector<RankId> part = kept(*dimensions[d], ranks);
    operand.share[d] = share_of(*dimensions[d], part);
    operand.part[d] = product(part, extent);
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!has_rank(ranks, candidates[i])) operand.stays = static_cast<std::uint8_t>(operand.stays | (1U << i));
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
  for (std::size_t i = 0; i < tile.candidates.size(); ++i) {
    work.stationary[i].temporal = work.temporal / extent[index_of(tile.candidates[i])];
  }
  work.first_access = static_cast<std::uint32_t>(table.accesses.size());
  for (const Access& input : op.inputs) {
    OperandAccess operand = tile.access(ranks_read(input), cascade.tensor(input.tensor));
    operand.on_chip = chain.reads_memory(input);
    table.accesses.push_back(operand);
  }
  OperandAccess output = tile.access(cascade.tensor(op.output).ranks, cascade.tensor(op.output));
  output.written = true;
  output.on_chip = chain.writes_memory(id);
  table.accesses.push_back(output);
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
