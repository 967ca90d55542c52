// What may a model file hold? One table per family of `kind: model`, all over one struct.
//
// To add a family: its word, its fields and its table here, and its shape in src/config/model_file.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/types.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

enum class Family : unsigned char { kMamba1, kOpt };
inline constexpr std::array<std::string_view, 2> kFamilyWords{"mamba1", "opt"};
inline constexpr std::array<std::string_view, 2> kPhaseWords{"prefill", "decode"};
inline constexpr std::array<std::string_view, 2> kInitialWords{"zero", "loaded"};
inline constexpr std::array<std::string_view, 2> kFinalWords{"dropped", "stored"};
inline constexpr std::array<std::string_view, 2> kConvWords{"causal", "padded"};
inline constexpr std::array<std::string_view, 2> kSoftplusWords{"modelled", "free"};
inline constexpr std::array<std::string_view, 2> kRewriteWords{"none", "delta_x"};
inline constexpr const TypeOf<Phase>& kPhase = kChoice<Phase, kPhaseWords>;
inline constexpr const TypeOf<Initial>& kInitial = kChoice<Initial, kInitialWords>;
inline constexpr const TypeOf<Final>& kFinal = kChoice<Final, kFinalWords>;

inline constexpr std::int64_t kDefaultTokens = 1024;
inline constexpr std::int64_t kMaxWidth = 100'000'000;
inline constexpr const TypeOf<std::int64_t>& kWidth = kIntegerIn<1, kMaxWidth>;

/// What the families' tables read into; a family leaves the keys of the others alone.
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
  bool head = true;
  bool norm_dt_b_c = false;
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;
  std::optional<std::int64_t> tokens;
  Mamba1::Conv conv = Mamba1::Conv::kCausal;
  Mamba1::Softplus softplus = Mamba1::Softplus::kModelled;
  bool norm_gain = true;
  bool conv_bias = true;
  Mamba1::Rewrite rewrite = Mamba1::Rewrite::kNone;
  std::optional<Initial> initial_state;
  Final final_state = Final::kStored;
  std::int64_t d_ff = 0;
  std::int64_t n_head = 1;
  std::int64_t positions = 0;
  std::optional<std::int64_t> cache_tokens;
};

// Keys that several families have.
inline constexpr FieldSpec kFamilyField =
    required<&ModelFile::family, kChoice<Family, kFamilyWords>>("family", "Architecture of the block.");
inline constexpr FieldSpec kModelName = required<&ModelFile::name, kName>("name", "Name in reports.");
inline constexpr FieldSpec kModelSource =
    required<&ModelFile::source, kText>("source", "Where the shape comes from, and what is assumed.");
inline constexpr FieldSpec kModelDescription =
    optional_field<&ModelFile::description, kText>("description", "none", "One line for people.");
inline constexpr FieldSpec kLayersField =
    required<&ModelFile::n_layer, kSmallCount>("n_layer", "Blocks in the model.");
inline constexpr FieldSpec kModelWidthField =
    required<&ModelFile::d_model, kWidth>("d_model", "Width of the residual stream.", "E");
inline constexpr FieldSpec kVocabField =
    required<&ModelFile::vocab, kWidth>("vocab", "Rows of the embedding, padding included.");
inline constexpr FieldSpec kHeadField =
    optional_field<&ModelFile::head, kBoolean>("head", "true",
                                               "Final norm and head follow the last block, on the last token "
                                               "of each sequence; false: neither is modelled.");
inline constexpr FieldSpec kModelTypeField =
    optional_field<&ModelFile::dtype, kDataTypeWord>("dtype", "fp32", "Type of weights and activations.");
inline constexpr FieldSpec kBatchField =
    optional_field<&ModelFile::batch, kExtent>("B", "1", "Sequences in the batch.");
inline constexpr FieldSpec kTokensField = optional_field<&ModelFile::tokens, kExtent>(
    "L", "1024 in prefill, 1 in decode", "Tokens of each sequence.");

