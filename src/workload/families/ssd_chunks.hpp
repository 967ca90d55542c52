// What does a state space dual (SSD) compute in its chunked form? Matmuls within chunks of tokens, and a
// recurrence from chunk to chunk (Dao and Gu, arXiv 2405.21060, section 6; their listing 1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {

/// Tokens that are worked on alike: full chunks, or the tokens that they leave.
struct TokenPart {
  std::string suffix;          ///< Of the names of what is computed with them.
  std::vector<RankId> tokens;  ///< L; C and Q of full chunks.
  Index read;                  ///< Which token of a tensor over L is meant.
  RankId position{};           ///< Of a token in its chunk: L, Q or that of the remainder,
  RankId other{};              ///< and of another one.
  std::optional<RankId> chunk{};
};

/// The ranks that a block's tensors share.
struct SsdRanks {
  RankId batch, group, head, channel, state;  ///< B, G, R, P, N
  RankId last;                                ///< The last token of a chunk: one.
  RankId final;                               ///< The last full chunk: likewise.
};

/// Tensors over all tokens.
struct SsdOperands {
  TensorId delta;    ///< [B, L, G, R]
  TensorId delta_x;  ///< [B, L, G, R, P]
  TensorId a;        ///< [G, R]
  Access b;          ///< [B, L, G, N]
  Access c;          ///< likewise
};

/// How the states of a part begin and end.
struct SsdStates {
  Initial initial = Initial::kZero;  ///< Of full chunks: what precedes the first.
  std::optional<Access> before{};    ///< Of a remainder: the state that precedes it. None: zero.
  Final final_value = Final::kDropped;
};

struct SsdResult {
  TensorId y;                              ///< [B, tokens of the part, G, R, P], without the skip connection.
  std::optional<TensorId> chunk_states{};  ///< Of full chunks: [B, C, last, G, R, P, N].
};

/// Adds the part's operators; their counts are docs/model/workloads.md's.
[[nodiscard]] SsdResult add_ssd_chunks(CascadeBuilder& make, const SsdRanks& ranks, const TokenPart& part,
                                       const SsdOperands& operands, const SsdStates& states);

/// Whether it is a state between two calls that no recurrence reads or makes.
[[nodiscard]] bool is_handed_on_state(const Tensor& tensor);

}  // namespace fusescape
