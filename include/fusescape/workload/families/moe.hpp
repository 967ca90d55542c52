// What does a mixture-of-experts sub-block compute? A norm, a router, the chosen experts, and the residual.
#pragma once

#include <cstdint>
#include <string>

#include "fusescape/workload/feed_forward.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Shape of a mixture of experts (Shazeer et al., arXiv 1701.06538) as hybrids have it.
struct Moe {
  std::string name = "moe";
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;  ///< E
  std::int64_t d_ff = 0;     ///< F of an expert.
  std::int64_t n_expert = 1;
  std::int64_t top_k = 1;      ///< Experts that each token chooses.
  std::int64_t shared_ff = 0;  ///< F of an expert that every token takes; 0: there is none.
  bool router_bias = false;    ///< A correction per expert is added to the router's scores before the choice.
  Activation activation = Activation::kSwiGlu;
  std::int64_t vocab = 32000;  ///< Rows of the embedding, padding included.
  bool tied_embedding = true;
  bool head = true;  ///< False: neither final norm nor head.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;   ///< B
  std::int64_t tokens = 1;  ///< L; one in the decode phase.
};

/// Where the T = B*L tokens of a call go if routing is uniform: each makes top_k choices, and the choices
/// with one number are spread over `experts` experts, `tokens` tokens each.
struct Routing {
  double expected = 0.0;  ///< Distinct experts that T tokens touch: n_expert (1 - (1 - top_k / n_expert)^T).
  std::int64_t experts =
      1;            ///< X = expected / top_k, to the nearest whole number from 1 to n_expert / top_k.
  Elements tokens;  ///< Y = T / X, rounded up: X * Y - T places are padding.
};
[[nodiscard]] Routing routing_of(const Moe& shape);

/// The block's cascade. Expects positive shapes (shared_ff may be 0) and top_k <= n_expert. Its only possible
/// problems are extents too large to count.
[[nodiscard]] CheckedCascade moe_block(const Moe& shape);

/// Of one layer: E + E n_expert + n_expert (3 or 2) E F + (3 or 2) E shared_ff, and n_expert more with
/// router_bias. All experts, whatever a call touches.
[[nodiscard]] Elements layer_params(const Moe& shape);

/// The block with its phase, layers, parameters and, unless `head` is false, its head. Expects a shape whose
/// cascades have no problems.
[[nodiscard]] Workload moe_workload(const Moe& shape);

}  // namespace fusescape
