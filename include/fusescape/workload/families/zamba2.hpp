// What does a shared block of Zamba2 compute? Attention and an MLP on the hidden state beside the embedding,
// with adapters of its own at each place where it runs.
#pragma once

#include <cstdint>
#include <string>

#include "fusescape/workload/attention_pairs.hpp"
#include "fusescape/workload/feed_forward.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Shape of the transformer block that layers of a Zamba2 model share (Glorioso et al., arXiv 2411.15242;
/// Hugging Face's modeling_zamba2.py). A Mamba-2 layer with `side_input` follows each of its runs.
struct Zamba2 {
  std::string name = "zamba2";
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;  ///< E
  std::int64_t n_head = 1;   ///< Heads of P = 2E / n_head channels, of queries, keys and values.
  std::int64_t d_ff = 0;     ///< F
  Activation activation = Activation::kGeGlu;
  std::int64_t adapter_rank = 128;  ///< A: of the adapter of the MLP's first projection,
  bool attention_adapters = false;  ///< and of those that q, k and v have with this.
  bool rope = false;                ///< Rotary position embedding of q and k: P is even.
  std::int64_t vocab = 32000;       ///< Rows of the embedding, padding included.
  bool tied_embedding = true;
  bool head = true;  ///< False: neither final norm nor head.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;         ///< B
  std::int64_t tokens = 1;        ///< L; one in the decode phase.
  std::int64_t cache_tokens = 0;  ///< S: tokens whose keys and values are in the cache already.
};

/// The block's cascade, up to the linear layer whose result the Mamba-2 layer adds. Expects positive shapes
/// (S may be 0), heads that divide 2E, an even number of channels each with RoPE and, in decode, one token.
/// Its only possible problems are extents too large to count.
[[nodiscard]] CheckedCascade zamba2_block(const Zamba2& shape);

/// Of one run of the block: what runs share, 2E + 3 (2E)^2 + 2E*E + E + 3EF (2EF, not gated), and own_params.
[[nodiscard]] Elements layer_params(const Zamba2& shape);

/// Of these what each run has alone: the linear layer E*E and the adapters, A (E + 2F) (E + F, not gated)
/// and, of attention, 3 A (2E + 2E).
[[nodiscard]] Elements zamba2_own_params(const Zamba2& shape);

/// The block with its phase, layers, parameters and, unless `head` is false, its head. Expects a shape whose
/// cascades have no problems.
[[nodiscard]] Workload zamba2_workload(const Zamba2& shape);

}  // namespace fusescape
