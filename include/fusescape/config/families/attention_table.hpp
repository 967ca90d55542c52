// What may the file of an attention sub-block hold?
#pragma once

#include "fusescape/config/families/family.hpp"
#include "fusescape/workload/families/attention.hpp"

namespace fusescape {

struct AttentionFile : FamilyFile<GroupedAttention> {
  std::optional<std::int64_t> kv_heads;    ///< n_kv_head, if it is given.
  std::optional<std::int64_t> head_width;  ///< d_head, likewise.
  std::optional<std::int64_t> turned;      ///< rotary_dim, likewise.
  std::optional<std::int64_t> cached;      ///< S, likewise.
};

inline constexpr std::array kAttentionShape{
    required<&AttentionFile::n_head, kWidth, AttentionFile>("n_head", "Query heads."),
    optional_field<&AttentionFile::kv_heads, kWidth>("n_kv_head", "n_head",
                                                     "Heads of keys and values; divides n_head.", "G"),
    optional_field<&AttentionFile::head_width, kWidth>("d_head", "d_model / n_head", "Width of a head.", "P"),
    optional_field<&AttentionFile::rope, kBoolean, AttentionFile>("rope", "true",
                                                                  "Rotary position embedding of q and k."),
    optional_field<&AttentionFile::turned, kWidth>(
        "rotary_dim", "d_head", "Channels of a head that it turns: an even number (partial_rotary_factor)."),
    optional_field<&AttentionFile::qkv_bias, kBoolean, AttentionFile>("qkv_bias", "false",
                                                                      "q, k and v have biases."),
    optional_field<&AttentionFile::out_bias, kBoolean, AttentionFile>("out_bias", "false",
                                                                      "The output projection has a bias."),
};
inline constexpr auto kAttentionFields =
    joined(kModelHeader<AttentionFile>, kAttentionShape, std::array{kTiedEmbedding<AttentionFile>},
           kModelRun<AttentionFile>, std::array{kCachedTokens<AttentionFile>});
inline constexpr SectionSpec kAttentionTable{"attention",
                                             "A model of attention sub-blocks alone: one is evaluated, "
                                             "repeated n_layer times, and once the head after it.",
                                             kAttentionFields};

/// Fills what is derived; reports heads that do not fit.
void complete_attention(AttentionFile& file, Binding& binding);

[[nodiscard]] FamilySpec attention_family();

}  // namespace fusescape
