#include "fusescape/workload/families/mamba2.hpp"

#include "../activations.hpp"
#include "../lm_head.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {
namespace {

/// Heads lie along two ranks, G groups of R heads, since a group's heads share B and C.
class Mamba2Block {
 public:
  explicit Mamba2Block(const Mamba2& shape)
      : shape_{shape},
        make_{shape.name, shape.dtype},
        b_{make_.rank("B", Elements{shape.batch})},
        l_{make_.rank("L", Elements{shape.tokens})},
        e_{make_.rank("E", Elements{shape.d_model})},
        g_{make_.rank("G", Elements{shape.n_group})},
        r_{make_.rank("R", Elements{shape.n_head / shape.n_group})},
        p_{make_.rank("P", Elements{shape.d_head})},
        n_{make_.rank("N", Elements{shape.d_state})},
        k_{make_.rank("K", Elements{shape.d_conv})},
        p2_{make_.rank("P2", 2 * Elements{shape.d_head})},
        n2_{make_.rank("N2", 2 * Elements{shape.d_state})} {}

  [[nodiscard]] CheckedCascade cascade() {
    const TensorId x = make_.tensor("x", {b_, l_, e_}, TensorKind::kInput);
    const TensorId x_norm =
        rms_norm(make_, {"norm", "x_norm", {{b_, l_}, {e_}}, weight("g", {e_})}, make_.at(x));
    const TensorId zx = in_projection("zx", x_norm, {g_, r_, p2_});
    const TensorId bc = in_projection("BC", x_norm, {g_, n2_});
    const TensorId dt = in_projection("dt", x_norm, {g_, r_});
    const TensorId u = convolution("x", "u", make_.slice(zx, p_, Elements{shape_.d_head}));
    const TensorId bc_conv = convolution("BC", "BC_silu", make_.at(bc));
    const TensorId y = state_update(u, bc_conv, step_size(dt));
    const TensorId gated = gate(y, make_.slice(zx, p_, Elements{0}));
    output_projection(x, gated);
    return make_.finish();
  }

 private:
  [[nodiscard]] TensorId weight(std::string name, std::vector<RankId> ranks) {
    return make_.tensor(std::move(name), std::move(ranks), TensorKind::kWeight);
  }

  /// Ranks of what every token has, along `inner`.
  [[nodiscard]] std::vector<RankId> per_token(const std::vector<RankId>& inner) const {
    std::vector<RankId> ranks{b_, l_};
    ranks.insert(ranks.end(), inner.begin(), inner.end());
    return ranks;
  }

  /// The columns of in_proj that make `part`, whose elements lie along `inner`.
  [[nodiscard]] TensorId in_projection(const std::string& part, TensorId x_norm,
                                       const std::vector<RankId>& inner) {
    std::vector<RankId> ranks{e_};
    ranks.insert(ranks.end(), inner.begin(), inner.end());
    std::vector<Access> inputs{make_.at(x_norm), make_.at(weight("W_" + part, ranks))};
    if (shape_.proj_bias) inputs.push_back(make_.at(weight("b_" + part, inner)));
    return make_.make("in_proj_" + part, OpKind::kMatmul, {part, per_token(inner)}, std::move(inputs));
  }

  /// The causal convolution of the channels that `source` reads, and its SiLU. Its window is carried over.
  [[nodiscard]] TensorId convolution(const std::string& part, const std::string& result, Access source) {
    carry_over(source.tensor);
    source.indices[1].tap = k_;
    std::vector<RankId> channels;
    for (std::size_t i = 2; i < source.indices.size(); ++i) channels.push_back(source.indices[i].rank);
    std::vector<RankId> taps = channels;
    taps.push_back(k_);
    std::vector<Access> inputs{source, make_.at(weight("W_conv_" + part, taps))};
    if (shape_.conv_bias) inputs.push_back(make_.at(weight("b_conv_" + part, channels)));
    const std::string name = "conv_" + part;
    const TensorId convolved =
        make_.make(name, OpKind::kConv, {part + "_conv", per_token(channels)}, std::move(inputs));
    return silu(make_, {name, part + "_sigmoid", result}, per_token(channels), make_.at(convolved));
  }

  [[nodiscard]] TensorId step_size(TensorId dt) {
    return make_.make("softplus", OpKind::kSoftplus, {"delta", per_token({g_, r_})},
                      {make_.at(dt), make_.at(weight("b_delta", {g_, r_}))});
  }

