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
  ranks_.reserve(op.ranks.size());
  for (const RankId rank : op.ranks) {
    RankShape shape{.rank = rank, .operands = operands_along(cascade, op, rank)};
    while (shape.dimension < kDimensionCount && !has_rank(*dimensions[shape.dimension], rank))
      ++shape.dimension;
    shape.may_stay = shape.dimension == kDimensionCount && shape.operands != all;
    ranks_.push_back(shape);
  }
}

WorkProducts WorkShape::no_ranks() {
  WorkProducts products;
  products.on_hardware.fill(Elements{1});
  products.of_operand.fill(products.on_hardware);
  return products;
}

/// By the extent of the rank at `position`.
void WorkShape::multiply(WorkProducts& products, std::size_t position, std::int64_t extent) const {
  const RankShape& rank = ranks_[position];
  products.all = products.all * extent;
  if (changes(count_ - 1, rank.operands)) products.made = products.made * extent;
  if (rank.dimension == kDimensionCount) {
    products.in_time = products.in_time * extent;
    if (!rank.may_stay || products.stationary_count == kMostCandidates) return;
    products.stationary[products.stationary_count++] = {extent, rank.operands,
                                                        static_cast<std::uint16_t>(position)};
    return;
  }
  const std::size_t d = rank.dimension;
  products.on_hardware[d] = products.on_hardware[d] * extent;
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (changes(i, rank.operands)) products.of_operand[i][d] = products.of_operand[i][d] * extent;
  }
}

WorkProducts WorkShape::products(const std::vector<std::int64_t>& extent,
                                 std::span<const RankId> ranks) const {
  WorkProducts products = no_ranks();
  for (std::size_t position = 0; position < ranks_.size(); ++position) {
    const RankId rank = ranks_[position].rank;
    const std::int64_t size = extent[index_of(rank)];
    if (size == 1 || std::find(ranks.begin(), ranks.end(), rank) == ranks.end()) continue;
    multiply(products, position, size);
  }
  return products;
}

/// Of both lists of ranks that may stay the first ones.
WorkProducts WorkShape::product(const WorkProducts& a, const WorkProducts& b) const {
  WorkProducts products;
  products.all = a.all * b.all;
  products.in_time = a.in_time * b.in_time;
  products.made = a.made * b.made;
  for (std::size_t d = 0; d < kDimensionCount; ++d) {
    products.on_hardware[d] = a.on_hardware[d] * b.on_hardware[d];
    for (std::uint32_t i = 0; i < count_; ++i) {
      products.of_operand[i][d] = a.of_operand[i][d] * b.of_operand[i][d];
    }
  }
  const std::span from_a{a.stationary.data(), a.stationary_count};
  const std::span from_b{b.stationary.data(), b.stationary_count};
  auto next_a = from_a.begin();
  auto next_b = from_b.begin();
  while (products.stationary_count < kMostCandidates && (next_a != from_a.end() || next_b != from_b.end())) {
    const bool takes_a =
        next_b == from_b.end() || (next_a != from_a.end() && next_a->position < next_b->position);
    products.stationary[products.stationary_count++] = takes_a ? *next_a++ : *next_b++;
  }
  return products;
}

OperandAccess WorkShape::access(std::uint32_t i, const WorkProducts& products) const {
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
    if (!changes(i, products.stationary[c].moving))
      access.stays = static_cast<std::uint8_t>(access.stays | (1U << c));
  }
  return access;
}

void WorkShape::append(const std::vector<std::int64_t>& extent, WorkTable& table) const {
  WorkProducts products = no_ranks();
  for (std::size_t position = 0; position < ranks_.size(); ++position) {
    const std::int64_t size = extent[index_of(ranks_[position].rank)];
    if (size != 1) multiply(products, position, size);
  }
  append(products, table);
}

void WorkShape::append(const WorkProducts& products, WorkTable& table) const {
  OperatorWork work{
      .op = op_, .kind = kind_, .ops = products.all.value(), .temporal = products.in_time.value()};
  for (std::size_t d = 0; d < kDimensionCount; ++d) work.extent[d] = products.on_hardware[d].value();
  work.stationary_count = products.stationary_count;
  for (std::size_t c = 0; c < products.stationary_count; ++c) {
    work.stationary[c].repeats = work.temporal - work.temporal / products.stationary[c].extent;
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

void append_shapes(const Cascade& cascade, const Plan& plan, NodeId node, std::vector<WorkShape>& shapes) {
  ChainTraffic chain{cascade, plan, node};
  const SpatialMapping unmapped;
  for (const OpId op : chain.members()) {
    shapes.emplace_back(cascade, plan.spatial.empty() ? unmapped : plan.spatial[index_of(op)], op, &chain);
  }
}

void append_work(const Cascade& cascade, const Plan& plan, NodeId node,
                 const std::vector<std::int64_t>& extent, WorkTable& table) {
  std::vector<WorkShape> shapes;
  append_shapes(cascade, plan, node, shapes);
  for (const WorkShape& shape : shapes) shape.append(extent, table);
}

}  // namespace fusescape
