// What may the file of a mixture-of-experts sub-block hold?
#pragma once

#include "fusescape/config/families/mlp_table.hpp"
#include "fusescape/workload/families/moe.hpp"

namespace fusescape {

using MoeFile = FamilyFile<Moe>;

inline constexpr std::array kMoeShape{
    required<&MoeFile::d_ff, kWidth, MoeFile>("d_ff", "Width of an expert's hidden layer.", "F"),
    required<&MoeFile::n_expert, kWidth, MoeFile>("n_expert", "Experts, of which each token chooses top_k."),
    required<&MoeFile::top_k, kWidth, MoeFile>("top_k", "Experts of a token; at most n_expert."),
    optional_field<&MoeFile::shared_ff, kIntegerIn<0, kMaxWidth>, MoeFile>(
        "shared_ff", "0", "Hidden width of an expert that every token takes; 0: there is none."),
    optional_field<&MoeFile::router_bias, kBoolean, MoeFile>(
        "router_bias", "false", "The router adds a number per expert to its scores."),
    kActivation<MoeFile>,
};
inline constexpr auto kMoeFields =
    joined(kModelHeader<MoeFile>, kMoeShape, std::array{kTiedEmbedding<MoeFile>}, kModelRun<MoeFile>);
inline constexpr SectionSpec kMoeTable{"moe",
                                       "A model of mixture-of-experts sub-blocks alone: one is evaluated, "
                                       "repeated n_layer times, and once the head after "
                                       "it.",
                                       kMoeFields};

[[nodiscard]] FamilySpec moe_family();

}  // namespace fusescape
