#include "fusescape/workload/families/mamba2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "../activations.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade_builder.hpp"
#include "mamba2_mixer.hpp"
#include "ssd_chunks.hpp"

namespace fusescape {
namespace {

/// Heads lie along two ranks, G groups of R heads, since a group's heads share B and C.
class Mamba2Mixer {
 public:
  Mamba2Mixer(CascadeBuilder& make, const Mamba2& shape, const Mamba2Site& site)
      : make_{make},
        shape_{shape},
        site_{site},
        b_{site.batch},
        l_{site.tokens},
        e_{site.width},
        g_{make_.rank("G", Elements{shape.n_group})},
        r_{make_.rank("R", Elements{shape.n_head / shape.n_group})},
        p_{make_.rank("P", Elements{shape.d_head})},
        n_{make_.rank("N", Elements{shape.d_state})},
        k_{make_.rank("K", Elements{shape.d_conv})},
        p2_{make_.rank("P2", 2 * Elements{shape.d_head})},
        n2_{make_.rank("N2", 2 * Elements{shape.d_state})},
        all_{.suffix = "", .tokens = {l_}, .read = {.rank = l_}, .position = l_} {}

  void run() {
    const TensorId zx = in_projection("zx", {g_, r_, p2_});
    const TensorId bc = in_projection("BC", {g_, n2_});
    const TensorId dt = in_projection("dt", {g_, r_});
    const TensorId u = convolution("x", "u", make_.slice(zx, p_, Elements{shape_.d_head}));
    const TensorId bc_conv = convolution("BC", "BC_silu", make_.at(bc));
    const Access z = make_.slice(zx, p_, Elements{0});
    const SsdOperands operands = ssd_operands(u, bc_conv, step_size(dt));
    if (shape_.phase == Phase::kDecode || shape_.form == Mamba2::Form::kRecurrent) {
      finish(all_, z, skipped(all_, u, state_update(operands)));
      return;
    }
    std::optional<TensorId> states;
    for (const TokenPart& part : chunked_parts()) {
      const SsdResult made = add_ssd_chunks(make_, ssd_ranks(), part, operands, states_of(part, states));
      states = made.chunk_states;
      finish(part, z, skipped(part, u, made.y));
    }
  }

 private:
  /// The weight of this name, which all parts share.
  [[nodiscard]] TensorId weight(const std::string& name, const std::vector<RankId>& ranks) {
    const auto known = weights_.find(name);
    if (known != weights_.end()) return known->second;
    return weights_[name] = make_.tensor(name, ranks, TensorKind::kWeight);
  }

  /// Ranks of what every token of a part has, along `inner`.
  [[nodiscard]] std::vector<RankId> per_token(const TokenPart& part, const std::vector<RankId>& inner) const {
    std::vector<RankId> ranks{b_};
    ranks.insert(ranks.end(), part.tokens.begin(), part.tokens.end());
    ranks.insert(ranks.end(), inner.begin(), inner.end());
    return ranks;
  }
  [[nodiscard]] std::vector<RankId> per_token(const std::vector<RankId>& inner) const {
    return per_token(all_, inner);
  }

  /// What lies along L, read at the part's tokens.
  [[nodiscard]] static Access in_part(const TokenPart& part, Access access) {
    access.indices[1] = part.read;
    return access;
  }

  [[nodiscard]] SsdRanks ssd_ranks() {
    if (!last_) last_ = make_.rank("last", Elements{1});
    if (!final_) final_ = make_.rank("final", Elements{1});
    return {b_, g_, r_, p_, n_, *last_, *final_};
  }

