// What may the file of Zamba2's shared block hold?
#pragma once

#include "fusescape/config/families/mlp_table.hpp"
#include "fusescape/workload/families/zamba2.hpp"

namespace fusescape {

struct Zamba2File : FamilyFile<Zamba2> {
  std::optional<std::int64_t> hidden;  ///< d_ff, if it is given.
  std::optional<std::int64_t> cached;  ///< S, likewise.
};

inline constexpr std::array kZamba2Shape{
    required<&Zamba2File::n_head, kWidth, Zamba2File>(
        "n_head", "Heads, of 2 x d_model / n_head channels, of queries, keys and values."),
    optional_field<&Zamba2File::hidden, kWidth>("d_ff", "4 x d_model", "Width of the MLP's hidden layer.",
                                                "F"),
    optional_field<&Zamba2File::activation, kChoice<Activation, kActivationWords>, Zamba2File>(
        "activation", "geglu", "As that of `family: mlp`."),
    optional_field<&Zamba2File::adapter_rank, kWidth, Zamba2File>(
        "adapter_rank", "128", "Of the adapters, which each layer has alone where layers share the block.",
        "A"),
    optional_field<&Zamba2File::attention_adapters, kBoolean, Zamba2File>(
        "attention_adapters", "false", "q, k and v have adapters, beside the MLP's first projection."),
    optional_field<&Zamba2File::rope, kBoolean, Zamba2File>("rope", "false",
                                                            "Rotary position embedding of q and k."),
};
inline constexpr auto kZamba2Fields =
    joined(kModelHeader<Zamba2File>, kZamba2Shape, std::array{kTiedEmbedding<Zamba2File>},
           kModelRun<Zamba2File>, std::array{kCachedTokens<Zamba2File>});
inline constexpr SectionSpec kZamba2Table{"zamba2",
                                          "A model of Zamba2's transformer blocks alone, which its layers "
                                          "share in a stack: one is evaluated, repeated "
                                          "n_layer times, and once the head after it.",
                                          kZamba2Fields};

[[nodiscard]] FamilySpec zamba2_family();

}  // namespace fusescape
