// What may the file of parallel mixers hold, attention and Mamba-2 side by side?
#pragma once

#include "fusescape/config/families/attention_table.hpp"
#include "fusescape/config/families/mamba2_table.hpp"
#include "fusescape/workload/families/parallel.hpp"

namespace fusescape {

struct ParallelFile : FamilyFile<ParallelMixers> {
  AttentionFile attention_keys;
  Mamba2File mamba_keys;
  std::optional<std::int64_t> cached;  ///< S, if it is given.
};

inline constexpr SectionSpec kAttentionMixer{
    "attention mixer", "The attention of parallel mixers: keys of `family: attention`.", kAttentionShape};
inline constexpr SectionSpec kMambaMixer{
    "mamba mixer", "The Mamba-2 mixer of parallel mixers: keys of `family: mamba2`.", kMamba2Shape};

inline constexpr std::array kParallelShape{
    required<&ParallelFile::attention_keys, kSectionOf<AttentionFile, kAttentionMixer>>("attention",
                                                                                        "Its attention."),
    required<&ParallelFile::mamba_keys, kSectionOf<Mamba2File, kMambaMixer>>("mamba", "Its Mamba-2 mixer."),
};
inline constexpr auto kParallelFields =
    joined(kModelHeader<ParallelFile>, kParallelShape, std::array{kTiedEmbedding<ParallelFile>},
           kModelRun<ParallelFile>, std::array{kCachedTokens<ParallelFile>});
inline constexpr SectionSpec kParallelTable{
    "parallel",
    "A model of sub-blocks of two mixers alone, attention and Mamba-2 on one normed input: one is evaluated, "
    "repeated n_layer times, and once the head after it.",
    kParallelFields};

[[nodiscard]] FamilySpec parallel_family();

}  // namespace fusescape
