#include "fusescape/workload/families/opt.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "../lm_head.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {
namespace {

class OptBlock {
 public:
  explicit OptBlock(const Opt& shape)
      : make_{shape.name, shape.dtype},
        b_{make_.rank("B", Elements{shape.batch})},
        l_{make_.rank("L", Elements{shape.tokens})},
        m_{make_.rank("M", Elements{shape.tokens})},
        h_{make_.rank("H", Elements{shape.n_head})},
        p_{make_.rank("P", Elements{shape.d_model / shape.n_head})},
        e_{make_.rank("E", Elements{shape.d_model})},
        f_{make_.rank("F", Elements{shape.d_ff})} {
    if (shape.cache_tokens > 0) s_ = make_.rank("S", Elements{shape.cache_tokens});
  }

  [[nodiscard]] CheckedCascade cascade() {
    const TensorId x = make_.tensor("x", {b_, l_, e_}, TensorKind::kInput);
    const TensorId after_attention = attention(x);
    mlp(after_attention);
    return make_.finish();
  }

 private:
  /// Keys that the queries meet: those of a cache, or those made in this call.
  struct Keys {
    const char* suffix;  ///< Of the names of what is computed with them.
    RankId rank;
    Access keys;
    Access values;
  };

  [[nodiscard]] TensorId weight(std::string name, std::vector<RankId> ranks) {
    return make_.tensor(std::move(name), std::move(ranks), TensorKind::kWeight);
  }

  /// One of the q, k, v projections: W and b are named after it. Keys and values join the cache.
  [[nodiscard]] TensorId projection(const std::string& name, TensorId x, TensorKind kind) {
    const TensorId w = weight("W_" + name, {e_, h_, p_});
    const TensorId b = weight("b_" + name, {h_, p_});
    const TensorId result = make_.tensor(name, {b_, l_, h_, p_}, kind);
    make_.make(name + "_proj", OpKind::kMatmul, result, {make_.at(x), make_.at(w), make_.at(b)});
    return result;
  }

  /// What this call makes along L is met as keys along M: every query of a sequence meets every key.
  [[nodiscard]] Access as_keys(TensorId tensor) const {
    return {tensor, {{.rank = b_}, {.rank = m_}, {.rank = h_}, {.rank = p_}}};
  }

  [[nodiscard]] std::vector<Keys> key_parts(TensorId k, TensorId v) {
    std::vector<Keys> parts;
    if (s_) {
      const TensorId k_cache = make_.tensor("K_cache", {b_, *s_, h_, p_}, TensorKind::kInput);
      const TensorId v_cache = make_.tensor("V_cache", {b_, *s_, h_, p_}, TensorKind::kInput);
      parts.push_back({"_cache", *s_, make_.at(k_cache), make_.at(v_cache)});
    }
    parts.push_back({"", m_, as_keys(k), as_keys(v)});
    return parts;
  }

  /// `op` of each part's `results`; of two parts they are then combined by `join`.
  [[nodiscard]] TensorId joined(const std::string& op, OpKind join, const std::vector<RankId>& ranks,
                                const std::vector<TensorId>& results) {
    if (results.size() == 1) return results.front();
    return make_.make(op + "_join", join, {op + "_joined", ranks},
                      {make_.at(results[0]), make_.at(results[1])});
  }

