// Which hardware is evaluated? An accelerator with what follows from it: its machine, its technology table
// and its area, each resolved once, when inputs are bound.
#pragma once

#include <memory>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/area.hpp"
#include "fusescape/arch/machine.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

struct Design {
  Accelerator accelerator;
  Machine machine;                               ///< What `accelerator` is to the cost model.
  std::shared_ptr<const Technology> technology;  ///< Null: the accelerator names none.
  PhyArea phy = PhyArea::kUncharged;
  AreaBreakdown area;  ///< Under `technology`, with PHYs as `phy` says; empty without one.
};

/// Without a technology table.
[[nodiscard]] expected<Design, NoTimeBase> make_design(Accelerator accelerator);

/// The design under another technology table. Expects a table.
[[nodiscard]] Design priced(Design design, std::shared_ptr<const Technology> technology,
                            PhyArea phy = PhyArea::kUncharged);

}  // namespace fusescape
