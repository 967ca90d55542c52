// What may a model file hold? The table of `kind: model`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/types.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

enum class Family : unsigned char { kMamba1 };
inline constexpr std::array<std::string_view, 1> kFamilyWords{"mamba1"};
inline constexpr std::array<std::string_view, 2> kPhaseWords{"prefill", "decode"};
inline constexpr std::array<std::string_view, 2> kInitialWords{"zero", "loaded"};
inline constexpr std::array<std::string_view, 2> kFinalWords{"dropped", "stored"};
inline constexpr std::array<std::string_view, 2> kConvWords{"causal", "padded"};
inline constexpr std::array<std::string_view, 2> kSoftplusWords{"modelled", "free"};
inline constexpr const TypeOf<Phase>& kPhase = kChoice<Phase, kPhaseWords>;
inline constexpr const TypeOf<Initial>& kInitial = kChoice<Initial, kInitialWords>;
inline constexpr const TypeOf<Final>& kFinal = kChoice<Final, kFinalWords>;

inline constexpr std::int64_t kDefaultTokens = 1024;
inline constexpr std::int64_t kMaxWidth = 100'000'000;
inline constexpr const TypeOf<std::int64_t>& kWidth = kIntegerIn<1, kMaxWidth>;

struct ModelFile {
  Family family = Family::kMamba1;
  std::string name;
  std::string source;
  std::optional<std::string> description;
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;
  std::int64_t expand = 2;
  std::optional<std::int64_t> d_inner;
  std::int64_t d_state = 16;
  std::int64_t d_conv = 4;
  std::optional<std::int64_t> dt_rank;
  std::int64_t vocab = 0;
  bool tied_embedding = true;
  bool norm_dt_b_c = false;
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;
  std::optional<std::int64_t> tokens;
  Mamba1::Conv conv = Mamba1::Conv::kCausal;
  Mamba1::Softplus softplus = Mamba1::Softplus::kModelled;
  bool norm_gain = true;
  bool conv_bias = true;
  std::optional<Initial> initial_state;
  Final final_state = Final::kStored;
};

inline constexpr std::array kModelFields{
    kKindField,
    kVersionField,
    required<&ModelFile::family, kChoice<Family, kFamilyWords>>("family", "Architecture of the block."),
    required<&ModelFile::name, kName>("name", "Name in reports."),
    required<&ModelFile::source, kText>("source", "Where the shape comes from, and what is assumed."),
    optional_field<&ModelFile::description, kText>("description", "none", "One line for people."),
    required<&ModelFile::n_layer, kSmallCount>("n_layer", "Blocks in the model."),
    required<&ModelFile::d_model, kWidth>("d_model", "Width of the residual stream.", "E"),
    optional_field<&ModelFile::expand, kIntegerIn<1, 1000>>("expand", "2",
                                                            "d_inner / d_model, unless d_inner is given."),
    optional_field<&ModelFile::d_inner, kWidth>("d_inner", "expand x d_model", "Width inside the block.",
                                                "D"),
    optional_field<&ModelFile::d_state, kWidth>("d_state", "16", "State per channel.", "N"),
    optional_field<&ModelFile::d_conv, kWidth>("d_conv", "4", "Taps of the convolution.", "K"),
    optional_field<&ModelFile::dt_rank, kWidth>("dt_rank", "d_model / 16, rounded up",
                                                "Rank of the step size.", "R"),
    required<&ModelFile::vocab, kWidth>("vocab", "Rows of the embedding, padding included."),
    optional_field<&ModelFile::tied_embedding, kBoolean>("tied_embedding", "true",
                                                         "The head is the embedding."),
    optional_field<&ModelFile::norm_dt_b_c, kBoolean>("norm_dt_b_c", "false",
                                                      "A weightless RMSNorm on dt, B and C (Falcon-Mamba)."),
    optional_field<&ModelFile::phase, kPhase>("phase", "prefill",
                                              "L tokens at once, or one token with a state."),
    optional_field<&ModelFile::dtype, kDataTypeWord>("dtype", "fp32", "Type of weights and activations."),
    optional_field<&ModelFile::batch, kExtent>("B", "1", "Sequences in the batch."),
    optional_field<&ModelFile::tokens, kExtent>("L", "1024 in prefill, 1 in decode",
                                                "Tokens of each sequence."),
    optional_field<&ModelFile::conv, kChoice<Mamba1::Conv, kConvWords>>(
        "conv", "causal", "Padded: the convolution makes L + d_conv - 1 outputs."),
    optional_field<&ModelFile::softplus, kChoice<Mamba1::Softplus, kSoftplusWords>>("softplus", "modelled",
                                                                                    "Free: left out."),
    optional_field<&ModelFile::norm_gain, kBoolean>("norm_gain", "true",
                                                    "The norm multiplies by a gain per channel."),
    optional_field<&ModelFile::conv_bias, kBoolean>("conv_bias", "true", "The convolution adds a bias."),
    optional_field<&ModelFile::initial_state, kInitial>("initial_state", "zero in prefill, loaded in decode",
                                                        "Where the state before the first token comes from."),
    optional_field<&ModelFile::final_state, kFinal>("final_state", "stored", "Where the last state goes."),
};
inline constexpr SectionSpec kModelTable{
    "model", "A model of a known family: one block is evaluated, repeated n_layer times.", kModelFields};

}  // namespace fusescape
