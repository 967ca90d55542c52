// Which operators are an adapter? Two narrow matrices beside a wide one (LoRA, Hu et al., arXiv 2106.09685).
#pragma once

#include <string>
#include <vector>

#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {

/// What an adapter adds to `base`, the product of `x` and a wide matrix.
struct Adapter {
  std::string part;          ///< Of the names of operators, tensors and weights: "q".
  std::vector<RankId> rows;  ///< Of the tokens.
  RankId from{};             ///< Channels of x.
  RankId rank{};             ///< Between the two matrices.
  std::vector<RankId> to;    ///< Channels of the result.
};

/// Adds `part`_adapter_down and `part`_adapter_up, which makes `result` = base + (x A) B.
inline void add_adapter(CascadeBuilder& make, const Adapter& adapter, const Access& x, TensorId base,
                        TensorId result) {
  const auto& [part, rows, from, rank, to] = adapter;
  std::vector<RankId> narrow = rows;
  narrow.push_back(rank);
  std::vector<RankId> wide{rank};
  wide.insert(wide.end(), to.begin(), to.end());
  const TensorId a = make.tensor("A_" + part, {from, rank}, TensorKind::kWeight);
  const TensorId b = make.tensor("B_" + part, wide, TensorKind::kWeight);
  const TensorId between =
      make.make(part + "_adapter_down", OpKind::kMatmul, {part + "_adapter", narrow}, {x, make.at(a)});
  make.make(part + "_adapter_up", OpKind::kMatmul, result, {make.at(between), make.at(b), make.at(base)});
}

/// Weights of an adapter, for parameters.
[[nodiscard]] inline Elements adapter_params(Elements from, Elements rank, Elements to) {
  return from * rank + rank * to;
}

}  // namespace fusescape