  /// softmax(q k^T) v, the softmax taken over all parts of the keys together.
  [[nodiscard]] TensorId attend(TensorId q, const std::vector<Keys>& parts) {
    const std::vector<RankId> rows{b_, h_, l_};
    const std::vector<RankId> context{b_, l_, h_, p_};
    std::vector<TensorId> scores;
    std::vector<TensorId> largest;
    for (const Keys& part : parts) {
      const std::string suffix{part.suffix};
      scores.push_back(make_.make("qk" + suffix, OpKind::kMatmul,
                                  {"scores" + suffix, {b_, h_, l_, part.rank}}, {make_.at(q), part.keys}));
      largest.push_back(make_.make("softmax_max" + suffix, OpKind::kReduceMax, {"max" + suffix, rows},
                                   {make_.at(scores.back())}));
    }
    const TensorId max = joined("softmax_max", OpKind::kMax, rows, largest);
    std::vector<TensorId> weights;
    std::vector<TensorId> sums;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string suffix{parts[i].suffix};
      const std::vector<RankId> pairs{b_, h_, l_, parts[i].rank};
      const TensorId shifted = make_.make("softmax_sub" + suffix, OpKind::kSub, {"shifted" + suffix, pairs},
                                          {make_.at(scores[i]), make_.at(max)});
      weights.push_back(
          make_.make("softmax_exp" + suffix, OpKind::kExp, {"weights" + suffix, pairs}, {make_.at(shifted)}));
      sums.push_back(make_.make("softmax_sum" + suffix, OpKind::kReduceSum, {"sum" + suffix, rows},
                                {make_.at(weights.back())}));
    }
    const TensorId sum = joined("softmax_sum", OpKind::kAdd, rows, sums);
    std::vector<TensorId> contexts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string suffix{parts[i].suffix};
      const TensorId p = make_.make("softmax_div" + suffix, OpKind::kDiv,
                                    {"attention" + suffix, {b_, h_, l_, parts[i].rank}},
                                    {make_.at(weights[i]), make_.at(sum)});
      contexts.push_back(make_.make("pv" + suffix, OpKind::kMatmul, {"context" + suffix, context},
                                    {make_.at(p), parts[i].values}));
    }
    return joined("pv", OpKind::kAdd, context, contexts);
  }

  [[nodiscard]] TensorId attention(TensorId x) {
    const std::vector<RankId> all{b_, l_, e_};
    const TensorId normed = layer_norm(make_, "ln1", x, {{b_, l_}, e_});
    const TensorId q = projection("q", normed, TensorKind::kIntermediate);
    const TensorId k = projection("k", normed, TensorKind::kOutput);
    const TensorId v = projection("v", normed, TensorKind::kOutput);
    const TensorId context = attend(q, key_parts(k, v));
    const TensorId w = weight("W_o", {h_, p_, e_});
    const TensorId bias = weight("b_o", {e_});
    const TensorId out = make_.make("out_proj", OpKind::kMatmul, {"attention_out", all},
                                    {make_.at(context), make_.at(w), make_.at(bias)});
    return make_.make("residual1", OpKind::kAdd, {"x_mid", all}, {make_.at(out), make_.at(x)});
  }

  void mlp(TensorId x) {
    const std::vector<RankId> hidden{b_, l_, f_};
    const TensorId normed = layer_norm(make_, "ln2", x, {{b_, l_}, e_});
    const TensorId w1 = weight("W_fc1", {e_, f_});
    const TensorId b1 = weight("b_fc1", {f_});
    const TensorId up =
        make_.make("fc1", OpKind::kMatmul, {"ff", hidden}, {make_.at(normed), make_.at(w1), make_.at(b1)});
    const TensorId active = make_.make("relu", OpKind::kRelu, {"ff_relu", hidden}, {make_.at(up)});
    const TensorId w2 = weight("W_fc2", {f_, e_});
    const TensorId b2 = weight("b_fc2", {e_});
    const TensorId down = make_.make("fc2", OpKind::kMatmul, {"ff_out", {b_, l_, e_}},
                                     {make_.at(active), make_.at(w2), make_.at(b2)});
    const TensorId out = make_.tensor("out", {b_, l_, e_}, TensorKind::kOutput);
    make_.make("residual2", OpKind::kAdd, out, {make_.at(down), make_.at(x)});
  }

  CascadeBuilder make_;
  RankId b_, l_, m_, h_, p_, e_, f_;
  std::optional<RankId> s_;
};

}  // namespace

CheckedCascade opt_block(const Opt& shape) {
  FUSESCAPE_EXPECTS(shape.phase == Phase::kPrefill || shape.tokens == 1);
  FUSESCAPE_EXPECTS(shape.n_head > 0 && shape.d_model % shape.n_head == 0);
  return OptBlock{shape}.cascade();
}

namespace {

/// 1 + 2 + ... + n.
Elements triangle(std::int64_t n) {
  const Elements count{n};
  return n % 2 == 0 ? Elements{n / 2} * (count + Elements{1}) : count * Elements{n / 2 + 1};
}

}  // namespace

AttentionPairs attention_pairs(const Opt& shape) {
  const Elements queries{shape.tokens};
  const Elements cached{shape.cache_tokens};
  return {.dense = queries * (cached + queries), .causal = queries * cached + triangle(shape.tokens)};
}

Ops opt_causal_ops(const Opt& shape) {
  const CheckedCascade block = opt_block(shape);
  FUSESCAPE_EXPECTS(block.problems.empty());
  const AttentionPairs pairs = attention_pairs(shape);
  // Of each pair: P in qk and in pv, and one in max, sub, exp, sum and div.
  const std::int64_t per_pair = 2 * (shape.d_model / shape.n_head) + 5;
  const Elements masked = (pairs.dense - pairs.causal) * shape.batch * shape.n_head;
  return total_ops(block.cascade) - Ops{per_pair} * masked;
}

Elements opt_layer_params(const Opt& shape) {
  const Elements e{shape.d_model};
  const Elements f{shape.d_ff};
  const Elements attention = 4 * (e * e + e);
  const Elements mlp = 2 * (e * f) + f + e;
  const Elements norms = 4 * e;  // Two, a gain and a bias each.
  return attention + mlp + norms;
}

Elements opt_params(const Opt& shape) {
  const Elements e{shape.d_model};
  const Elements embeddings = e * shape.vocab + e * shape.positions;
  return embeddings + opt_layer_params(shape) * shape.n_layer + 2 * e;
}

CheckedCascade opt_head(const Opt& shape) {
  return cascade_of(lm_head_of(shape, FinalNorm::kLayer));
}

Workload opt_workload(const Opt& shape) {
  const AttentionPairs pairs = attention_pairs(shape);
  return model_of_blocks(
      shape,
      {.family = "opt",
       .params = opt_params(shape),
       .layer_params = opt_layer_params(shape),
       .assumptions = {fmt::format("attention computes all {} query-key pairs of a head; {} are causal",
                                   pairs.dense.value(), pairs.causal.value())},
       .block = opt_block(shape),
       .head = opt_head(shape)});
}

}  // namespace fusescape
