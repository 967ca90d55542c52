// How many query-key pairs has attention? All that it computes, and those that causality needs.
#pragma once

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Query-key pairs of one head and one sequence.
struct AttentionPairs {
  Elements dense;   ///< L * (S+L): every query with every key. What the cascade computes.
  Elements causal;  ///< L*S + L(L+1)/2: every query with the keys up to its own token.
};

/// Of L `tokens` after S `cache_tokens`.
[[nodiscard]] AttentionPairs attention_pairs(std::int64_t tokens, std::int64_t cache_tokens);

/// The same, of a family's shape.
template <class Shape>
[[nodiscard]] AttentionPairs attention_pairs(const Shape& shape) {
  return attention_pairs(shape.tokens, shape.cache_tokens);
}

}  // namespace fusescape
