#include "fusescape/workload/families/mamba1.hpp"

#include "../activations.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {
namespace {

class Mamba1Block {
 public:
  explicit Mamba1Block(const Mamba1& shape)
      : shape_{shape},
        make_{shape.name, shape.dtype},
        b_{make_.rank("B", Elements{shape.batch})},
        l_{make_.rank("L", Elements{shape.tokens})},
        e_{make_.rank("E", Elements{shape.d_model})},
        d_{make_.rank("D", Elements{shape.d_inner})},
        n_{make_.rank("N", Elements{shape.d_state})},
        r_{make_.rank("R", Elements{shape.dt_rank})},
        k_{make_.rank("K", Elements{shape.d_conv})},
        d2_{make_.rank("D2", 2 * Elements{shape.d_inner})},
        x_{make_.rank("X", Elements{shape.dt_rank} + 2 * Elements{shape.d_state})} {}

  [[nodiscard]] CheckedCascade cascade() {
    const TensorId x = make_.tensor("x", {b_, l_, e_}, TensorKind::kInput);
    const TensorId xz = in_projection(x);
    const TensorId u = convolution(xz);
    const SsmInputs ssm = ssm_inputs(u);
    const TensorId y = state_update(u, ssm);
    output_projection(x, xz, u, y);
    return make_.finish();
  }

 private:
  /// How the state update reads what x_proj made: Delta, and the B and C slices.
  struct SsmInputs {
    TensorId delta{};
    Access b;
    Access c;
  };

  [[nodiscard]] TensorId weight(const char* name, std::vector<RankId> ranks) {
    return make_.tensor(name, std::move(ranks), TensorKind::kWeight);
  }

  /// `x` normalised over `rank`: operators named `prefix`_..., tensors after `tensor`.
  [[nodiscard]] TensorId normalised(const std::string& prefix, const std::string& tensor, const Access& x,
                                    RankId rank, std::optional<TensorId> gain) {
    return rms_norm(make_, {prefix, tensor, {{b_, l_}, {rank}}, gain}, x);
  }

  [[nodiscard]] TensorId in_projection(TensorId x) {
    std::optional<TensorId> gain;
    if (shape_.norm_gain) gain = weight("g", {e_});
    const TensorId x_norm = normalised("norm", "x_norm", make_.at(x), e_, gain);
    std::vector<Access> inputs{make_.at(x_norm), make_.at(weight("W_in", {e_, d2_}))};
    if (shape_.proj_bias) inputs.push_back(make_.at(weight("b_in", {d2_})));
    return make_.make("in_proj", OpKind::kMatmul, {"xz", {b_, l_, d2_}}, std::move(inputs));
  }

  [[nodiscard]] TensorId convolution(TensorId xz) {
    const bool padded = shape_.conv == Mamba1::Conv::kPadded;
    RankId outputs = l_;
    if (padded) outputs = make_.rank("Lp", Elements{shape_.tokens} + Elements{shape_.d_conv} - Elements{1});
    if (!padded) carry_over(xz);
    const Access window{xz, {{.rank = b_}, {.rank = outputs, .tap = k_}, {.rank = d_}}};
    std::vector<Access> inputs{window, make_.at(weight("W_conv", {d_, k_}))};
    if (shape_.conv_bias) inputs.push_back(make_.at(weight("b_conv", {d_})));
    const TensorId xc = make_.make("conv", OpKind::kConv, {"xc", {b_, outputs, d_}}, std::move(inputs));
    // A padded convolution makes K-1 outputs beyond the last token that nobody reads.
    const Access tokens{xc, {{.rank = b_}, {.rank = l_}, {.rank = d_}}};
    return silu(make_, {"conv", "xc_sigmoid", "u"}, {b_, l_, d_}, tokens);
  }

  [[nodiscard]] SsmInputs ssm_inputs(TensorId u) {
    const TensorId w_x = weight("W_x", {d_, x_});
    const TensorId x_dbl =
        make_.make("x_proj", OpKind::kMatmul, {"x_dbl", {b_, l_, x_}}, {make_.at(u), make_.at(w_x)});
    const Elements dt_end{shape_.dt_rank};
    Access dt = make_.slice(x_dbl, r_, Elements{0});
    Access b = make_.slice(x_dbl, n_, dt_end);
    Access c = make_.slice(x_dbl, n_, dt_end + Elements{shape_.d_state});
    if (shape_.norm_dt_b_c) {
      const auto gain = [&](const char* name, RankId rank) -> std::optional<TensorId> {
        if (!shape_.norm_dt_b_c_gain) return std::nullopt;
        return weight(name, {rank});
      };
      dt = make_.at(normalised("dt_norm", "dt_norm", dt, r_, gain("g_dt", r_)));
      b = make_.at(normalised("B_norm", "B_norm", b, n_, gain("g_B", n_)));
      c = make_.at(normalised("C_norm", "C_norm", c, n_, gain("g_C", n_)));
    }
    const TensorId dt_raw = make_.make("dt_proj", OpKind::kMatmul, {"dt_raw", {b_, l_, d_}},
                                       {dt, make_.at(weight("W_dt", {r_, d_}))});
    const bool modelled = shape_.softplus == Mamba1::Softplus::kModelled;
    const TensorId delta =
        make_.make(modelled ? "softplus" : "dt_bias", modelled ? OpKind::kSoftplus : OpKind::kAdd,
                   {"delta", {b_, l_, d_}}, {make_.at(dt_raw), make_.at(weight("b_dt", {d_}))});
    return {.delta = delta, .b = std::move(b), .c = std::move(c)};
  }

