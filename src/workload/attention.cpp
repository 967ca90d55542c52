#include "attention.hpp"

#include <fmt/format.h>

#include <utility>

namespace fusescape {
namespace {

std::vector<RankId> joined_ranks(std::initializer_list<std::vector<RankId>> parts) {
  std::vector<RankId> all;
  for (const std::vector<RankId>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

class Attention {
 public:
  Attention(CascadeBuilder& make, const AttentionRanks& ranks)
      : make_{make},
        ranks_{ranks},
        rows_{joined_ranks({{ranks.batch}, ranks.heads, {ranks.queries}})},
        context_{joined_ranks({{ranks.batch, ranks.queries}, ranks.heads, {ranks.width}})} {}

  [[nodiscard]] TensorId run(const AttentionInputs& inputs) {
    add_parts(inputs);
    const TensorId max = joined("softmax_max", OpKind::kMax, rows_, scores(inputs.q));
    const TensorId sum = joined("softmax_sum", OpKind::kAdd, rows_, weights(max));
    std::vector<TensorId> contexts;
    for (const Keys& part : parts_) {
      const TensorId p =
          make_.make("softmax_div" + part.suffix, OpKind::kDiv, {"attention" + part.suffix, pairs(part)},
                     {make_.at(part.weights), make_.at(sum)});
      contexts.push_back(make_.make("pv" + part.suffix, OpKind::kMatmul, {"context" + part.suffix, context_},
                                    {make_.at(p), part.values}));
    }
    return joined("pv", OpKind::kAdd, context_, contexts);
  }

 private:
  /// Keys that the queries meet: those of a cache, or those made in this call.
  struct Keys {
    std::string suffix;  ///< Of the names of what is computed with them.
    RankId rank;
    Access keys;
    Access values;
    TensorId scores{};
    TensorId weights{};  ///< Exponentials of the scores.
  };

  [[nodiscard]] std::vector<RankId> pairs(const Keys& part) const {
    return joined_ranks({rows_, {part.rank}});
  }

  /// Ranks of keys and values along `tokens`.
  [[nodiscard]] std::vector<RankId> kv_ranks(RankId tokens) const {
    return joined_ranks({{ranks_.batch, tokens}, ranks_.kv_heads, {ranks_.width}});
  }

  /// What this call makes along L is met as keys along M.
  [[nodiscard]] Access as_keys(TensorId tensor) const {
    Access access{tensor, {}};
    for (const RankId rank : kv_ranks(ranks_.keys)) access.indices.push_back({.rank = rank});
    return access;
  }

  void add_parts(const AttentionInputs& inputs) {
    if (ranks_.cached) {
      const TensorId k_cache = make_.tensor("K_cache", kv_ranks(*ranks_.cached), TensorKind::kInput);
      const TensorId v_cache = make_.tensor("V_cache", kv_ranks(*ranks_.cached), TensorKind::kInput);
      parts_.push_back({"_cache", *ranks_.cached, make_.at(k_cache), make_.at(v_cache)});
    }
    parts_.push_back({"", ranks_.keys, as_keys(inputs.k), as_keys(inputs.v)});
  }

  /// A query meets the keys up to its own token: neither its maximum nor its sum knows of later ones.
  void mask(const Keys& part) {
    if (part.rank == ranks_.keys) make_.keep_only({.key = part.rank, .query = ranks_.queries});
  }

  /// `op` of each part's `results`; of two parts they are then combined by `join`.
  [[nodiscard]] TensorId joined(const std::string& op, OpKind join, const std::vector<RankId>& ranks,
                                const std::vector<TensorId>& results) {
    if (results.size() == 1) return results.front();
    return make_.make(op + "_join", join, {op + "_joined", ranks},
                      {make_.at(results[0]), make_.at(results[1])});
  }

  /// Makes the scores; returns each part's maxima.
  [[nodiscard]] std::vector<TensorId> scores(TensorId q) {
    std::vector<TensorId> largest;
    for (Keys& part : parts_) {
      part.scores = make_.make("qk" + part.suffix, OpKind::kMatmul, {"scores" + part.suffix, pairs(part)},
                               {make_.at(q), part.keys});
      largest.push_back(make_.make("softmax_max" + part.suffix, OpKind::kReduceMax,
                                   {"max" + part.suffix, rows_}, {make_.at(part.scores)}));
      mask(part);
    }
    return largest;
  }

  /// Makes the exponentials; returns each part's sums.
  [[nodiscard]] std::vector<TensorId> weights(TensorId max) {
    std::vector<TensorId> sums;
    for (Keys& part : parts_) {
      const TensorId shifted =
          make_.make("softmax_sub" + part.suffix, OpKind::kSub, {"shifted" + part.suffix, pairs(part)},
                     {make_.at(part.scores), make_.at(max)});
      part.weights = make_.make("softmax_exp" + part.suffix, OpKind::kExp,
                                {"weights" + part.suffix, pairs(part)}, {make_.at(shifted)});
      mask(part);
      sums.push_back(make_.make("softmax_sum" + part.suffix, OpKind::kReduceSum, {"sum" + part.suffix, rows_},
                                {make_.at(part.weights)}));
    }
    return sums;
  }

  CascadeBuilder& make_;
  const AttentionRanks& ranks_;
  std::vector<RankId> rows_;     ///< Of a query's maximum and sum.
  std::vector<RankId> context_;  ///< Of the result.
  std::vector<Keys> parts_;
};

/// 1 + 2 + ... + n.
Elements triangle(std::int64_t n) {
  const Elements count{n};
  return n % 2 == 0 ? Elements{n / 2} * (count + Elements{1}) : count * Elements{n / 2 + 1};
}

}  // namespace

TensorId attend(CascadeBuilder& make, const AttentionRanks& ranks, const AttentionInputs& inputs) {
  return Attention{make, ranks}.run(inputs);
}

bool is_kv_cache(const Tensor& tensor) {
  if (tensor.kind == TensorKind::kInput) return tensor.name == "K_cache" || tensor.name == "V_cache";
  return tensor.kind == TensorKind::kOutput && (tensor.name == "k" || tensor.name == "v");
}

AttentionPairs attention_pairs(std::int64_t tokens, std::int64_t cache_tokens) {
  const Elements queries{tokens};
  const Elements cached{cache_tokens};
  return {.dense = queries * (cached + queries), .causal = queries * cached + triangle(tokens)};
}

std::string pairs_assumption(const AttentionPairs& pairs) {
  return fmt::format("attention computes all {} query-key pairs of a head; {} are causal",
                     pairs.dense.value(), pairs.causal.value());
}

}  // namespace fusescape
