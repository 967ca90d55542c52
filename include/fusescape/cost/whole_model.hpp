// What does a whole model take? Its blocks one after another, and then, once, its final norm and head.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "fusescape/cost/energy.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Exact sums, or overflowed ones. Nothing overlaps between two blocks, nor between the last and the head.
struct WholeModel {
  Cycles latency;  ///< Sum of whole cycles: each block's latency and the head's are rounded up before.
  Bytes dram_read;
  Bytes dram_write;
  Ops ops;

  [[nodiscard]] Bytes dram() const { return dram_read + dram_write; }
};

/// Layers of one kind in a stack of several.
struct LayerCost {
  std::string kind;
  std::int64_t count = 1;
  bool is_replaced = false;  ///< Its plan is another strategy's: it has nothing that the one asked for fuses.
  std::optional<Cost> cost;  ///< Cost of one of the layers. None: it does not run.
  std::optional<EnergyBreakdown> energy{};  ///< Energy of one of the layers. None: not computed.
};

/// n_layer x block + head. `head` is null where the workload models none.
[[nodiscard]] WholeModel whole_model(std::int64_t n_layer, const Cost& block, const Cost* head);

/// What final norm and head take, once a model, whatever the plan of its blocks.
struct HeadRun {
  Cost cost;
  std::optional<EnergyBreakdown> energy;  ///< If it was asked for.
};

/// Or why the head does not run: the blocks may run all the same.
using HeadOutcome = expected<HeadRun, std::string>;

/// The model's sums, or why there are none: a head that does not run, a count that does not fit 64 bits.
/// `head` is null where the workload models none, and only there.
[[nodiscard]] expected<WholeModel, std::string> whole_model(const Workload& workload, const Cost& block,
                                                            const HeadOutcome* head);
/// Same, of a stack: of each kind count x cost. Expects that all kinds run.
[[nodiscard]] expected<WholeModel, std::string> whole_model(const Workload& workload,
                                                            std::span<const LayerCost> layers,
                                                            const HeadOutcome* head);

}  // namespace fusescape
