#include "fusescape/workload/families/attention.hpp"

#include <optional>
#include <utility>

#include "../adapters.hpp"
#include "../attention.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "attention_mixer.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {
namespace {

/// Channels of a head that RoPE turns.
std::int64_t turned_channels(const GroupedAttention& shape) {
  return shape.rotary_dim == 0 ? shape.d_head : shape.rotary_dim;
}

/// Query heads lie along two ranks, G heads of keys and values and the R query heads that meet each of them.
class AttentionMixer {
 public:
  AttentionMixer(CascadeBuilder& make, const GroupedAttention& shape, const AttentionSite& site)
      : make_{make},
        shape_{shape},
        site_{site},
        m_{rank("M", shape.tokens)},
        g_{rank("G", shape.n_kv_head)},
        r_{rank("R", shape.n_head / shape.n_kv_head)},
        p_{rank("P", shape.d_head)},
        turned_{p_} {
    if (shape.cache_tokens > 0) s_ = make_.rank("S", Elements{shape.cache_tokens});
    if (!shape.rope) return;
    if (turned_channels(shape) < shape.d_head) turned_ = rank("Pt", turned_channels(shape));
    cos_ = make_.tensor("cos", {site.tokens, turned_}, TensorKind::kInput);
    sin_ = make_.tensor("sin", {site.tokens, turned_}, TensorKind::kInput);
  }

  [[nodiscard]] TensorId run() {
    const TensorId q = rotated("q", {g_, r_}, TensorKind::kIntermediate);
    const TensorId k = rotated("k", {g_}, TensorKind::kOutput);
    const TensorId v = projection("v", {g_, p_}, TensorKind::kOutput);
    const AttentionRanks ranks{.batch = site_.batch,
                               .queries = site_.tokens,
                               .keys = m_,
                               .cached = s_,
                               .heads = {g_, r_},
                               .kv_heads = {g_},
                               .width = p_};
    const TensorId context = attend(make_, ranks, {q, k, v});
    std::vector<Access> inputs{make_.at(context), make_.at(weight("W_o", {g_, r_, p_, site_.to}))};
    if (shape_.out_bias) inputs.push_back(make_.at(weight("b_o", {site_.to})));
    return make_.make("o_proj", OpKind::kMatmul, {"attention_out", per_token({site_.to})}, std::move(inputs));
  }

 private:
  [[nodiscard]] RankId rank(const char* name, std::int64_t extent) {
    return make_.rank(name + site_.suffix, Elements{extent});
  }

  [[nodiscard]] TensorId weight(std::string name, std::vector<RankId> ranks) {
    return make_.tensor(std::move(name), std::move(ranks), TensorKind::kWeight);
  }

  [[nodiscard]] static std::vector<RankId> with(std::vector<RankId> ranks, const std::vector<RankId>& more) {
    ranks.insert(ranks.end(), more.begin(), more.end());
    return ranks;
  }

  [[nodiscard]] std::vector<RankId> per_token(const std::vector<RankId>& channels) const {
    return with({site_.batch, site_.tokens}, channels);
  }

  /// `part`_proj: x_norm times W_`part`, along `channels`, and what an adapter adds to it.
  [[nodiscard]] TensorId projection(const std::string& part, const std::vector<RankId>& channels,
                                    TensorKind kind, const std::string& result_suffix = "") {
    const Access x = make_.at(site_.x_norm);
    std::vector<Access> inputs{x, make_.at(weight("W_" + part, with({site_.from}, channels)))};
    if (shape_.qkv_bias) inputs.push_back(make_.at(weight("b_" + part, channels)));
    const TensorId result = make_.tensor(part + result_suffix, per_token(channels), kind);
    if (!site_.adapter) {
      make_.make(part + "_proj", OpKind::kMatmul, result, std::move(inputs));
      return result;
    }
    const TensorId base = make_.make(part + "_proj", OpKind::kMatmul, {part + "_shared", per_token(channels)},
                                     std::move(inputs));
    const Adapter adapter{part, {site_.batch, site_.tokens}, site_.from, *site_.adapter, channels};
    add_adapter(make_, adapter, x, base, result);
    return result;
  }

