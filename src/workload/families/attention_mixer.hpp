// Which operators are an attention mixer, behind a norm and without the residual? Projections, RoPE,
// attention and the output projection.
#pragma once

#include <optional>
#include <string>

#include "fusescape/workload/cascade_builder.hpp"
#include "fusescape/workload/families/attention.hpp"

namespace fusescape {

/// Where an attention mixer stands in a block.
struct AttentionSite {
  RankId batch{};                   ///< B
  RankId tokens{};                  ///< L
  RankId from{};                    ///< Channels of the normed input.
  RankId to{};                      ///< Channels of the result.
  TensorId x_norm{};                ///< [B, L, from]
  std::string suffix{};             ///< Of the names of its other ranks, where G, R, P and M are taken.
  std::optional<RankId> adapter{};  ///< q, k and v have adapters of this rank.
};

/// [B, L, to]. `shape` has the heads, their options and the tokens; its d_model means nothing here.
[[nodiscard]] TensorId add_attention(CascadeBuilder& make, const GroupedAttention& shape,
                                     const AttentionSite& site);

}  // namespace fusescape
