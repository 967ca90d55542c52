// What may the file of a Mamba-2 model hold?
#pragma once

#include "fusescape/config/families/family.hpp"
#include "fusescape/workload/families/mamba2.hpp"

namespace fusescape {

inline constexpr std::array<std::string_view, 2> kFormWords{"recurrent", "chunked"};

struct Mamba2File : FamilyFile<Mamba2> {
  std::int64_t expand = 2;
  std::optional<std::int64_t> inner;  ///< d_inner, if it is given.
  std::optional<std::int64_t> heads;  ///< n_head, likewise.
};

inline constexpr std::array kMamba2Shape{
    optional_field<&Mamba2File::expand, kIntegerIn<1, 1000>>(
        "expand", "2", "d_inner / d_model, unless d_inner or n_head is given."),
    optional_field<&Mamba2File::inner, kWidth>("d_inner", "n_head x d_head, or expand x d_model",
                                               "Width inside the block: n_head x d_head.", "D"),
    optional_field<&Mamba2File::heads, kWidth>("n_head", "d_inner / d_head", "Heads.", "H"),
    optional_field<&Mamba2File::d_head, kWidth, Mamba2File>("d_head", "64", "Width of a head.", "P"),
    optional_field<&Mamba2File::d_state, kWidth, Mamba2File>("d_state", "128", "State per channel.", "N"),
    optional_field<&Mamba2File::n_group, kWidth, Mamba2File>(
        "n_group", "1", "Groups of heads that share B and C; divides n_head.", "G"),
    optional_field<&Mamba2File::d_conv, kWidth, Mamba2File>("d_conv", "4", "Taps of the convolution.", "K"),
    optional_field<&Mamba2File::conv_bias, kBoolean, Mamba2File>("conv_bias", "true",
                                                                 "The convolution adds a bias."),
    optional_field<&Mamba2File::proj_bias, kBoolean, Mamba2File>("proj_bias", "false",
                                                                 "in_proj and out_proj add biases."),
    optional_field<&Mamba2File::gated_norm, kBoolean, Mamba2File>(
        "gated_norm", "true", "An RMSNorm of y, per group, beside the gate (mamba_rms_norm)."),
    optional_field<&Mamba2File::norm_before_gate, kBoolean, Mamba2File>(
        "norm_before_gate", "false", "That norm comes before the gate, not after it."),
    optional_field<&Mamba2File::form, kChoice<Mamba2::Form, kFormWords>, Mamba2File>(
        "form", "recurrent", "Of prefill: token by token, or matmuls within chunks. Decode is recurrent."),
    optional_field<&Mamba2File::chunk, kWidth, Mamba2File>("chunk", "256", "Tokens of a chunk, if chunked.",
                                                           "Q"),
    optional_field<&Mamba2File::initial_state, kInitial, Mamba2File>(
        "initial_state", "zero in prefill, loaded in decode",
        "Where the state before the first token comes from."),
    optional_field<&Mamba2File::final_state, kFinal, Mamba2File>("final_state", "stored",
                                                                 "Where the last state goes."),
};
inline constexpr std::array kMamba2Input{
    optional_field<&Mamba2File::side_input, kBoolean, Mamba2File>(
        "side_input", "false",
        "The norm reads the sum of x and a second input, which the residual lacks (Zamba2)."),
};
inline constexpr auto kMamba2Fields = joined(kModelHeader<Mamba2File>, kMamba2Shape, kMamba2Input,
                                             std::array{kTiedEmbedding<Mamba2File>}, kModelRun<Mamba2File>);
inline constexpr SectionSpec kMamba2Table{
    "mamba2", "A Mamba-2 model: one block is evaluated, repeated n_layer times, and once the head after it.",
    kMamba2Fields};

/// Fills what is derived; reports heads that do not fit.
void complete_mamba2(Mamba2File& file, Binding& binding);

[[nodiscard]] FamilySpec mamba2_family();

}  // namespace fusescape
