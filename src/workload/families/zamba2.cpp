#include "fusescape/workload/families/zamba2.hpp"

#include "../adapters.hpp"
#include "../attention.hpp"
#include "../feed_forward.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "attention_mixer.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

GroupedAttention attention_of(const Zamba2& shape) {
  return {.n_head = shape.n_head,
          .n_kv_head = shape.n_head,
          .d_head = 2 * shape.d_model / shape.n_head,
          .rope = shape.rope,
          .phase = shape.phase,
          .tokens = shape.tokens,
          .cache_tokens = shape.cache_tokens};
}

/// Channels of the MLP's first projection.
Elements first_width(const Zamba2& shape) {
  return Elements{shape.d_ff} * (is_gated(shape.activation) ? 2 : 1);
}

}  // namespace

CheckedCascade zamba2_block(const Zamba2& shape) {
  FUSESCAPE_EXPECTS(2 * shape.d_model % shape.n_head == 0);
  CascadeBuilder make{shape.name, shape.dtype};
  const RankId b = make.rank("B", Elements{shape.batch});
  const RankId l = make.rank("L", Elements{shape.tokens});
  const RankId e = make.rank("E", Elements{shape.d_model});
  const RankId e2 = make.rank("E2", 2 * Elements{shape.d_model});
  const RankId a = make.rank("A", Elements{shape.adapter_rank});
  const auto weight = [&](const char* name, std::vector<RankId> ranks) {
    return make.tensor(name, std::move(ranks), TensorKind::kWeight);
  };
  // The hidden state and the embedding lie side by side.
  const TensorId x = make.tensor("x", {b, l, e2}, TensorKind::kInput);
  const TensorId x_norm = rms_norm(make, {"norm", "x_norm", {{b, l}, {e2}}, weight("g", {e2})}, make.at(x));
  AttentionSite site{.batch = b, .tokens = l, .from = e2, .to = e, .x_norm = x_norm};
  if (shape.attention_adapters) site.adapter = a;
  const TensorId attended = add_attention(make, attention_of(shape), site);
  const TensorId y_norm =
      rms_norm(make, {"ff_norm", "y_norm", {{b, l}, {e}}, weight("g_ff", {e})}, make.at(attended));
  const FeedForward network{.activation = shape.activation,
                            .rows = {b, l},
                            .width = e,
                            .hidden = Elements{shape.d_ff},
                            .adapter = a};
  const TensorId down = feed_forward(make, network, make.at(y_norm));
  const RankId side = make.rank("Es", Elements{shape.d_model});
  const TensorId out = make.tensor("out", {b, l, side}, TensorKind::kOutput);
  make.make("linear", OpKind::kMatmul, out, {make.at(down), make.at(weight("W_linear", {e, side}))});
  return make.finish();
}

Elements zamba2_own_params(const Zamba2& shape) {
  const Elements e{shape.d_model};
  const Elements rank{shape.adapter_rank};
  Elements own = e * e + adapter_params(e, rank, first_width(shape));
  if (shape.attention_adapters) own += 3 * adapter_params(2 * e, rank, 2 * e);
  return own;
}

Elements layer_params(const Zamba2& shape) {
  const Elements e{shape.d_model};
  const Elements attention = 2 * e + 3 * (2 * e * (2 * e)) + 2 * e * e;
  const Elements mlp = e + feed_forward_params(shape.activation, e, Elements{shape.d_ff}, false);
  return attention + mlp + zamba2_own_params(shape);
}

Workload zamba2_workload(const Zamba2& shape) {
  return model_of_blocks(shape, {.family = "zamba2",
                                 .layer_params = layer_params(shape),
                                 .own_params = zamba2_own_params(shape),
                                 .assumptions = {pairs_assumption(attention_pairs(attention_of(shape)))},
                                 .block = zamba2_block(shape)});
}

}  // namespace fusescape
