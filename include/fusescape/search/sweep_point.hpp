// Which design in which scenario is one point of a sweep, and what came of it?
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/design.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/cost/generation.hpp"
#include "fusescape/cost/metrics.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/search/strategy.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// What a plan that is given, not planned, is for a workload on the arrays of a design, or what is wrong with
/// it there, in one line.
using GivenPlan = std::function<expected<Plan, std::string>(const Cascade&, const Accelerator&)>;

/// A prompt with a generation, as the runs that it is made of.
struct GenerationRuns {
  Generation asked;
  bool has_caches = false;
  std::shared_ptr<const Model> prefill;
  std::vector<std::shared_ptr<const Model>> steps;  ///< At step_lengths(asked, has_caches).
};

/// All that the evaluation of a point reads. What is not shared belongs to whoever made it.
struct SweepPoint {
  std::shared_ptr<const Workload> workload;              ///< Of a stack: Model::whole.
  std::shared_ptr<const std::vector<Workload>> kinds{};  ///< Of a stack: Model::kinds. Else null.
  std::shared_ptr<const GenerationRuns> generation{};    ///< If not null, `workload` is its prefill.
  const Design* design = nullptr;
  std::uint64_t hardware = 0;  ///< Designs of one number differ in clock, capacity and DRAM bandwidth alone,
  std::uint64_t variant = 0;   ///< those of this number, too, in nothing.
  const Strategy* strategy = nullptr;
  const StrategyInputs* inputs = nullptr;
  const GivenPlan* plan = nullptr;  ///< If not null, it runs this plan, and `strategy` has only its name.
};

struct PointOutcome {
  enum class Status : unsigned char {
    kFeasible,
    kInfeasible,  ///< A row with feasible=false: the design cannot hold what the strategy needs.
    kFailed,      ///< It could not be evaluated at all (exit code 5).
    kSkipped,     ///< The run was stopped before it was evaluated.
  } status = Status::kSkipped;
  Cost cost;                                ///< If feasible: of one block.
  std::optional<EnergyBreakdown> energy;    ///< If feasible, and asked for: likewise.
  std::shared_ptr<const HeadOutcome> head;  ///< If feasible: of final norm and head; null if there are none.
  std::optional<GenerationTimes> generation{};  ///< If feasible, of a prompt with a generation.
  std::vector<LayerCost> layers{};  ///< If feasible, of a stack of several kinds, whose `cost` means nothing.
  bool lacks_operators = false;     ///< If failed: the workload has none of those that the strategy fuses.
  Bytes needed;                     ///< If infeasible: on-chip bytes, or zero where the strategy names none.
  Bytes available;                  ///< Likewise.
  std::string why;                  ///< Unless feasible.

  [[nodiscard]] bool feasible() const { return status == Status::kFeasible; }
};

struct SweepCounts {
  std::size_t feasible = 0;
  std::size_t infeasible = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;

  void add(PointOutcome::Status status);
};

/// What the figures of a point are read from. Refers to both.
[[nodiscard]] Evaluated evaluated_point(const SweepPoint& point, const PointOutcome& outcome);

}  // namespace fusescape
