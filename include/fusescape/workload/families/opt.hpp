// What does a block of an OPT model compute? Attention over a KV cache and an MLP, as one cascade.
#pragma once

#include <cstdint>
#include <string>

#include "fusescape/workload/attention_pairs.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Shape of a pre-LayerNorm OPT model (Zhang et al., arXiv 2205.01068; Hugging Face's modeling_opt.py).
struct Opt {
  std::string name = "opt";
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;    ///< E = H * P
  std::int64_t d_ff = 0;       ///< F
  std::int64_t n_head = 1;     ///< H; divides d_model.
  std::int64_t vocab = 50272;  ///< Rows of the embedding, padding included; the head is tied to it.
  static constexpr FinalNorm kFinalNorm = FinalNorm::kLayer;
  bool head = true;               ///< False: neither final norm nor head.
  std::int64_t positions = 2050;  ///< Rows of the learned position embedding, its offset of 2 included.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;         ///< B
  std::int64_t tokens = 1;        ///< L: queries of each sequence; one in the decode phase.
  std::int64_t cache_tokens = 0;  ///< S: tokens whose keys and values are in the cache already.
};

/// The block's cascade. Expects positive shapes (S may be 0), heads that divide d_model and, in decode, one
/// token. Its only possible problems are extents too large to count.
[[nodiscard]] CheckedCascade opt_block(const Opt& shape);

/// Operations of the block if masked pairs cost nothing: total_ops(block) without the work of the
/// dense - causal pairs, 2P + 5 each and head (docs/model/workloads.md).
[[nodiscard]] Ops opt_causal_ops(const Opt& shape);

/// Of one layer: 4 (E*E + E) + 2*E*F + F + E + 4*E.
[[nodiscard]] Elements layer_params(const Opt& shape);

/// The block with its phase, layers, parameters and, unless `head` is false, its head. Expects a shape whose
/// cascades have no problems.
[[nodiscard]] Workload opt_workload(const Opt& shape);

}  // namespace fusescape
