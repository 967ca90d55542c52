// What can no plan undercut? Bounds of a cascade on an accelerator, whatever is fused, tiled or kept on chip.
//
// docs/model/limits.md derives both and says what they leave out.
#pragma once

#include <optional>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// A latency that nothing in a class of plans is below, and what it is made of.
struct Limit {
  Bytes dram_read;
  Bytes dram_write;
  Ops ops;
  Cycles compute;  ///< Rounded up, as all three.
  Cycles dram;     ///< The busier port, if they are separate.
  Cycles latency;
  Bound bound{};  ///< Compute or DRAM.
};

/// Of any plan: the larger of
///  - the port's time for every weight, input and output once, and every state as the phase has it, in the
///    types of the tensors and without granules;
///  - the operations on the cores in the best split, every PE busy, even parts of an operator on several
///  cores.
/// None if no core runs some operator. A plan that stores tensors in fewer bits than their types, and one
/// whose accelerator loads operands side by side through one port, may be below it.
[[nodiscard]] std::optional<Limit> physical_limit(const Cascade& cascade, const Accelerator& accelerator);

/// Of plans that fuse nothing (the "algorithmic minimum"): each operator alone with its compulsory traffic
/// takes the larger of the port's time and of its operations on the core that runs it, every PE busy, in
/// whole cycles. The sum over operators. None if no core runs one of them.
[[nodiscard]] std::optional<Limit> algorithmic_minimum(const Cascade& cascade, const Machine& machine);

}  // namespace fusescape
