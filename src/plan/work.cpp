#include "fusescape/plan/work.hpp"

#include <algorithm>

#include "chain_traffic.hpp"

namespace fusescape {
namespace {

/// Whether an operand changes along `rank`.
bool changes_along(const Access& access, RankId rank) {
  return names(access, rank);
}
bool changes_along(const Tensor& tensor, RankId rank) {
  return has_rank(tensor.ranks, rank);
}

std::array<const std::vector<RankId>*, kDimensionCount> dimensions_of(const SpatialMapping& mapping) {
  return {&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat};
}

template <class Operand>
Share share_of(const Operand& operand, const std::vector<RankId>& mapped) {
  const auto has = [&](RankId rank) { return changes_along(operand, rank); };
  if (std::none_of(mapped.begin(), mapped.end(), has)) return Share::kNone;
  const auto first_without = std::find_if_not(mapped.begin(), mapped.end(), has);
  if (first_without == mapped.end()) return Share::kAll;
  return std::none_of(first_without, mapped.end(), has) ? Share::kPrefix : Share::kSuffix;
}

/// A bit per operand that changes along `rank`: of the inputs from bit 0 on, then of the output.
std::uint8_t operands_along(const Cascade& cascade, const Operator& op, RankId rank) {
  unsigned bits = changes_along(cascade.tensor(op.output), rank) ? 1U << op.inputs.size() : 0U;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (changes_along(op.inputs[i], rank)) bits |= 1U << i;
  }
  return static_cast<std::uint8_t>(bits);
}

}  // namespace

/// Products of a tile's extents: they stay at the largest value instead of wrapping; evaluate refuses it.
struct WorkShape::Products {
  Elements all{1};
  Elements in_time{1};
  std::array<Elements, kDimensionCount> on_hardware{};
  std::array<std::array<Elements, kDimensionCount>, kMostAccesses> of_operand{};  ///< On hardware.
  Elements made{1};
  std::array<std::int64_t, kMostCandidates> stationary{};  ///< Extents of those ranks.
  std::array<std::uint8_t, kMostCandidates> moving{};      ///< The operands that change along them.
  std::uint32_t stationary_count = 0;
};

WorkShape::WorkShape(const Cascade& cascade, const SpatialMapping& mapping, OpId id, ChainTraffic* chain)
    : op_{id}, kind_{cascade.op(id).kind} {
  const Operator& op = cascade.op(id);
  const auto dimensions = dimensions_of(mapping);
  const auto add_operand = [&](const auto& touched, const Tensor& tensor, bool on_chip) {
    OperandShape& operand = operands_[count_++];
    operand = {.bits = bits_of(tensor.type), .on_chip = on_chip};
    for (std::size_t d = 0; d < kDimensionCount; ++d) operand.share[d] = share_of(touched, *dimensions[d]);
  };
  for (const Access& input : op.inputs) {
    add_operand(input, cascade.tensor(input.tensor), chain == nullptr || chain->reads_memory(input));
  }
  const Tensor& made = cascade.tensor(op.output);
  add_operand(made, made, chain == nullptr || chain->writes_memory(id));
  const unsigned all = (1U << count_) - 1U;
  for (const RankId rank : op.ranks) {
    RankShape shape{.rank = rank, .operands = operands_along(cascade, op, rank)};
    while (shape.dimension < kDimensionCount && !has_rank(*dimensions[shape.dimension], rank))
      ++shape.dimension;
    shape.may_stay = shape.dimension == kDimensionCount && shape.operands != all;
    ranks_.push_back(shape);
  }
}

WorkShape::Products WorkShape::products(const std::vector<std::int64_t>& extent) const {
  Products products;
  products.on_hardware.fill(Elements{1});
  products.of_operand.fill(products.on_hardware);
  for (const RankShape& rank : ranks_) {
    const std::int64_t size = extent[index_of(rank.rank)];
    if (size == 1) continue;
    products.all = products.all * size;
    if (changes(count_ - 1, rank.operands)) products.made = products.made * size;
    if (rank.dimension == kDimensionCount) {
      products.in_time = products.in_time * size;
      if (!rank.may_stay || products.stationary_count == kMostCandidates) continue;
      products.stationary[products.stationary_count] = size;
      products.moving[products.stationary_count++] = rank.operands;
      continue;
    }
    const std::size_t d = rank.dimension;
    products.on_hardware[d] = products.on_hardware[d] * size;
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (changes(i, rank.operands)) products.of_operand[i][d] = products.of_operand[i][d] * size;
    }
  }
  return products;
}

OperandAccess WorkShape::access(std::uint32_t i, const Products& products) const {
  const OperandShape& operand = operands_[i];
  OperandAccess access{.bits = operand.bits};
  Elements whole{operand.on_chip ? operand.bits : 0};
  for (std::size_t d = 0; d < kDimensionCount; ++d) {
    if (products.on_hardware[d] == Elements{1}) continue;
    const Elements part = products.of_operand[i][d];
    if (operand.share[d] == Share::kAll) {
      whole = whole * part;
    } else {
      access.partial[access.partial_count++] = {static_cast<Dimension>(d), operand.share[d], part.value()};
    }
  }
  access.whole_bits = whole.value();
  for (std::size_t c = 0; c < products.stationary_count; ++c) {
    if (!changes(i, products.moving[c])) access.stays = static_cast<std::uint8_t>(access.stays | (1U << c));
  }
  return access;
}

void WorkShape::append(const std::vector<std::int64_t>& extent, WorkTable& table) const {
  const Products products = this->products(extent);
  OperatorWork work{
      .op = op_, .kind = kind_, .ops = products.all.value(), .temporal = products.in_time.value()};
  for (std::size_t d = 0; d < kDimensionCount; ++d) work.extent[d] = products.on_hardware[d].value();
  work.stationary_count = products.stationary_count;
  for (std::size_t c = 0; c < products.stationary_count; ++c) {
    work.stationary[c].repeats = work.temporal - work.temporal / products.stationary[c];
  }
  const OperandShape& made = operands_[count_ - 1];
  if (made.on_chip) work.output_bits = (Elements{made.bits} * products.made).value();
  work.first_access = static_cast<std::uint32_t>(table.accesses.size());
  work.access_count = count_;
  for (std::uint32_t i = 0; i < count_; ++i) table.accesses.push_back(access(i, products));
  table.operators.push_back(work);
}

/// An element has fewer bits than an operation may have cycles. Half of the range is left for the array's
/// fills.
bool is_countable(std::span<const OperatorWork> work) {
  Ops accesses;
  for (const OperatorWork& one : work) accesses += Ops{one.ops} * std::int64_t{one.access_count};
  return !(accesses * (2 * kMostCyclesPerOp)).overflow();
}

void append_work(const Cascade& cascade, const Plan& plan, NodeId node,
                 const std::vector<std::int64_t>& extent, WorkTable& table) {
  ChainTraffic chain{cascade, plan, node};
  const SpatialMapping unmapped;
  for (const OpId op : chain.members()) {
    WorkShape{cascade, plan.spatial.empty() ? unmapped : plan.spatial[index_of(op)], op, &chain}.append(
        extent, table);
  }
}

}  // namespace fusescape
