// What does an attention sub-block compute? A norm, grouped-query attention over a KV cache, and the
// residual.
#pragma once

#include <cstdint>
#include <string>

#include "fusescape/workload/attention_pairs.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Shape of grouped-query attention (Ainslie et al., arXiv 2305.13245) as llama-like models and hybrids have
/// it.
struct GroupedAttention {
  std::string name = "attention";
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;     ///< E
  std::int64_t n_head = 1;      ///< Query heads: G * R.
  std::int64_t n_kv_head = 1;   ///< G heads of keys and values, each met by R = n_head / G query heads.
  std::int64_t d_head = 0;      ///< P; n_head * P need not be E.
  bool rope = true;             ///< Rotary position embedding of q and k (Su et al., arXiv 2104.09864).
  std::int64_t rotary_dim = 0;  ///< Channels of a head that RoPE turns, an even number of them; 0: all.
  bool qkv_bias = false;        ///< q_proj, k_proj and v_proj add biases.
  bool out_bias = false;        ///< So does o_proj.
  std::int64_t vocab = 32000;   ///< Rows of the embedding, padding included.
  bool tied_embedding = true;
  bool head = true;  ///< False: neither final norm nor head.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;         ///< B
  std::int64_t tokens = 1;        ///< L: queries of each sequence; one in the decode phase.
  std::int64_t cache_tokens = 0;  ///< S: tokens whose keys and values are in the cache already.
};

/// The block's cascade. Expects positive shapes (S may be 0), kv heads that divide the heads, with RoPE an
/// even number of at most d_head channels to turn and, in decode, one token. Its only possible problems are
/// extents too large to count.
[[nodiscard]] CheckedCascade attention_block(const GroupedAttention& shape);

/// Of one layer: E + 2 E P (n_head + n_kv_head), P (n_head + 2 n_kv_head) more with qkv_bias and E more with
/// out_bias.
[[nodiscard]] Elements layer_params(const GroupedAttention& shape);

/// The block with its phase, layers, parameters and, unless `head` is false, its head. Expects a shape whose
/// cascades have no problems.
[[nodiscard]] Workload attention_workload(const GroupedAttention& shape);

}  // namespace fusescape
