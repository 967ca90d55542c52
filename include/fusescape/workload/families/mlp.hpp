// What does an MLP sub-block compute? A norm, a feed-forward network, and the residual.
#pragma once

#include <cstdint>
#include <string>

#include "fusescape/workload/feed_forward.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Shape of an MLP as llama-like models and hybrids have it.
struct Mlp {
  std::string name = "mlp";
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;  ///< E
  std::int64_t d_ff = 0;     ///< F
  Activation activation = Activation::kSwiGlu;
  bool mlp_bias = false;       ///< All projections add biases.
  std::int64_t vocab = 32000;  ///< Rows of the embedding, padding included.
  bool tied_embedding = true;
  bool head = true;  ///< False: neither final norm nor head.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;   ///< B
  std::int64_t tokens = 1;  ///< L; one in the decode phase.
};

/// The block's cascade. Expects positive shapes. Its only possible problems are extents too large to count.
[[nodiscard]] CheckedCascade mlp_block(const Mlp& shape);

/// Of one layer: E + 3EF of a gated network, 2EF of another, its biases.
[[nodiscard]] Elements layer_params(const Mlp& shape);

/// The block with its phase, layers, parameters and, unless `head` is false, its head. Expects a shape whose
/// cascades have no problems.
[[nodiscard]] Workload mlp_workload(const Mlp& shape);

}  // namespace fusescape
