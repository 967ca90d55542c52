// What may the file of a Mamba-1 model hold?
#pragma once

#include "fusescape/config/families/family.hpp"
#include "fusescape/workload/families/mamba1.hpp"

namespace fusescape {

inline constexpr std::array<std::string_view, 2> kConvWords{"causal", "padded"};
inline constexpr std::array<std::string_view, 2> kSoftplusWords{"modelled", "free"};
inline constexpr std::array<std::string_view, 2> kRewriteWords{"none", "delta_x"};

struct Mamba1File : FamilyFile<Mamba1> {
  std::int64_t expand = 2;
  std::optional<std::int64_t> inner;  ///< d_inner, if it is given.
  std::optional<std::int64_t> rank;   ///< dt_rank, likewise.
};

inline constexpr std::array kMamba1Shape{
    optional_field<&Mamba1File::expand, kIntegerIn<1, 1000>>("expand", "2",
                                                             "d_inner / d_model, unless d_inner is given."),
    optional_field<&Mamba1File::inner, kWidth>("d_inner", "expand x d_model", "Width inside the block.", "D"),
    optional_field<&Mamba1File::d_state, kWidth, Mamba1File>("d_state", "16", "State per channel.", "N"),
    optional_field<&Mamba1File::d_conv, kWidth, Mamba1File>("d_conv", "4", "Taps of the convolution.", "K"),
    optional_field<&Mamba1File::rank, kWidth>("dt_rank", "d_model / 16, rounded up", "Rank of the step size.",
                                              "R"),
    optional_field<&Mamba1File::norm_dt_b_c, kBoolean, Mamba1File>(
        "norm_dt_b_c", "false", "A weightless RMSNorm on dt, B and C (Falcon-Mamba)."),
    optional_field<&Mamba1File::norm_dt_b_c_gain, kBoolean, Mamba1File>(
        "norm_dt_b_c_gain", "false", "These norms have gains (Jamba); needs norm_dt_b_c."),
    optional_field<&Mamba1File::proj_bias, kBoolean, Mamba1File>("proj_bias", "false",
                                                                 "in_proj and out_proj add biases."),
    optional_field<&Mamba1File::conv, kChoice<Mamba1::Conv, kConvWords>, Mamba1File>(
        "conv", "causal", "Padded: the convolution makes L + d_conv - 1 outputs."),
    optional_field<&Mamba1File::softplus, kChoice<Mamba1::Softplus, kSoftplusWords>, Mamba1File>(
        "softplus", "modelled", "Free: left out."),
    optional_field<&Mamba1File::norm_gain, kBoolean, Mamba1File>(
        "norm_gain", "true", "The norm multiplies by a gain per channel."),
    optional_field<&Mamba1File::conv_bias, kBoolean, Mamba1File>("conv_bias", "true",
                                                                 "The convolution adds a bias."),
    optional_field<&Mamba1File::rewrite, kChoice<Mamba1::Rewrite, kRewriteWords>, Mamba1File>(
        "rewrite", "none", "delta_x: the state's input is (Delta * x) * B, so that dB never exists."),
    optional_field<&Mamba1File::initial_state, kInitial, Mamba1File>(
        "initial_state", "zero in prefill, loaded in decode",
        "Where the state before the first token comes from."),
    optional_field<&Mamba1File::final_state, kFinal, Mamba1File>("final_state", "stored",
                                                                 "Where the last state goes."),
};
inline constexpr auto kMamba1Fields = joined(kModelHeader<Mamba1File>, kMamba1Shape,
                                             std::array{kTiedEmbedding<Mamba1File>}, kModelRun<Mamba1File>);
inline constexpr SectionSpec kMamba1Table{
    "mamba1", "A Mamba-1 model: one block is evaluated, repeated n_layer times, and once the head after it.",
    kMamba1Fields};

[[nodiscard]] FamilySpec mamba1_family();

}  // namespace fusescape
