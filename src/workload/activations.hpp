// Which operators are a SiLU? Two, as hardware without a fused one runs it: x * sigmoid(x).
#pragma once

#include <string>
#include <vector>

#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {

/// Names of the two operators, each before what it makes.
struct SigmoidProductNames {
  std::string sigmoid_op;
  std::string sigmoid;
  std::string product_op;
  std::string product;
};

/// x * sigmoid(x) over `ranks`.
[[nodiscard]] inline TensorId sigmoid_product(CascadeBuilder& make, const SigmoidProductNames& names,
                                              const std::vector<RankId>& ranks, const Access& x) {
  const TensorId sigmoid = make.make(names.sigmoid_op, OpKind::kSigmoid, {names.sigmoid, ranks}, {x});
  return make.make(names.product_op, OpKind::kMul, {names.product, ranks}, {x, make.at(sigmoid)});
}

/// The same, its operators called `prefix`_sigmoid and `prefix`_silu.
struct SiluNames {
  std::string prefix;
  std::string sigmoid;
  std::string result;
};
[[nodiscard]] inline TensorId silu(CascadeBuilder& make, const SiluNames& names,
                                   const std::vector<RankId>& ranks, const Access& x) {
  return sigmoid_product(
      make, {names.prefix + "_sigmoid", names.sigmoid, names.prefix + "_silu", names.result}, ranks, x);
}

}  // namespace fusescape
