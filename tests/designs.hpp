// What design is an accelerator, without a technology table?
#pragma once

#include <utility>

#include "fusescape/arch/design.hpp"

namespace fusescape {

/// Expects ports with a common time base.
inline Design design_of(Accelerator accelerator) {
  return make_design(std::move(accelerator)).value();
}

}  // namespace fusescape
