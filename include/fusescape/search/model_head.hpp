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

/// None: the workload models no head. The plan of the blocks makes no difference to it.
using HeadAssessment = std::optional<expected<Assessment, AssessmentError>>;
[[nodiscard]] HeadAssessment assess_head(const Workload& workload, const Accelerator& accelerator);

/// The head's cost, or why it has none: blocks may run all the same.
using HeadCost = expected<Cost, std::string>;
[[nodiscard]] HeadCost head_cost(const expected<Assessment, AssessmentError>& head);

/// The model's sums, or why there are none: a head that does not run, a count that does not fit 64 bits.
/// `head` is null where the workload models none.
[[nodiscard]] expected<WholeModel, std::string> whole_model(const Workload& workload, const Cost& block,
                                                            const HeadCost* head);

/// One line on what the whole model is: how many blocks, and what follows them.
[[nodiscard]] std::string describe_whole_model(const Workload& workload);

/// Heads of a sweep's points. Each distinct head is planned once for each way to lay it over hardware, and
/// costed once for each accelerator.
class HeadCosts {
 public:
  HeadCosts(const BoundSweep& sweep, std::span<const DesignPoint> points, int jobs);

  /// Null if the point's workload models no head.
  [[nodiscard]] std::shared_ptr<const HeadCost> of(const DesignPoint& point) const;

 private:
  using Costs = std::vector<std::shared_ptr<const HeadCost>>;  ///< Per accelerator; null: no point needs it.
  struct OneHead {
    const Cascade* cascade = nullptr;
    Costs costs{};
  };

  std::vector<OneHead> heads_;
  std::vector<std::optional<std::size_t>> head_of_;  ///< Per workload: its position in heads_.
};

}  // namespace fusescape
