#include "fusescape/workload/cascade_builder.hpp"

#include "fusescape/support/contract.hpp"

namespace fusescape {

RankId CascadeBuilder::rank(std::string name, Elements extent) {
  cascade_.ranks.push_back({.name = std::move(name), .extent = extent});
  return RankId{static_cast<std::uint16_t>(cascade_.ranks.size() - 1)};
}

TensorId CascadeBuilder::tensor(std::string name, std::vector<RankId> ranks, TensorKind kind) {
  cascade_.tensors.push_back(
      {.name = std::move(name), .ranks = std::move(ranks), .type = type_, .kind = kind});
  return TensorId{static_cast<std::uint16_t>(cascade_.tensors.size() - 1)};
}

TensorId CascadeBuilder::make(std::string op, OpKind kind, std::pair<std::string, std::vector<RankId>> result,
                              std::vector<Access> inputs) {
  const TensorId output =
      tensor(std::move(result.first), std::move(result.second), TensorKind::kIntermediate);
  make(std::move(op), kind, output, std::move(inputs));
  return output;
}

void CascadeBuilder::make(std::string op, OpKind kind, TensorId output, std::vector<Access> inputs) {
  cascade_.operators.push_back({.name = std::move(op),
                                .kind = kind,
                                .output = output,
                                .inputs = std::move(inputs),
                                .ranks = {},
                                .reduction_ranks = {}});
}

Access CascadeBuilder::at(TensorId tensor) const {
  Access access{.tensor = tensor, .indices = {}};
  for (const RankId rank : cascade_.tensor(tensor).ranks) access.indices.push_back({.rank = rank});
  return access;
}

Access CascadeBuilder::slice(TensorId tensor, RankId rank, Elements offset) const {
  Access access = at(tensor);
  FUSESCAPE_EXPECTS(!access.indices.empty());
  access.indices.back() = {.rank = rank, .distance = 0, .offset = offset.value(), .tap = {}};
  return access;
}

Access CascadeBuilder::earlier(TensorId tensor, RankId rank, std::int64_t distance) const {
  Access access = at(tensor);
  for (Index& index : access.indices) {
    if (index.rank == rank) index.distance = distance;
  }
  return access;
}

}  // namespace fusescape
