// Which operators are attention over a KV cache? softmax(q k^T) v, as the families that attend use it.
//
// docs/adr/attention-in-cascades.md has why the keys come in two parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/workload/attention_pairs.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {

/// Queries are [batch, queries, heads..., width], keys and values [batch, queries, kv_heads..., width].
struct AttentionRanks {
  RankId batch{};
  RankId queries{};                ///< L
  RankId keys{};                   ///< M = L: what the call makes, met as keys.
  std::optional<RankId> cached{};  ///< S; none: there is no cache.
  std::vector<RankId> heads;       ///< Of queries.
  std::vector<RankId> kv_heads;    ///< Those of `heads` that keys and values have.
  RankId width{};                  ///< A head's channels.
};

struct AttentionInputs {
  TensorId q{};
  TensorId k{};
  TensorId v{};
};

/// Adds the operators qk ... pv, and inputs K_cache and V_cache if there is a cache. The result has the ranks
/// of q, and each query's is that of the keys up to its own token.
[[nodiscard]] TensorId attend(CascadeBuilder& make, const AttentionRanks& ranks,
                              const AttentionInputs& inputs);

/// Whether `tensor` is one of K_cache and V_cache, or of the keys and values that join them.
[[nodiscard]] bool is_kv_cache(const Tensor& tensor);

/// That all pairs are computed, for people.
[[nodiscard]] std::string pairs_assumption(const AttentionPairs& pairs);

}  // namespace fusescape
