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
#include "fusescape/search/sweep_point.hpp"
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

/// Heads of a sweep's points. Each distinct head has one planner for each way to lay it over hardware, and
/// one plan for all designs known to run it; what some of the last ones cost is kept. On any thread.
class SweepHeads {
 public:
  SweepHeads();
  SweepHeads(const SweepHeads&) = delete;
  SweepHeads(SweepHeads&&) = delete;
  SweepHeads& operator=(const SweepHeads&) = delete;
  SweepHeads& operator=(SweepHeads&&) = delete;
  ~SweepHeads();

  /// Null if the point's workload models no head. All calls ask for energy, or none does.
  [[nodiscard]] std::shared_ptr<const HeadOutcome> of(const SweepPoint& point, WithEnergy energy);

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace fusescape