  /// Full chunks, then what they leave; all tokens, if they fill no more than one.
  [[nodiscard]] std::vector<TokenPart> chunked_parts() {
    const std::int64_t full = shape_.tokens / shape_.chunk;
    const std::int64_t rest = shape_.tokens % shape_.chunk;
    if (shape_.tokens <= shape_.chunk) {
      TokenPart one = all_;
      one.other = make_.rank("M", Elements{shape_.tokens});
      return {one};
    }
    const RankId c = make_.rank("C", Elements{full});
    const RankId q = make_.rank("Q", Elements{shape_.chunk});
    const RankId m = make_.rank("M", Elements{shape_.chunk});
    std::vector<TokenPart> parts{{"", {c, q}, {.rank = q, .chunk = c}, q, m, c}};
    if (rest == 0) return parts;
    const RankId t = make_.rank("T", Elements{rest});
    const RankId u = make_.rank("U", Elements{rest});
    parts.push_back({"_rest", {t}, {.rank = t, .offset = full * shape_.chunk}, t, u, std::nullopt});
    return parts;
  }

  /// `full`: the states of the full chunks, if the part is what they leave.
  [[nodiscard]] SsdStates states_of(const TokenPart& part, std::optional<TensorId> full) {
    SsdStates states{.initial = initial(), .before = {}, .final_value = shape_.final_state};
    const bool rest_follows = part.chunk && shape_.tokens % shape_.chunk != 0;
    if (rest_follows) states.final_value = Final::kDropped;
    const SsdRanks ranks = ssd_ranks();
    if (full) {
      states.before = make_.at(*full);
      states.before->indices[1] = {.rank = ranks.final, .offset = shape_.tokens / shape_.chunk - 1};
    } else if (!part.chunk && initial() == Initial::kLoaded) {
      states.before = make_.at(
          make_.tensor("h_begin", {b_, ranks.final, ranks.last, g_, r_, p_, n_}, TensorKind::kInput));
    }
    return states;
  }