  /// h = exp(Delta A) h[l-1] + (Delta u) B, and y = C h + D_skip u.
  [[nodiscard]] TensorId state_update(TensorId u, TensorId bc, TensorId delta) {
    const std::vector<RankId> head = per_token({g_, r_});
    const std::vector<RankId> inner = per_token({g_, r_, p_});
    const std::vector<RankId> all = per_token({g_, r_, p_, n_});
    const TensorId a = weight("A", {g_, r_});
    const TensorId da = make_.make("dA", OpKind::kMul, {"dA", head}, {make_.at(delta), make_.at(a)});
    const TensorId abar = make_.make("exp", OpKind::kExp, {"Abar", head}, {make_.at(da)});
    const TensorId dx =
        make_.make("delta_x", OpKind::kMul, {"delta_x", inner}, {make_.at(delta), make_.at(u)});
    const Access b = make_.slice(bc, n_, Elements{0});
    const Access c = make_.slice(bc, n_, Elements{shape_.d_state});
    const TensorId dbx = make_.make("dBx", OpKind::kMul, {"dBx", all}, {make_.at(dx), b});
    const TensorId h = make_.tensor("h", all, TensorKind::kState);
    carry_over(h);
    const TensorId t = make_.make("t", OpKind::kMul, {"t", all}, {make_.at(abar), make_.earlier(h, l_, 1)});
    make_.make("h", OpKind::kAdd, h, {make_.at(t), make_.at(dbx)});
    const TensorId y = make_.make("y", OpKind::kMatmul, {"y", inner}, {c, make_.at(h)});
    const TensorId skip = weight("D_skip", {g_, r_});
    const TensorId skipped = make_.make("D_x", OpKind::kMul, {"Dx", inner}, {make_.at(u), make_.at(skip)});
    return make_.make("add_y_Dx", OpKind::kAdd, {"y_Dx", inner}, {make_.at(y), make_.at(skipped)});
  }

  /// y times silu(z), normalised per group after that, before it, or not at all.
  [[nodiscard]] TensorId gate(TensorId y, const Access& z) {
    const std::vector<RankId> inner = per_token({g_, r_, p_});
    const TensorId z_silu = silu(make_, {"gate", "z_sigmoid", "z_silu"}, inner, z);
    const auto gated = [&](TensorId ungated) {
      return make_.make("gate", OpKind::kMul, {"y_gated", inner}, {make_.at(ungated), make_.at(z_silu)});
    };
    const auto normed = [&](TensorId values) {
      const TensorId gain = weight("g_y", {g_, r_, p_});
      return rms_norm(make_, {"gated_norm", "y_norm", {per_token({g_}), {r_, p_}}, gain}, make_.at(values));
    };
    if (!shape_.gated_norm) return gated(y);
    return shape_.norm_before_gate ? gated(normed(y)) : normed(gated(y));
  }

  void output_projection(TensorId x, TensorId gated) {
    std::vector<Access> inputs{make_.at(gated), make_.at(weight("W_out", {g_, r_, p_, e_}))};
    if (shape_.proj_bias) inputs.push_back(make_.at(weight("b_out", {e_})));
    const TensorId projected =
        make_.make("out_proj", OpKind::kMatmul, {"y_out", {b_, l_, e_}}, std::move(inputs));
    const TensorId out = make_.tensor("out", {b_, l_, e_}, TensorKind::kOutput);
    make_.make("residual", OpKind::kAdd, out, {make_.at(projected), make_.at(x)});
  }

  /// Makes `tensor` outlive the call: decode goes on from where the call before it ended.
  void carry_over(TensorId tensor) {
    const Initial usual = shape_.phase == Phase::kDecode ? Initial::kLoaded : Initial::kZero;
    Tensor& state = make_.tensor(tensor);
    state.kind = TensorKind::kState;
    state.initial = shape_.initial_state.value_or(usual);
    state.final_value = shape_.final_state;
  }

  const Mamba2& shape_;
  CascadeBuilder make_;
  RankId b_, l_, e_, g_, r_, p_, n_, k_, p2_, n2_;
};

}  // namespace

CheckedCascade mamba2_block(const Mamba2& shape) {
  FUSESCAPE_EXPECTS(shape.phase == Phase::kPrefill || shape.tokens == 1);
  FUSESCAPE_EXPECTS(shape.n_group > 0 && shape.n_head % shape.n_group == 0);
  return Mamba2Block{shape}.cascade();
}

Elements mamba2_layer_params(const Mamba2& shape) {
  const Elements e{shape.d_model};
  const Elements heads{shape.n_head};
  const Elements d = heads * shape.d_head;
  const Elements convolved = d + 2 * (Elements{shape.n_group} * shape.d_state);
  const Elements projected = d + convolved + heads;
  Elements layer = e + e * projected + convolved * shape.d_conv + 3 * heads + d * e;
  if (shape.conv_bias) layer += convolved;
  if (shape.proj_bias) layer += projected + e;
  if (shape.gated_norm) layer += d;
  return layer;
}

Elements mamba2_params(const Mamba2& shape) {
  const Elements e{shape.d_model};
  const Elements embedding = e * shape.vocab * (shape.tied_embedding ? 1 : 2);
  return embedding + mamba2_layer_params(shape) * shape.n_layer + e;
}

CheckedCascade mamba2_head(const Mamba2& shape) {
  return cascade_of(lm_head_of(shape, FinalNorm::kRms));
}

Workload mamba2_workload(const Mamba2& shape) {
  return model_of_blocks(
      shape, {.family = "mamba2",
              .params = mamba2_params(shape),
              .layer_params = mamba2_layer_params(shape),
              .assumptions = {"SSD runs in its recurrent form, token by token; in_proj is three matmuls"},
              .block = mamba2_block(shape),
              .head = mamba2_head(shape)});
}

}  // namespace fusescape
