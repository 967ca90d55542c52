#include "fusescape/workload/families/attention.hpp"

#include <optional>
#include <utility>

#include "../attention.hpp"
#include "../lm_head.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {
namespace {

/// Query heads lie along two ranks, G heads of keys and values and the R query heads that meet each of them.
class AttentionBlock {
 public:
  explicit AttentionBlock(const GroupedAttention& shape)
      : shape_{shape},
        make_{shape.name, shape.dtype},
        b_{make_.rank("B", Elements{shape.batch})},
        l_{make_.rank("L", Elements{shape.tokens})},
        m_{make_.rank("M", Elements{shape.tokens})},
        g_{make_.rank("G", Elements{shape.n_kv_head})},
        r_{make_.rank("R", Elements{shape.n_head / shape.n_kv_head})},
        p_{make_.rank("P", Elements{shape.d_head})},
        e_{make_.rank("E", Elements{shape.d_model})} {
    if (shape.cache_tokens > 0) s_ = make_.rank("S", Elements{shape.cache_tokens});
    if (!shape.rope) return;
    cos_ = make_.tensor("cos", {l_, p_}, TensorKind::kInput);
    sin_ = make_.tensor("sin", {l_, p_}, TensorKind::kInput);
  }

  [[nodiscard]] CheckedCascade cascade() {
    const TensorId x = make_.tensor("x", {b_, l_, e_}, TensorKind::kInput);
    const TensorId x_norm =
        rms_norm(make_, {"norm", "x_norm", {{b_, l_}, {e_}}, weight("g", {e_})}, make_.at(x));
    const TensorId q = rotated("q", {g_, r_}, x_norm, TensorKind::kIntermediate);
    const TensorId k = rotated("k", {g_}, x_norm, TensorKind::kOutput);
    const TensorId v = projection("v", {g_, p_}, x_norm, TensorKind::kOutput);
    const AttentionRanks ranks{.batch = b_,
                               .queries = l_,
                               .keys = m_,
                               .cached = s_,
                               .heads = {g_, r_},
                               .kv_heads = {g_},
                               .width = p_};
    output_projection(x, attend(make_, ranks, {q, k, v}));
    return make_.finish();
  }

 private:
  [[nodiscard]] TensorId weight(std::string name, std::vector<RankId> ranks) {
    return make_.tensor(std::move(name), std::move(ranks), TensorKind::kWeight);
  }

  [[nodiscard]] static std::vector<RankId> with(std::vector<RankId> ranks, const std::vector<RankId>& more) {
    ranks.insert(ranks.end(), more.begin(), more.end());
    return ranks;
  }

  /// `part`_proj: x_norm times W_`part`, along `channels`.
  [[nodiscard]] TensorId projection(const std::string& part, const std::vector<RankId>& channels,
                                    TensorId x_norm, TensorKind kind, const std::string& result_suffix = "") {
    std::vector<Access> inputs{make_.at(x_norm), make_.at(weight("W_" + part, with({e_}, channels)))};
    if (shape_.qkv_bias) inputs.push_back(make_.at(weight("b_" + part, channels)));
    const TensorId result = make_.tensor(part + result_suffix, with({b_, l_}, channels), kind);
    make_.make(part + "_proj", OpKind::kMatmul, result, std::move(inputs));
    return result;
  }

  /// q or k, turned by the token's angles: each channel times a cosine, plus its partner times a sine. (The
  /// partner, P/2 channels away, is read at the channel itself: the same elements altogether.)
  [[nodiscard]] TensorId rotated(const std::string& part, const std::vector<RankId>& heads, TensorId x_norm,
                                 TensorKind kind) {
    const std::vector<RankId> channels = with(heads, {p_});
    if (!shape_.rope) return projection(part, channels, x_norm, kind);
    const TensorId made = projection(part, channels, x_norm, TensorKind::kIntermediate, "_unturned");
    const auto times = [&](const std::string& name, TensorId table) {
      return make_.make(part + "_rope_" + name, OpKind::kMul, {part + "_" + name, with({b_, l_}, channels)},
                        {make_.at(made), make_.at(table)});
    };
    const TensorId straight = times("cos", *cos_);
    const TensorId across = times("sin", *sin_);
    const TensorId result = make_.tensor(part, with({b_, l_}, channels), kind);
    make_.make(part + "_rope", OpKind::kAdd, result, {make_.at(straight), make_.at(across)});
    return result;
  }

  void output_projection(TensorId x, TensorId context) {
    std::vector<Access> inputs{make_.at(context), make_.at(weight("W_o", {g_, r_, p_, e_}))};
    if (shape_.out_bias) inputs.push_back(make_.at(weight("b_o", {e_})));
    const TensorId projected =
        make_.make("o_proj", OpKind::kMatmul, {"attention_out", {b_, l_, e_}}, std::move(inputs));
    const TensorId out = make_.tensor("out", {b_, l_, e_}, TensorKind::kOutput);
    make_.make("residual", OpKind::kAdd, out, {make_.at(projected), make_.at(x)});
  }

  const GroupedAttention& shape_;
  CascadeBuilder make_;
  RankId b_, l_, m_, g_, r_, p_, e_;
  std::optional<RankId> s_;
  std::optional<TensorId> cos_, sin_;
};

}  // namespace

CheckedCascade attention_block(const GroupedAttention& shape) {
  FUSESCAPE_EXPECTS(shape.phase == Phase::kPrefill || shape.tokens == 1);
  FUSESCAPE_EXPECTS(shape.n_kv_head > 0 && shape.n_head % shape.n_kv_head == 0);
  FUSESCAPE_EXPECTS(!shape.rope || shape.d_head % 2 == 0);
  return AttentionBlock{shape}.cascade();
}

Elements attention_layer_params(const GroupedAttention& shape) {
  const Elements e{shape.d_model};
  const Elements queries = Elements{shape.n_head} * shape.d_head;
  const Elements keys = Elements{shape.n_kv_head} * shape.d_head;
  Elements layer = e + 2 * (e * (queries + keys));
  if (shape.qkv_bias) layer += queries + 2 * keys;
  if (shape.out_bias) layer += e;
  return layer;
}

Elements attention_params(const GroupedAttention& shape) {
  const Elements e{shape.d_model};
  const Elements embedding = e * shape.vocab * (shape.tied_embedding ? 1 : 2);
  return embedding + attention_layer_params(shape) * shape.n_layer + e;
}

CheckedCascade attention_head(const GroupedAttention& shape) {
  return cascade_of(lm_head_of(shape, FinalNorm::kRms));
}

Workload attention_workload(const GroupedAttention& shape) {
  return model_of_blocks(shape, {.family = "attention",
                                 .params = attention_params(shape),
                                 .layer_params = attention_layer_params(shape),
                                 .assumptions = {pairs_assumption(attention_pairs(shape))},
                                 .block = attention_block(shape),
                                 .head = attention_head(shape)});
}

}  // namespace fusescape
