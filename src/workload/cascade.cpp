#include "fusescape/workload/cascade.hpp"

#include <algorithm>

namespace fusescape {
namespace {

template <class Id, class Named>
std::optional<Id> find_named(const std::vector<Named>& items, std::string_view name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Named& n) { return n.name == name; });
  if (found == items.end()) return std::nullopt;
  return Id{static_cast<std::uint16_t>(found - items.begin())};
}

}  // namespace

std::optional<RankId> find_rank(const Cascade& cascade, std::string_view name) {
  return find_named<RankId>(cascade.ranks, name);
}

std::optional<TensorId> find_tensor(const Cascade& cascade, std::string_view name) {
  return find_named<TensorId>(cascade.tensors, name);
}

std::optional<OpId> find_operator(const Cascade& cascade, std::string_view name) {
  return find_named<OpId>(cascade.operators, name);
}

bool has_rank(const std::vector<RankId>& ranks, RankId rank) {
  return std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
}

Elements elements_of(const Cascade& cascade, TensorId tensor) {
  Elements product{1};
  for (const RankId rank : cascade.tensor(tensor).ranks) product = product * cascade.extent(rank);
  return product;
}

Ops ops_of(const Cascade& cascade, OpId op) {
  Ops product{1};
  for (const RankId rank : cascade.op(op).ranks) product = product * cascade.extent(rank);
  return product;
}

Ops total_ops(const Cascade& cascade) {
  Ops total;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    total += ops_of(cascade, OpId{static_cast<std::uint16_t>(i)});
  }
  return total;
}

Elements weight_elements(const Cascade& cascade) {
  Elements total;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    if (cascade.tensors[i].kind != TensorKind::kWeight) continue;
    total += elements_of(cascade, TensorId{static_cast<std::uint16_t>(i)});
  }
  return total;
}

bool names(const Index& index, RankId rank) {
  return index.rank == rank || index.tap == rank || index.chunk == rank;
}

bool names(const Access& access, RankId rank) {
  return std::any_of(access.indices.begin(), access.indices.end(),
                     [&](const Index& index) { return names(index, rank); });
}

Elements extent_of(const Cascade& cascade, const Index& index) {
  const Elements extent = cascade.extent(index.rank);
  return index.chunk ? cascade.extent(*index.chunk) * extent.value() : extent;
}

std::int64_t reach(const Cascade& cascade, const Index& index) {
  return index.distance + (index.tap ? cascade.extent(*index.tap).value() - 1 : 0);
}

bool reads_whole(const Cascade& cascade, const Use& use) {
  const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
  const std::vector<RankId>& ranks = cascade.tensor(access.tensor).ranks;
  return std::equal(ranks.begin(), ranks.end(), access.indices.begin(), access.indices.end(),
                    [](RankId rank, const Index& index) { return index == Index{.rank = rank}; });
}

bool is_shifted(const Index& index) {
  return index.distance > 0 || index.tap.has_value();
}

bool is_shifted(const Access& access) {
  return shifted_index(access) != nullptr;
}

const Index* shifted_index(const Access& access) {
  const auto found = std::find_if(access.indices.begin(), access.indices.end(),
                                  [](const Index& index) { return is_shifted(index); });
  return found == access.indices.end() ? nullptr : &*found;
}

}  // namespace fusescape
