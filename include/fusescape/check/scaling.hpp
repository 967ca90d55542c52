// Which smaller case has the same structure as a plan on large ranks? So that numbers can be run through it.
#pragma once

#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// A rank that was made smaller.
struct ScaledRank {
  RankId rank{};
  Elements from;
  Elements to;
};

/// A plan on smaller ranks. Ids mean what they meant before.
struct ScaledCase {
  Cascade cascade;
  Plan plan;
  std::vector<ScaledRank> ranks;  ///< Those that changed.
};

/// Shrinks the extents that are large, each as far as every tiling case of the plan stays what it was
/// (docs/model/verification.md has the rule): exact tiles stay exact and ragged ones ragged, one trip stays
/// one, two stay two, more than two stay more than two; a tile of one, of the full extent, shorter or longer
/// than a shift stays that; slices stay side by side. The resolved layout has the same buffers in the same
/// places; where no smaller case has, the plan comes back as it is. Expects a legal plan.
[[nodiscard]] ScaledCase scaled_down(const Cascade& cascade, const Plan& plan);

}  // namespace fusescape