  /// The columns of in_proj that make `part`, whose elements lie along `inner`.
  [[nodiscard]] TensorId in_projection(const std::string& part, const std::vector<RankId>& inner) {
    std::vector<RankId> ranks{e_};
    ranks.insert(ranks.end(), inner.begin(), inner.end());
    std::vector<Access> inputs{make_.at(site_.x_norm), make_.at(weight("W_" + part, ranks))};
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

  [[nodiscard]] SsdOperands ssd_operands(TensorId u, TensorId bc, TensorId delta) {
    const TensorId delta_x = make_.make("delta_x", OpKind::kMul, {"delta_x", per_token({g_, r_, p_})},
                                        {make_.at(delta), make_.at(u)});
    return {.delta = delta,
            .delta_x = delta_x,
            .a = weight("A", {g_, r_}),
            .b = make_.slice(bc, n_, Elements{0}),
            .c = make_.slice(bc, n_, Elements{shape_.d_state})};
  }

  /// h = exp(Delta A) h[l-1] + (Delta u) B, and y = C h.
  [[nodiscard]] TensorId state_update(const SsdOperands& in) {
    const std::vector<RankId> head = per_token({g_, r_});
    const std::vector<RankId> inner = per_token({g_, r_, p_});
    const std::vector<RankId> all = per_token({g_, r_, p_, n_});
    const TensorId da = make_.make("dA", OpKind::kMul, {"dA", head}, {make_.at(in.delta), make_.at(in.a)});
    const TensorId abar = make_.make("exp", OpKind::kExp, {"Abar", head}, {make_.at(da)});
    const TensorId dbx = make_.make("dBx", OpKind::kMul, {"dBx", all}, {make_.at(in.delta_x), in.b});
    const TensorId h = make_.tensor("h", all, TensorKind::kState);
    carry_over(h);
    const TensorId t = make_.make("t", OpKind::kMul, {"t", all}, {make_.at(abar), make_.earlier(h, l_, 1)});
    make_.make("h", OpKind::kAdd, h, {make_.at(t), make_.at(dbx)});
    return make_.make("y", OpKind::kMatmul, {"y", inner}, {in.c, make_.at(h)});
  }

  /// y + D_skip u.
  [[nodiscard]] TensorId skipped(const TokenPart& part, TensorId u, TensorId y) {
    const std::vector<RankId> inner = per_token(part, {g_, r_, p_});
    const Access skip = make_.at(weight("D_skip", {g_, r_}));
    const TensorId dx = make_.make("D_x" + part.suffix, OpKind::kMul, {"Dx" + part.suffix, inner},
                                   {in_part(part, make_.at(u)), skip});
    return make_.make("add_y_Dx" + part.suffix, OpKind::kAdd, {"y_Dx" + part.suffix, inner},
                      {make_.at(y), make_.at(dx)});
  }

  void finish(const TokenPart& part, const Access& z, TensorId y) {
    output_projection(part, gate(part, y, in_part(part, z)));
  }

  /// y times silu(z), normalised per group after that, before it, or not at all.
  [[nodiscard]] TensorId gate(const TokenPart& part, TensorId y, const Access& z) {
    const std::vector<RankId> inner = per_token(part, {g_, r_, p_});
    const auto named = [&](const char* name) { return name + part.suffix; };
    const TensorId z_silu = silu(make_, {named("gate"), named("z_sigmoid"), named("z_silu")}, inner, z);
    const auto gated = [&](TensorId ungated) {
      return make_.make(named("gate"), OpKind::kMul, {named("y_gated"), inner},
                        {make_.at(ungated), make_.at(z_silu)});
    };
    const auto normed = [&](TensorId values) {
      const TensorId gain = weight("g_y", {g_, r_, p_});
      const NormShape shape{per_token(part, {g_}), {r_, p_}};
      return rms_norm(make_, {named("gated_norm"), named("y_norm"), shape, gain}, make_.at(values));
    };
    if (!shape_.gated_norm) return gated(y);
    return shape_.norm_before_gate ? gated(normed(y)) : normed(gated(y));
  }

  void output_projection(const TokenPart& part, TensorId gated) {
    const std::vector<RankId> outer = per_token(part, {e_});
    std::vector<Access> inputs{make_.at(gated), make_.at(weight("W_out", {g_, r_, p_, e_}))};
    if (shape_.proj_bias) inputs.push_back(make_.at(weight("b_out", {e_})));
    const TensorId projected = make_.make("out_proj" + part.suffix, OpKind::kMatmul,
                                          {"y_out" + part.suffix, outer}, std::move(inputs));
    const TensorId out = make_.tensor("out" + part.suffix, outer, TensorKind::kOutput);
    std::vector<Access> addends{make_.at(projected), in_part(part, make_.at(site_.x))};
    if (site_.beside) addends.push_back(in_part(part, make_.at(*site_.beside)));
    make_.make("residual" + part.suffix, OpKind::kAdd, out, std::move(addends));
  }

  [[nodiscard]] Initial initial() const {
    const Initial usual = shape_.phase == Phase::kDecode ? Initial::kLoaded : Initial::kZero;
    return shape_.initial_state.value_or(usual);
  }

  /// Makes `tensor` outlive the call: decode goes on from where the call before it ended.
  void carry_over(TensorId tensor) {
    Tensor& state = make_.tensor(tensor);
    state.kind = TensorKind::kState;
    state.initial = initial();
    state.final_value = shape_.final_state;
  }

  CascadeBuilder& make_;
  const Mamba2& shape_;
  const Mamba2Site& site_;
  RankId b_, l_, e_, g_, r_, p_, n_, k_, p2_, n2_;
  TokenPart all_;  ///< Every token.
  std::optional<RankId> last_, final_;
  std::map<std::string, TensorId> weights_;
};

}  // namespace

void add_mamba2(CascadeBuilder& make, const Mamba2& shape, const Mamba2Site& site) {
  FUSESCAPE_EXPECTS(shape.phase == Phase::kPrefill || shape.tokens == 1);
  FUSESCAPE_EXPECTS(shape.n_group > 0 && shape.n_head % shape.n_group == 0);
  FUSESCAPE_EXPECTS(shape.chunk > 0);
  Mamba2Mixer{make, shape, site}.run();
}

CheckedCascade mamba2_block(const Mamba2& shape) {
  CascadeBuilder make{shape.name, shape.dtype};
  const RankId b = make.rank("B", Elements{shape.batch});
  const RankId l = make.rank("L", Elements{shape.tokens});
  const RankId e = make.rank("E", Elements{shape.d_model});
  const TensorId x = make.tensor("x", {b, l, e}, TensorKind::kInput);
  TensorId source = x;
  if (shape.side_input) {
    const TensorId side = make.tensor("x_side", {b, l, e}, TensorKind::kInput);
    source = make.make("add_side", OpKind::kAdd, {"x_sum", {b, l, e}}, {make.at(x), make.at(side)});
  }
  const TensorId gain = make.tensor("g", {e}, TensorKind::kWeight);
  const TensorId x_norm = rms_norm(make, {"norm", "x_norm", {{b, l}, {e}}, gain}, make.at(source));
  add_mamba2(make, shape, {.batch = b, .tokens = l, .width = e, .x = x, .x_norm = x_norm});
  return make.finish();
}

SsdOps ssd_ops(const Mamba2& shape) {
  FUSESCAPE_EXPECTS(shape.form == Mamba2::Form::kChunked && shape.phase == Phase::kPrefill);
  const Elements tokens{shape.tokens};
  const Elements heads{shape.n_head};
  const Elements groups{shape.n_group};
  const std::int64_t full = shape.tokens / shape.chunk;
  const Elements rest{shape.tokens % shape.chunk};
  const Elements chunk{shape.chunk};
  const Elements chunks{full + (rest > Elements{0} ? 1 : 0)};
  const std::int64_t state = shape.d_head * shape.d_state;
  // Of a pair: C B, the difference of sums, exp, its product with C B, and y. Of a token: delta A, delta x, D
  // x, and what it adds to the state: a difference, exp, x and the outer product. Of a token that has a past:
  // exp, C h, their product, and its sum with y. Of a chunk that has one: exp and h.
  const auto of_pairs = [&](Elements pairs) {
    return groups * pairs * shape.d_state + heads * pairs * (3 + shape.d_head);
  };
  const Elements of_token = heads * (3 + 3 * shape.d_head + state);
  const Elements of_past = heads * (1 + 2 * shape.d_head + state);
  const Elements of_chunk = heads * (1 + state);
  const Elements sums = heads * (tokens - chunks).value();
  const Elements linear =
      of_token * tokens.value() + sums + of_past * tokens.value() + of_chunk * chunks.value();
  const auto triangle = [](Elements n) { return Elements{n.value() * (n.value() + 1) / 2}; };
  const Elements dense = chunk * full * shape.chunk + rest * rest.value();
  const Elements causal = triangle(chunk) * full + triangle(rest);
  const std::int64_t first = std::min(shape.tokens, shape.chunk);
  const auto ops = [&](Elements count) { return Ops{shape.batch} * count; };
  return {.dense = ops(of_pairs(dense) + linear),
          .causal = ops(of_pairs(causal) + linear),
          .from_zero = ops(of_pairs(dense) + linear - of_past * first - of_chunk)};
}

Elements layer_params(const Mamba2& shape) {
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

std::string ssd_assumption(const Mamba2& shape) {
  const bool chunked = shape.phase == Phase::kPrefill && shape.form == Mamba2::Form::kChunked;
  const std::string form =
      chunked ? fmt::format("in chunks of at most {} tokens, of which all pairs are computed", shape.chunk)
              : std::string{"in its recurrent form, token by token"};
  return fmt::format("SSD runs {}; in_proj is three matmuls", form);
}

Workload mamba2_workload(const Mamba2& shape) {
  return model_of_blocks(shape, {.family = "mamba2",
                                 .layer_params = layer_params(shape),
                                 .assumptions = {ssd_assumption(shape)},
                                 .block = mamba2_block(shape)});
}

}  // namespace fusescape
