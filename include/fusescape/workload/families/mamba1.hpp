// What does a block of a Mamba-1 model compute? Convolution, selective state update and gate, as one cascade.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Shape and options of a Mamba-1 model (Gu and Dao, arXiv 2312.00752; state-spaces/mamba reference code).
struct Mamba1 {
  std::string name = "mamba";
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;    ///< E
  std::int64_t d_inner = 0;    ///< D; `expand` * E when read from a file without it.
  std::int64_t d_state = 16;   ///< N
  std::int64_t d_conv = 4;     ///< K
  std::int64_t dt_rank = 0;    ///< R; ceil(E / 16) when read from a file without it.
  std::int64_t vocab = 50280;  ///< Rows of the embedding, padding included.
  bool tied_embedding = true;
  bool head = true;          ///< False: neither final norm nor head, as in the fine-grained-fusion paper.
  bool norm_dt_b_c = false;  ///< An RMSNorm on dt, B and C, weightless as Falcon-Mamba's
  bool norm_dt_b_c_gain = false;  ///< or, with this as well, with gains [R], [N] and [N] as Jamba's.
  bool proj_bias = false;         ///< in_proj and out_proj add biases.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;   ///< B
  std::int64_t tokens = 1;  ///< L; one in the decode phase.
  // How the block is modelled; the defaults are the physical ones.
  enum class Conv : unsigned char { kCausal, kPadded } conv = Conv::kCausal;  ///< Padded: L+K-1 outputs.
  enum class Softplus : unsigned char { kModelled, kFree } softplus = Softplus::kModelled;
  bool norm_gain = true;  ///< False: the norm lacks its gain g[E], as in the fine-grained-fusion paper.
  bool conv_bias = true;  ///< False: the convolution lacks its bias, likewise.
  enum class Rewrite : unsigned char { kNone, kDeltaX } rewrite = Rewrite::kNone;  ///< Delta*x: no dB.
  std::optional<Initial> initial_state{};  ///< None: zero in prefill, loaded in decode.
  Final final_state = Final::kStored;
};

/// The block's cascade. Expects positive shapes and, in decode, one token (config refuses others).
/// Its only possible problems are extents too large to count.
[[nodiscard]] CheckedCascade mamba1_block(const Mamba1& shape);

/// Parameters of one layer as released, whatever the block leaves out (docs/model/workloads.md). Norms of dt,
/// B and C and projection biases count as they are asked for.
[[nodiscard]] Elements layer_params(const Mamba1& shape);

/// The block with its phase, layers, parameters and, unless `head` is false, its head. Expects a shape whose
/// cascades have no problems.
[[nodiscard]] Workload mamba1_workload(const Mamba1& shape);

}  // namespace fusescape
