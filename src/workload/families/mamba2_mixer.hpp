// Which operators are a Mamba-2 mixer, behind a norm, and the residual?
#pragma once

#include <optional>
#include <string>

#include "fusescape/workload/cascade_builder.hpp"
#include "fusescape/workload/families/mamba2.hpp"

namespace fusescape {

/// Where a Mamba-2 mixer stands in a block.
struct Mamba2Site {
  RankId batch{};                    ///< B
  RankId tokens{};                   ///< L
  RankId width{};                    ///< E
  TensorId x{};                      ///< [B, L, E], which the residual adds.
  TensorId x_norm{};                 ///< [B, L, E], normed.
  std::optional<TensorId> beside{};  ///< [B, L, E], another mixer's result, which the residual adds as well.
};

/// Adds everything up to `out` (in chunks, with a remainder, `out` and `out_rest`).
void add_mamba2(CascadeBuilder& make, const Mamba2& shape, const Mamba2Site& site);

/// In which form the state space dual runs, for people.
[[nodiscard]] std::string ssd_assumption(const Mamba2& shape);

}  // namespace fusescape
