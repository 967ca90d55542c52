// How do a family's parts become a Workload? Every family has the same ones.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fusescape/support/contract.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

struct ModelParts {
  std::string_view family;
  Elements params;        ///< Of the whole model as released.
  Elements layer_params;  ///< Of one of its layers.
  Elements own_params{};  ///< Workload::own_params
  std::vector<std::string> assumptions;
  CheckedCascade block;
  CheckedCascade head;  ///< Used unless the shape's `head` is false.
};

/// Elements of a model as released: token embedding (once if the head is tied to it), layers, gain of the
/// final norm.
template <class Shape>
[[nodiscard]] Elements params_of_blocks(const Shape& shape, Elements layer) {
  const Elements e{shape.d_model};
  return e * shape.vocab * (shape.tied_embedding ? 1 : 2) + layer * shape.n_layer + e;
}

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
                    .params = parts.params,
                    .layer_params = parts.layer_params,
                    .own_params = parts.own_params,
                    .assumptions = std::move(parts.assumptions),
                    .block = std::move(parts.block.cascade)};
  if (shape.head) {
    FUSESCAPE_EXPECTS(parts.head.problems.empty());
    workload.lm_head = std::move(parts.head.cascade);
  }
  return workload;
}

}  // namespace fusescape
