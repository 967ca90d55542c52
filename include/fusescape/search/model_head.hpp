// What do final norm and head cost, which follow a model's last block? Each operator alone, as `unfused`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fusescape/cost/whole_model.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/sweep_binding.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

enum class WithEnergy : bool { kNo, kYes };

/// None: the workload models no head. The plan of the blocks makes no difference to it.
[[nodiscard]] std::optional<HeadOutcome> head_of(const Workload& workload, const Design& design,
                                                 WithEnergy energy);

/// One line on what the whole model is: how many blocks, of each kind if there are several, and what follows
/// them.
[[nodiscard]] std::string describe_whole_model(const Workload& workload,
                                               std::span<const LayerCost> layers = {});

/// Heads of a sweep's points. Each distinct head is planned once for each way to lay it over hardware, and
/// costed once for each design; with its energy if the sweep asks for energy.
class SweepHeads {
 public:
  SweepHeads(const BoundSweep& sweep, std::span<const DesignPoint> points, int jobs);

  /// Null if the point's workload models no head.
  [[nodiscard]] std::shared_ptr<const HeadOutcome> of(const DesignPoint& point) const;

 private:
  using Outcomes = std::vector<std::shared_ptr<const HeadOutcome>>;  ///< Per design; null: no point needs it.
  struct OneHead {
    const Cascade* cascade = nullptr;
    Outcomes outcomes{};
  };

  std::vector<OneHead> heads_;
  std::vector<std::optional<std::size_t>> head_of_;  ///< Per workload: its position in heads_.
};

}  // namespace fusescape
