// What does a whole model take? Its equal blocks one after another, and then, once, its final norm and head.
#pragma once

#include <cstdint>

#include "fusescape/cost/evaluate.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// Exact sums, or overflowed ones. Nothing overlaps between two blocks, nor between the last and the head.
struct WholeModel {
  Cycles latency;  ///< Of whole cycles: each block's latency and the head's are rounded up before.
  Bytes dram_read;
  Bytes dram_write;
  Ops ops;

  [[nodiscard]] Bytes dram() const { return dram_read + dram_write; }
};

/// n_layer x block + head. `head` is null where the workload models none.
[[nodiscard]] WholeModel whole_model(std::int64_t n_layer, const Cost& block, const Cost* head);

}  // namespace fusescape
