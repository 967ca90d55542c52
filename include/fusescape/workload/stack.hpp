// What is a model whose layers differ? Kinds of layers in an order, between one embedding and one head.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fusescape/workload/model.hpp"

namespace fusescape {

/// What all layers of a stack share.
struct Stack {
  std::string name = "stack";
  std::int64_t d_model = 0;    ///< E
  std::int64_t vocab = 0;      ///< Rows of the embedding, padding included.
  std::int64_t positions = 0;  ///< Rows of a learned position embedding; 0: there is none.
  bool tied_embedding = true;  ///< The head's matrix is the embedding's.
  FinalNorm final_norm = FinalNorm::kRms;
  bool head = true;  ///< False: neither final norm nor head.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;   ///< B
  std::int64_t tokens = 1;  ///< L; one in the decode phase.
};

/// A kind of layers in a stack.
struct StackKind {
  Workload layer;  ///< Of one layer, under the kind's name and without head.
  std::int64_t copies =
      0;  ///< Sets of weights, own_params aside, that its layers use in turn; 0: no sharing.
};

/// Embedding(s), final norm, head, and the layers: weights that they share count once for each copy.
[[nodiscard]] Elements stack_params(const Stack& stack, const std::vector<StackKind>& kinds,
                                    const std::vector<LayerRun>& order);

/// The model of these layers. Expects kinds that all appear in `order`, counts above 0 whose sum fits 64
/// bits, and a head whose cascade has no problems.
[[nodiscard]] Model stack_model(const Stack& stack, std::vector<StackKind> kinds,
                                const std::vector<LayerRun>& order);

}  // namespace fusescape
