// What may the file of an MLP sub-block hold?
#pragma once

#include "fusescape/config/families/family.hpp"
#include "fusescape/workload/families/mlp.hpp"

namespace fusescape {

using MlpFile = FamilyFile<Mlp>;

inline constexpr std::array<std::string_view, 4> kActivationWords{"swiglu", "geglu", "gelu", "relu2"};
/// The activation, which families with feed-forward networks take.
template <class File>
inline constexpr FieldSpec kActivation =
    optional_field<&File::activation, kChoice<Activation, kActivationWords>, File>(
        "activation", "swiglu", "swiglu and geglu have three matrices, gelu and relu2 (a squared ReLU) two.");

inline constexpr std::array kMlpShape{
    required<&MlpFile::d_ff, kWidth, MlpFile>("d_ff", "Width of the hidden layer.", "F"),
    kActivation<MlpFile>,
    optional_field<&MlpFile::mlp_bias, kBoolean, MlpFile>("mlp_bias", "false",
                                                          "All projections have biases."),
};
inline constexpr auto kMlpFields =
    joined(kModelHeader<MlpFile>, kMlpShape, std::array{kTiedEmbedding<MlpFile>}, kModelRun<MlpFile>);
inline constexpr SectionSpec kMlpTable{
    "mlp",
    "A model of MLP sub-blocks alone: one is evaluated, repeated n_layer times, and once the head after it.",
    kMlpFields};

[[nodiscard]] FamilySpec mlp_family();

}  // namespace fusescape