  /// q or k, turned by the token's angles: each channel times a cosine, plus its partner times a sine. (The
  /// partner, half of the turned channels away, is read at the channel itself: the same elements altogether.)
  /// Where only the last channels are turned, what turning adds to them is made, by cosines less one.
  [[nodiscard]] TensorId rotated(const std::string& part, const std::vector<RankId>& heads, TensorKind kind) {
    const std::vector<RankId> channels = with(heads, {p_});
    if (!shape_.rope) return projection(part, channels, kind);
    const TensorId made = projection(part, channels, TensorKind::kIntermediate, "_unturned");
    const std::int64_t first = shape_.d_head - turned_channels(shape_);
    const Access turned = make_.slice(made, turned_, Elements{first});
    const auto times = [&](const std::string& name, TensorId table) {
      return make_.make(part + "_rope_" + name, OpKind::kMul,
                        {part + "_" + name, per_token(with(heads, {turned_}))}, {turned, make_.at(table)});
    };
    std::vector<Access> addends{make_.at(times("cos", *cos_)), make_.at(times("sin", *sin_))};
    if (turned_ != p_) {
      for (Access& addend : addends) addend.indices.back() = {.rank = p_, .distance = first};
      addends.push_back(make_.at(made));
    }
    const TensorId result = make_.tensor(part, per_token(channels), kind);
    make_.make(part + "_rope", OpKind::kAdd, result, std::move(addends));
    return result;
  }

  CascadeBuilder& make_;
  const GroupedAttention& shape_;
  const AttentionSite& site_;
  RankId m_, g_, r_, p_;
  RankId turned_;  ///< Channels that RoPE turns; P, if it turns all.
  std::optional<RankId> s_;
  std::optional<TensorId> cos_, sin_;
};

}  // namespace

TensorId add_attention(CascadeBuilder& make, const GroupedAttention& shape, const AttentionSite& site) {
  FUSESCAPE_EXPECTS(shape.phase == Phase::kPrefill || shape.tokens == 1);
  FUSESCAPE_EXPECTS(shape.n_kv_head > 0 && shape.n_head % shape.n_kv_head == 0);
  FUSESCAPE_EXPECTS(!shape.rope ||
                    (turned_channels(shape) % 2 == 0 && turned_channels(shape) <= shape.d_head));
  return AttentionMixer{make, shape, site}.run();
}

CheckedCascade attention_block(const GroupedAttention& shape) {
  CascadeBuilder make{shape.name, shape.dtype};
  const RankId b = make.rank("B", Elements{shape.batch});
  const RankId l = make.rank("L", Elements{shape.tokens});
  const RankId e = make.rank("E", Elements{shape.d_model});
  const TensorId x = make.tensor("x", {b, l, e}, TensorKind::kInput);
  const TensorId gain = make.tensor("g", {e}, TensorKind::kWeight);
  const TensorId x_norm = rms_norm(make, {"norm", "x_norm", {{b, l}, {e}}, gain}, make.at(x));
  const TensorId mixed =
      add_attention(make, shape, {.batch = b, .tokens = l, .from = e, .to = e, .x_norm = x_norm});
  const TensorId out = make.tensor("out", {b, l, e}, TensorKind::kOutput);
  make.make("residual", OpKind::kAdd, out, {make.at(mixed), make.at(x)});
  return make.finish();
}

Elements layer_params(const GroupedAttention& shape) {
  const Elements e{shape.d_model};
  const Elements queries = Elements{shape.n_head} * shape.d_head;
  const Elements keys = Elements{shape.n_kv_head} * shape.d_head;
  Elements layer = e + 2 * (e * (queries + keys));
  if (shape.qkv_bias) layer += queries + 2 * keys;
  if (shape.out_bias) layer += e;
  return layer;
}

Workload attention_workload(const GroupedAttention& shape) {
  return model_of_blocks(shape, {.family = "attention",
                                 .layer_params = layer_params(shape),
                                 .assumptions = {pairs_assumption(attention_pairs(shape))},
                                 .block = attention_block(shape)});
}

}  // namespace fusescape
