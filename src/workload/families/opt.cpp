#include "fusescape/workload/families/opt.hpp"

#include <optional>
#include <utility>

#include "../attention.hpp"
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

  [[nodiscard]] TensorId attention(TensorId x) {
    const std::vector<RankId> all{b_, l_, e_};
    const TensorId normed = layer_norm(make_, "ln1", x, {{b_, l_}, {e_}});
    const TensorId q = projection("q", normed, TensorKind::kIntermediate);
    const TensorId k = projection("k", normed, TensorKind::kOutput);
    const TensorId v = projection("v", normed, TensorKind::kOutput);
    const AttentionRanks ranks{
        .batch = b_, .queries = l_, .keys = m_, .cached = s_, .heads = {h_}, .kv_heads = {h_}, .width = p_};
    const TensorId context = attend(make_, ranks, {q, k, v});
    const TensorId w = weight("W_o", {h_, p_, e_});
    const TensorId bias = weight("b_o", {e_});
    const TensorId out = make_.make("out_proj", OpKind::kMatmul, {"attention_out", all},
                                    {make_.at(context), make_.at(w), make_.at(bias)});
    return make_.make("residual1", OpKind::kAdd, {"x_mid", all}, {make_.at(out), make_.at(x)});
  }

  void mlp(TensorId x) {
    const std::vector<RankId> hidden{b_, l_, f_};
    const TensorId normed = layer_norm(make_, "ln2", x, {{b_, l_}, {e_}});
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

Ops opt_causal_ops(const Opt& shape) {
  const CheckedCascade block = opt_block(shape);
  FUSESCAPE_EXPECTS(block.problems.empty());
  const AttentionPairs pairs = attention_pairs(shape);
  // Of each pair: P in qk and in pv, and one in max, sub, exp, sum and div.
  const std::int64_t per_pair = 2 * (shape.d_model / shape.n_head) + 5;
  const Elements masked = (pairs.dense - pairs.causal) * shape.batch * shape.n_head;
  return total_ops(block.cascade) - Ops{per_pair} * masked;
}

Elements layer_params(const Opt& shape) {
  const Elements e{shape.d_model};
  const Elements f{shape.d_ff};
  const Elements attention = 4 * (e * e + e);
  const Elements mlp = 2 * (e * f) + f + e;
  const Elements norms = 4 * e;  // Two, a gain and a bias each.
  return attention + mlp + norms;
}

Workload opt_workload(const Opt& shape) {
  return model_of_blocks(shape, {.family = "opt",
                                 .layer_params = layer_params(shape),
                                 .assumptions = {pairs_assumption(attention_pairs(shape))},
                                 .block = opt_block(shape)});
}

}  // namespace fusescape
