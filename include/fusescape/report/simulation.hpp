// What does a simulation tell its user? Its numbers beside those of the closed form, and what differs.
//
// docs/simulate.md documents the fields; the writers below print the same ones in every format.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/table.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/run_energy.hpp"
#include "fusescape/sim/simulate.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// A core, a port or a link. Cycles are rounded up, each on its own.
struct ResourceReport {
  std::string name;
  SimResourceKind kind{};
  Cycles busy;
  double utilization = 0.0;  ///< Share of the whole run.
  Bytes bytes;
  std::array<Cycles, kStallCount> stall{};  ///< By Stall; of cores.
};

/// DRAM traffic of one tensor in one group, beside what the closed form counts.
struct SimTensorReport {
  std::string group;
  std::string name;
  Bytes read;     ///< Reloads included.
  Bytes written;  ///< Evictions included.
  Bytes reloaded;
  Bytes evicted;
  Bytes closed_read;
  Bytes closed_written;

  [[nodiscard]] bool differs() const { return read != closed_read || written != closed_written; }
};

struct SimGroupReport {
  std::string name;
  Cycles start;
  Cycles end;
  Cycles compute;
  Bytes dram_read;
  Bytes dram_write;
  Bytes peak;
  std::int64_t prefetch_depth = 1;  ///< That memory had places for.
  Cycles closed_latency;
  Bytes closed_dram_read;
  Bytes closed_dram_write;
  Bytes closed_peak;
};

struct SimulationDetails {
  Cycles latency;
  Cycles closed_latency;
  Bytes closed_dram_read;
  Bytes closed_dram_write;
  Bytes closed_peak;
  bool fits = true;  ///< Else the closed form is that of a memory as large as it takes.
  std::vector<SimGroupReport> groups;
  std::vector<ResourceReport> resources;
  std::vector<SimTensorReport> tensors;
  std::int64_t events = 0;
  std::int64_t skipped = 0;
  std::string why;  ///< One line: where the latencies differ most, and what the simulation saw there.

  /// 100 x (simulated / closed - 1).
  [[nodiscard]] double difference_percent() const;
};

struct SimulationReport {
  EvaluationReport evaluation;               ///< With the simulated numbers; its model is "sim".
  std::vector<Field> options;                ///< What the simulation was told.
  std::optional<SimulationDetails> details;  ///< None if there is no result: `evaluation` has the reason.
};

/// The closed form's cost with what the simulation knows: latency, DRAM bytes, peak and bound. Operations and
/// on-chip traffic are the plan's.
[[nodiscard]] Cost simulated_cost(const SimulatedPlan& simulated);
/// That of the plan's counts with the simulation's times and DRAM bytes. What eviction moves beyond the plan
/// crosses the on-chip memory's ports as it crosses the DRAM's.
[[nodiscard]] PlanEnergy simulated_energy(const Cascade& cascade, const Design& design,
                                          const SimulatedPlan& simulated);

/// An evaluation's numbers, from the simulation wherever it has them: simulated_cost, and the groups'
/// latency, DRAM bytes, peaks and tensors.
[[nodiscard]] EvaluationOutcome simulated_outcome(const Workload& workload, const Design& design,
                                                  const SimulatedPlan& simulated, const PlanEnergy& energy);

[[nodiscard]] SimulationDetails details_of(const Workload& workload, const Design& design,
                                           const SimulatedPlan& simulated);

[[nodiscard]] std::vector<Field> options_of(const SimOptions& options);

/// An evaluation's, and beside it the options, the closed form's figures and why they differ; in JSON also
/// `resources` and `tensors`, and more of each group.
[[nodiscard]] Document document_of(const SimulationReport& report);

[[nodiscard]] std::string_view name_of(SimResourceKind kind);
[[nodiscard]] std::string_view name_of(Stall stall);

}  // namespace fusescape
