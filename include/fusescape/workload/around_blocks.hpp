// What stands around a model's blocks? Embeddings, a final norm, and the head that scores every word of the
// vocabulary.
//
// Only the token that a sequence ends with has a next one to predict: B rows in both phases, L does not
// matter.
#pragma once

#include <cstdint>
#include <string>

#include "fusescape/workload/model.hpp"

namespace fusescape {

struct AroundBlocks {
  std::string model;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;
  std::int64_t d_model = 0;
  std::int64_t vocab = 0;
  std::int64_t positions = 0;  ///< Rows of a learned position embedding; 0: there is none.
  bool tied_embedding = true;  ///< The head's matrix is the embedding's.
  FinalNorm norm = FinalNorm::kRms;
};

/// V*E (twice if untied) + positions*E + E of the final norm: none without gain, 2*E of a LayerNorm.
[[nodiscard]] Elements params_of(const AroundBlocks& around);

/// Final norm and head on the last token of each sequence: ranks B, E and V, the vocabulary.
[[nodiscard]] CheckedCascade head_of(const AroundBlocks& around);

/// What a family's shape has around its blocks: positions, an untied head and a norm other than RMS only if
/// it names them.
template <class Shape>
[[nodiscard]] AroundBlocks around_blocks(const Shape& shape) {
  AroundBlocks around{.model = shape.name,
                      .dtype = shape.dtype,
                      .batch = shape.batch,
                      .d_model = shape.d_model,
                      .vocab = shape.vocab};
  if constexpr (requires { shape.positions; }) around.positions = shape.positions;
  if constexpr (requires { shape.tied_embedding; }) around.tied_embedding = shape.tied_embedding;
  if constexpr (requires { shape.final_norm; }) around.norm = shape.final_norm;
  if constexpr (requires { Shape::kFinalNorm; }) around.norm = Shape::kFinalNorm;
  if constexpr (requires { shape.norm_gain; }) {
    if (!shape.norm_gain) around.norm = FinalNorm::kRmsWithoutGain;
  }
  return around;
}

/// Parameters of a family's model as released: those around its blocks, gains of norms included, and
/// n_layer * layer_params(shape).
template <class Shape>
[[nodiscard]] Elements model_params(const Shape& shape) {
  AroundBlocks around = around_blocks(shape);
  if (around.norm == FinalNorm::kRmsWithoutGain) around.norm = FinalNorm::kRms;
  return params_of(around) + layer_params(shape) * shape.n_layer;
}

}  // namespace fusescape
