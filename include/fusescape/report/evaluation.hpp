// What does an evaluation tell its user? Every number of `fusescape evaluate`, as one plain value.
//
// docs/cli.md documents the fields, which are the same in every format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/design.hpp"
#include "fusescape/cost/metrics.hpp"
#include "fusescape/report/document.hpp"
#include "fusescape/report/optimal_report.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/model_head.hpp"
#include "fusescape/search/run_energy.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Why a tensor crosses the DRAM port in a group.
enum class Crossing : unsigned char {
  kWeight,
  kBlockInput,
  kBlockOutput,
  kState,        ///< Carried from one call to the next.
  kOtherGroup,   ///< Made in an earlier group, or read in a later one.
  kWithinGroup,  ///< Made and read here, and still sent through DRAM.
};

struct TensorReport {
  std::string name;
  Bytes bytes_read;
  Bytes bytes_written;
  BufferRole residency{};
  int bits = 0;         ///< Per element while in DRAM.
  Bytes size;           ///< Bytes of the whole tensor in that format.
  Crossing crossing{};  ///< Means nothing where no byte moves.
};

/// What a profiler counted and timed of a group's kernels, together. Null: it did not.
struct MeasuredGroup {
  std::optional<Bytes> dram_read{};
  std::optional<Bytes> dram_write{};
  std::optional<double> time_us{};
};

/// Cycles of each part are rounded up on their own, so that they may exceed the total by one per group.
struct GroupReport {
  std::string name;
  std::vector<std::string> ops;
  Record loops;  ///< The tree: `kind`, of a loop `rank`, `tile` and `trips`, of an operator `op`; `children`.
  Cycles latency;
  Cycles compute;  ///< The PEs are busy this long.
  Cycles dram;     ///< The DRAM port is.
  Cycles onchip;   ///< The on-chip memory's ports are.
  Bytes dram_read;
  Bytes dram_write;
  Bytes peak;
  Bound bound{};
  Ops operations;
  double utilization = 0.0;
  Bytes onchip_fill;                ///< What DRAM reads write into the on-chip memory, at the on-chip width.
  Bytes onchip_drain;               ///< What DRAM writes read from the on-chip memory, at the on-chip width.
  std::optional<double> energy_pj;  ///< Null where a component is.
  std::vector<TensorReport> tensors;
  std::optional<MeasuredGroup> measured{};  ///< If measurements were given, of every group.
};

/// Which question was asked, and what every answer to it depends on.
struct Subject {
  std::string workload;
  std::string arch;
  std::string technology;
  std::string strategy;
  std::string entropy{};         ///< Where the entropies that it reads come from; empty: it reads none.
  std::string model = "closed";  ///< Which model answers: "closed" or "sim".
  std::string phase;
  std::string dtype;
  std::vector<std::pair<std::string, std::int64_t>> ranks;
  std::int64_t n_layer = 1;
  bool is_stack = false;  ///< The model is a stack: its layers are blocks of several kinds.
  std::optional<std::int64_t> params;
  std::string version;
  std::vector<std::string> assumptions;
};

/// What all blocks and, after the last, final norm and head take.
struct WholeReport {
  WholeModel sums;
  std::optional<double> energy_pj;
  std::optional<HeadRun> head;  ///< None: the workload models none.
};

struct EvaluationOutcome {
  Cost cost;  ///< What one block takes.
  std::vector<GroupReport> groups;
  EnergyBreakdown energy{};  ///< Energy of one block.
};

/// A component of the energy, or why it is null.
struct EnergyPart {
  std::optional<double> pj;
  std::string why;
};

/// What a prompt and the tokens generated after it take of the whole model; the report around it is the
/// prompt's. What has no value did not run.
struct GenerationReport {
  std::int64_t prompt = 0;  ///< Tokens of each sequence.
  /// The prefill makes the first; tokens - 1 decode steps, before which the cache holds prompt, ...,
  /// prompt + tokens - 2, make the others.
  std::int64_t tokens = 0;
  bool has_caches = false;  ///< Without, all steps are equal.
  std::optional<double> ttft_ms{};
  std::optional<double> tpot_ms{};   ///< Mean over the steps; none if there is no step.
  std::optional<double> total_ms{};  ///< ttft_ms + (tokens - 1) x tpot_ms.
  std::optional<double> energy_pj{};
  std::int64_t lengths = 0;  ///< Lengths of the cache at which steps were evaluated; straight lines between.
  /// total_ms is wrong by at most this if no step is faster than one with a shorter cache.
  std::optional<double> bound_ms{};
  std::string why_no_bound{};  ///< If a step that was evaluated is faster.
};

struct EvaluationReport {
  Subject subject;
  std::vector<MetricValue> figures;          ///< Parallel to metrics().
  std::vector<EnergyPart> energy;            ///< What energy_pj is made of, parallel to kEnergyComponents.
  expected<WholeReport, std::string> whole;  ///< Or why there is no such sum.
  std::optional<EvaluationOutcome> outcome;  ///< None: infeasible.
  std::string reason;                        ///< Why it is infeasible.
  std::optional<OptimalReport>
      optimal{};  ///< How strategy `optimal` found its plan. None: another strategy, or no plan.
  /// A report for each kind of layers of a stack: `workload` is the kind's name, `n_layer` their number,
  /// `strategy` what made their plan. A stack of several kinds has no outcome of its own.
  std::vector<EvaluationReport> layers{};
  std::optional<GenerationReport> generation{};  ///< If it was asked for.

  [[nodiscard]] bool feasible() const;

  /// The figure of this name. Expects one of metrics().
  [[nodiscard]] const MetricValue& figure(std::string_view name) const;
};

/// Subject and figures; what is left is the outcome, or the reason why there is none.
[[nodiscard]] EvaluationReport report_of(const Evaluated& evaluated, std::string_view strategy);

[[nodiscard]] EvaluationOutcome outcome_of(const Workload& workload, const Design& design,
                                           const Assessment& assessment, const PlanEnergy& energy);

/// All fields but the groups, in the order of docs/cli.md. The same names for a feasible and an infeasible
/// report of equal ranks.
[[nodiscard]] std::vector<Field> fields_of(const EvaluationReport& report);

/// Adds `energy_null` (per component) and `metrics_null` (per figure that `record` has): why each is null.
void add_null_reasons(const EvaluationReport& report, Record& record);

/// Adds `measured` and `ratio`, measured / modelled, if measurements were given.
void add_measured(const GroupReport& group, Hertz clock, Record& record);

/// For one block whose groups all have `measured`: model, measurement and measured / modelled, by group and
/// of all. Null where a part is, or the model has 0.
[[nodiscard]] Table measured_table(const EvaluationReport& report);

/// "modelled, assuming: ...", below every report.
[[nodiscard]] std::string assumptions_text(const Subject& subject,
                                           const std::vector<std::string>& assumptions);

/// Rows: one, of fields_of. JSON has groups and assumptions, too.
[[nodiscard]] Document document_of(const EvaluationReport& report);

/// "conv" of a group of one operator, "dA..y" of several.
[[nodiscard]] std::string group_name(const Cascade& cascade, const std::vector<OpId>& operators);

[[nodiscard]] std::string_view name_of(Bound bound);
[[nodiscard]] std::string_view name_of(Crossing crossing);
[[nodiscard]] std::string_view name_of(Phase phase);

}  // namespace fusescape
