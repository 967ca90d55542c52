// Which operators are a SiLU? Two, as hardware without a fused one runs it: x * sigmoid(x).
#pragma once

#include <string>
#include <vector>

#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {

/// How a SiLU's two operators, `prefix`_sigmoid and `prefix`_silu, call what they make.
struct SiluNames {
  std::string prefix;
  std::string sigmoid;
  std::string result;
};

/// x * sigmoid(x) over `ranks`.
[[nodiscard]] inline TensorId silu(CascadeBuilder& make, const SiluNames& names,
                                   const std::vector<RankId>& ranks, const Access& x) {
  const TensorId sigmoid =
      make.make(names.prefix + "_sigmoid", OpKind::kSigmoid, {names.sigmoid, ranks}, {x});
  return make.make(names.prefix + "_silu", OpKind::kMul, {names.result, ranks}, {x, make.at(sigmoid)});
}

}  // namespace fusescape
