// Which workload, accelerator and strategy is each point of a sweep? Expands the axes, and makes each
// distinct value once.
//
// Search knows neither files nor keys: the layer above passes three functions that turn settings into values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/arch/design.hpp"
#include "fusescape/search/strategy.hpp"
#include "fusescape/search/sweep_point.hpp"
#include "fusescape/search/sweep_spec.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Makes designs that differ in a few keys alone, much faster than their files are bound: fills `design`,
/// made by the same series or by none yet, with the value `at[i]` of the ith key. False: SweepBinder::design
/// makes it, or says what is wrong.
using DesignSeries = std::function<bool(std::span<const std::size_t> at, Design& design)>;

/// How settings become values. `workload` gets those for which `sets_workload` holds, `design` the rest
/// (less `strategy` and `entropy`), in the order in which they apply.
struct SweepBinder {
  std::function<bool(std::string_view key)> sets_workload;
  std::function<expected<Model, SweepProblem>(std::span<const Setting>)> workload;
  std::function<expected<Design, SweepProblem>(std::span<const Setting>)> design;
  std::function<expected<EntropySource, SweepProblem>(const Setting&)>
      entropy{};            ///< Of `entropy`, likewise.
  std::string plan_name{};  ///< Of SweepSpec::plan, if there is one,
  GivenPlan plan{};         ///< and the plan itself.
  /// Keys that a series may vary. May be missing.
  std::function<bool(std::string_view key)> varies_quickly{};
  /// The designs under settings that all have, then one of the values of each varied key.
  std::function<DesignSeries(std::span<const Setting>, std::span<const std::span<const AxisValue>>)> series{};
  bool has_caches = false;  ///< Some block of the model has: its decode steps differ by S.
};

/// One design in one scenario: positions in the vectors of a BoundSweep.
struct DesignPoint {
  std::uint32_t workload = 0;
  std::uint32_t design = 0;
  std::uint32_t strategy = 0;
};

/// A sweep whose names are resolved.
struct BoundSweep {
  std::vector<Workload> workloads;  ///< Of a stack: Model::whole.
  std::vector<Design> designs;
  std::vector<const Strategy*> strategies;
  std::vector<StrategyInputs> inputs{};        ///< Parallel to strategies, or empty: all as by default.
  std::vector<DesignPoint> points;             ///< In grid order: a point's id is its position.
  std::vector<DesignPoint> baselines;          ///< At the positions that baseline_designs gives.
  std::vector<std::vector<Workload>> kinds{};  ///< Of stacks, parallel to workloads; empty: there is none.
  /// Of prompts with a generation, parallel to workloads, which are their prefills; null for others. Empty:
  /// there is none.
  std::vector<std::shared_ptr<const GenerationRuns>> generations{};
  bool energy = false;  ///< Something that is minimised reads energy, so it is computed.
};

/// All errors of the sweep's text, or the bound sweep. A value that a point cannot take (a workload without
/// that key, a size of zero, an unknown strategy) is an error; a design that does not fit is not.
[[nodiscard]] expected<BoundSweep, std::vector<SweepProblem>> bind_sweep(const SweepSpec& spec,
                                                                         const SweepBinder& binder);

/// The errors alone, without holding what is bound: values may be many.
[[nodiscard]] std::vector<SweepProblem> problems_of_binding(const SweepSpec& spec, const SweepBinder& binder);

}  // namespace fusescape
