// How do a family's parts become a Workload? Every family has the same ones.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fusescape/support/contract.hpp"
#include "fusescape/workload/around_blocks.hpp"

namespace fusescape {

struct ModelParts {
  std::string_view family;
  Elements layer_params;  ///< Of one of its layers.
  Elements own_params{};  ///< Workload::own_params
  std::vector<std::string> assumptions;
  CheckedCascade block;
};

/// The block, how often `shape` repeats it, and the head. Expects cascades without problems.
template <class Shape>
[[nodiscard]] Workload model_of_blocks(const Shape& shape, ModelParts parts) {
  FUSESCAPE_EXPECTS(parts.block.problems.empty());
  Workload workload{.name = shape.name,
                    .family = std::string{parts.family},
                    .phase = shape.phase,
                    .dtype = shape.dtype,
                    .n_layer = shape.n_layer,
                    .tokens = Elements{shape.batch} * shape.tokens,
                    .params = model_params(shape),
                    .layer_params = parts.layer_params,
                    .own_params = parts.own_params,
                    .assumptions = std::move(parts.assumptions),
                    .block = std::move(parts.block.cascade)};
  if (shape.head) {
    CheckedCascade head = head_of(around_blocks(shape));
    FUSESCAPE_EXPECTS(head.problems.empty());
    workload.lm_head = std::move(head.cascade);
  }
  return workload;
}

}  // namespace fusescape
