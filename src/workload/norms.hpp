// Which operators normalise vectors? RMSNorm and LayerNorm, as the families of models use them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {

/// Vectors whose elements lie along all of `width`, one at each position of `rows`.
struct NormShape {
  std::vector<RankId> rows;
  std::vector<RankId> width;

  [[nodiscard]] std::vector<RankId> all() const;
};

/// x / sqrt(mean of x^2), times `gain` if there is one: five operators named `prefix`_square, ...
/// `result` is the name of what they make, and the stem of their other tensors' names.
struct RmsNorm {
  std::string prefix;
  std::string result;
  NormShape shape;
  std::optional<TensorId> gain;
};
[[nodiscard]] TensorId rms_norm(CascadeBuilder& make, const RmsNorm& norm, const Access& x);

/// (x - mean) / sqrt(variance) * gain + bias: seven operators, and weights for gain and bias, all named
/// `prefix`_...
[[nodiscard]] TensorId layer_norm(CascadeBuilder& make, const std::string& prefix, TensorId x,
                                  const NormShape& shape);

}  // namespace fusescape