inline constexpr std::array kMamba1Fields{
    kKindField,
    kVersionField,
    kFamilyField,
    kModelName,
    kModelSource,
    kModelDescription,
    kLayersField,
    kModelWidthField,
    optional_field<&ModelFile::expand, kIntegerIn<1, 1000>>("expand", "2",
                                                            "d_inner / d_model, unless d_inner is given."),
    optional_field<&ModelFile::d_inner, kWidth>("d_inner", "expand x d_model", "Width inside the block.",
                                                "D"),
    optional_field<&ModelFile::d_state, kWidth>("d_state", "16", "State per channel.", "N"),
    optional_field<&ModelFile::d_conv, kWidth>("d_conv", "4", "Taps of the convolution.", "K"),
    optional_field<&ModelFile::dt_rank, kWidth>("dt_rank", "d_model / 16, rounded up",
                                                "Rank of the step size.", "R"),
    kVocabField,
    optional_field<&ModelFile::tied_embedding, kBoolean>("tied_embedding", "true",
                                                         "The head is the embedding."),
    kHeadField,
    optional_field<&ModelFile::norm_dt_b_c, kBoolean>("norm_dt_b_c", "false",
                                                      "A weightless RMSNorm on dt, B and C (Falcon-Mamba)."),
    optional_field<&ModelFile::phase, kPhase>("phase", "prefill",
                                              "L tokens at once, or one token with a state."),
    kModelTypeField,
    kBatchField,
    kTokensField,
    optional_field<&ModelFile::conv, kChoice<Mamba1::Conv, kConvWords>>(
        "conv", "causal", "Padded: the convolution makes L + d_conv - 1 outputs."),
    optional_field<&ModelFile::softplus, kChoice<Mamba1::Softplus, kSoftplusWords>>("softplus", "modelled",
                                                                                    "Free: left out."),
    optional_field<&ModelFile::norm_gain, kBoolean>("norm_gain", "true",
                                                    "The norm multiplies by a gain per channel."),
    optional_field<&ModelFile::conv_bias, kBoolean>("conv_bias", "true", "The convolution adds a bias."),
    optional_field<&ModelFile::rewrite, kChoice<Mamba1::Rewrite, kRewriteWords>>(
        "rewrite", "none", "delta_x: the state's input is (Delta * x) * B, so that dB never exists."),
    optional_field<&ModelFile::initial_state, kInitial>("initial_state", "zero in prefill, loaded in decode",
                                                        "Where the state before the first token comes from."),
    optional_field<&ModelFile::final_state, kFinal>("final_state", "stored", "Where the last state goes."),
};
inline constexpr SectionSpec kMamba1Table{
    "mamba1", "A Mamba-1 model: one block is evaluated, repeated n_layer times, and once the head after it.",
    kMamba1Fields};

inline constexpr std::array kOptFields{
    kKindField,
    kVersionField,
    kFamilyField,
    kModelName,
    kModelSource,
    kModelDescription,
    kLayersField,
    kModelWidthField,
    required<&ModelFile::d_ff, kWidth>("d_ff", "Width of the MLP.", "F"),
    required<&ModelFile::n_head, kWidth>("n_head", "Attention heads; divides d_model.", "H"),
    kVocabField,
    kHeadField,
    required<&ModelFile::positions, kWidth>("positions", "Rows of the learned position embedding."),
    optional_field<&ModelFile::phase, kPhase>("phase", "prefill",
                                              "L tokens at once, or one token with a KV cache."),
    kModelTypeField,
    kBatchField,
    kTokensField,
    optional_field<&ModelFile::cache_tokens, kIntegerIn<0, kMaxExtent>>(
        "S", "0 in prefill, 1024 in decode", "Tokens of each sequence that are in the KV cache already."),
};
inline constexpr SectionSpec kOptTable{"opt",
                                       "An OPT model: one block of attention and MLP is evaluated, repeated "
                                       "n_layer times, and once the head after it.",
                                       kOptFields};

/// In the order of Family.
inline constexpr std::array<const SectionSpec*, 2> kModelTables{&kMamba1Table, &kOptTable};

}  // namespace fusescape