  /// Delta * B * u, as (Delta * B) * u or, rewritten, as (Delta * u) * B.
  [[nodiscard]] TensorId input_update(TensorId u, const SsmInputs& ssm) {
    const std::vector<RankId> all{b_, l_, d_, n_};
    if (shape_.rewrite == Mamba1::Rewrite::kDeltaX) {
      const TensorId delta_x =
          make_.make("delta_x", OpKind::kMul, {"delta_x", {b_, l_, d_}}, {make_.at(ssm.delta), make_.at(u)});
      return make_.make("dBx", OpKind::kMul, {"dBx", all}, {make_.at(delta_x), ssm.b});
    }
    const TensorId db = make_.make("dB", OpKind::kMul, {"dB", all}, {make_.at(ssm.delta), ssm.b});
    return make_.make("dBx", OpKind::kMul, {"dBx", all}, {make_.at(db), make_.at(u)});
  }

  [[nodiscard]] TensorId state_update(TensorId u, const SsmInputs& ssm) {
    const std::vector<RankId> all{b_, l_, d_, n_};
    const TensorId a = weight("A", {d_, n_});
    const TensorId da = make_.make("dA", OpKind::kMul, {"dA", all}, {make_.at(ssm.delta), make_.at(a)});
    const TensorId abar = make_.make("exp", OpKind::kExp, {"Abar", all}, {make_.at(da)});
    const TensorId dbx = input_update(u, ssm);
    const TensorId h = make_.tensor("h", all, TensorKind::kState);
    carry_over(h);
    const TensorId t = make_.make("t", OpKind::kMul, {"t", all}, {make_.at(abar), make_.earlier(h, l_, 1)});
    make_.make("h", OpKind::kAdd, h, {make_.at(t), make_.at(dbx)});
    return make_.make("y", OpKind::kMatmul, {"y", {b_, l_, d_}}, {ssm.c, make_.at(h)});
  }

  void output_projection(TensorId x, TensorId xz, TensorId u, TensorId y) {
    const std::vector<RankId> inner{b_, l_, d_};
    const TensorId skip = weight("D_skip", {d_});
    const TensorId dx = make_.make("D_x", OpKind::kMul, {"Dx", inner}, {make_.at(u), make_.at(skip)});
    const TensorId sum = make_.make("add_y_Dx", OpKind::kAdd, {"y_Dx", inner}, {make_.at(y), make_.at(dx)});
    const Access z = make_.slice(xz, d_, Elements{shape_.d_inner});
    const TensorId z_silu = silu(make_, {"gate", "z_sigmoid", "z_silu"}, inner, z);
    const TensorId gated =
        make_.make("gate", OpKind::kMul, {"y_gated", inner}, {make_.at(sum), make_.at(z_silu)});
    std::vector<Access> inputs{make_.at(gated), make_.at(weight("W_out", {d_, e_}))};
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

  const Mamba1& shape_;
  CascadeBuilder make_;
  RankId b_, l_, e_, d_, n_, r_, k_, d2_, x_;
};

}  // namespace

CheckedCascade mamba1_block(const Mamba1& shape) {
  FUSESCAPE_EXPECTS(shape.phase == Phase::kPrefill || shape.tokens == 1);
  return Mamba1Block{shape}.cascade();
}

Elements layer_params(const Mamba1& shape) {
  const Elements e{shape.d_model};
  const Elements d{shape.d_inner};
  const Elements n{shape.d_state};
  const Elements r{shape.dt_rank};
  const Elements in_proj = 2 * (e * d);
  const Elements conv = d * shape.d_conv + d;
  const Elements x_proj = d * (r + 2 * n);
  const Elements dt_proj = r * d + d;
  const Elements state = d * n + d;  // A and the skip connection.
  const Elements out_proj = d * e;
  Elements layer = in_proj + conv + x_proj + dt_proj + state + out_proj + e;
  if (shape.norm_dt_b_c && shape.norm_dt_b_c_gain) layer += r + 2 * n;
  if (shape.proj_bias) layer += 2 * d + e;
  return layer;
}

Workload mamba1_workload(const Mamba1& shape) {
  std::vector<std::string> assumptions;
  if (shape.rewrite == Mamba1::Rewrite::kDeltaX) {
    assumptions.emplace_back("rewritten: Delta * x is formed first, so that dB never exists");
  }
  return model_of_blocks(shape, {.family = "mamba1",
                                 .layer_params = layer_params(shape),
                                 .assumptions = std::move(assumptions),
                                 .block = mamba1_block(shape)});
}

}  // namespace fusescape
