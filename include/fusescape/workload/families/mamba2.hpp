// What does a block of a Mamba-2 model compute? A state space dual (SSD), token by token or in chunks, as one
// cascade.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Shape and options of a Mamba-2 model (Dao and Gu, arXiv 2405.21060; state-spaces/mamba reference code).
struct Mamba2 {
  std::string name = "mamba2";
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;    ///< E
  std::int64_t n_head = 0;     ///< H = G * R; D = H * P, which need not be 2E.
  std::int64_t d_head = 64;    ///< P
  std::int64_t d_state = 128;  ///< N
  std::int64_t n_group = 1;    ///< G: groups of R = H / G heads that share B and C. Divides n_head.
  std::int64_t d_conv = 4;     ///< K
  std::int64_t vocab = 50288;  ///< Rows of the embedding, padding included.
  bool tied_embedding = true;
  bool head = true;               ///< False: neither final norm nor head.
  bool conv_bias = true;          ///< The convolution adds a bias.
  bool proj_bias = false;         ///< So do in_proj and out_proj.
  bool gated_norm = true;         ///< An RMSNorm of y per group beside the gate (Falcon-H1's mamba_rms_norm).
  bool norm_before_gate = false;  ///< norm(y) * silu(z), not norm(y * silu(z)).
  bool side_input = false;        ///< The norm reads x + x_side; the residual adds x alone (Zamba2).
  /// Of prefill: token by token, or as matmuls within chunks and a recurrence from chunk to chunk. Decode is
  /// always recurrent.
  enum class Form : unsigned char { kRecurrent, kChunked } form = Form::kRecurrent;
  std::int64_t chunk = 256;  ///< Q: tokens of a chunk; the last one may have fewer.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;                  ///< B
  std::int64_t tokens = 1;                 ///< L; one in the decode phase.
  std::optional<Initial> initial_state{};  ///< None: zero in prefill, loaded in decode.
  Final final_state = Final::kStored;
};

/// The block's cascade. Expects positive shapes, groups that divide the heads and, in decode, one token
/// (config refuses others). Its only possible problems are extents too large to count.
[[nodiscard]] CheckedCascade mamba2_block(const Mamba2& shape);

/// Operations of the chunked state space dual in a layer, as it may be counted (docs/model/workloads.md).
struct SsdOps {
  Ops dense;      ///< Every pair of tokens of a chunk, from a loaded state: what the cascade computes.
  Ops causal;     ///< Only the pairs that causality needs.
  Ops from_zero;  ///< `dense`, without what is multiplied by the state before the first token, which is zero.
};
/// Expects the chunked form in prefill.
[[nodiscard]] SsdOps ssd_ops(const Mamba2& shape);

/// Of one layer: E + E(2D+2GN+H) + (D+2GN)(K + 1) + 3H + D + DE, for the norm, in_proj, the convolution and
/// its bias, A, D_skip and the bias of dt, the gated norm, out_proj; less what options leave out.
[[nodiscard]] Elements layer_params(const Mamba2& shape);

/// The block with its phase, layers, parameters and, unless `head` is false, its head. Expects a shape whose
/// cascades have no problems.
[[nodiscard]] Workload mamba2_workload(const Mamba2& shape);

}  // namespace fusescape
