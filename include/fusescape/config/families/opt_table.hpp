// What may the file of an OPT model hold?
#pragma once

#include "fusescape/config/families/family.hpp"
#include "fusescape/workload/families/opt.hpp"

namespace fusescape {

struct OptFile : FamilyFile<Opt> {
  std::optional<std::int64_t> cached;  ///< S, if it is given.
};

inline constexpr std::array kOptShape{
    required<&OptFile::d_ff, kWidth, OptFile>("d_ff", "Width of the MLP.", "F"),
    required<&OptFile::n_head, kWidth, OptFile>("n_head", "Attention heads; divides d_model.", "H"),
    required<&OptFile::positions, kWidth, OptFile>("positions", "Rows of the learned position embedding."),
};
inline constexpr auto kOptFields =
    joined(kModelHeader<OptFile>, kOptShape, kModelRun<OptFile>, std::array{kCachedTokens<OptFile>});
inline constexpr SectionSpec kOptTable{"opt",
                                       "An OPT model: one block of attention and MLP is evaluated, repeated "
                                       "n_layer times, and once the head after it.",
                                       kOptFields};

[[nodiscard]] FamilySpec opt_family();

}  // namespace fusescape
