// What does an evaluation tell its user? Every number of `fusescape evaluate`, as one plain value.
//
// docs/cli.md documents the fields; the writers below print the same ones in every format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/report/silicon.hpp"
#include "fusescape/report/table.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/model_head.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Why a tensor crosses the DRAM port in a group.
enum class Movement : unsigned char {
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
  int bits = 0;  ///< Per element while in DRAM.
  Bytes size;    ///< Of the whole tensor in that format.
  Movement movement{};
};

/// A node of a group's tree. `rank`, `tile` and `trips` belong to loops; `op` to operators.
struct TreeReport {
  NodeKind kind{};
  std::string rank;
  std::int64_t tile = 0;
  std::int64_t trips = 0;  ///< ceil(extent / tile), the last one possibly smaller.
  std::string op;
  std::vector<TreeReport> children;
};

/// Cycles of each part are rounded up on their own, so that they may exceed the total by one per group.
struct GroupReport {
  std::string name;
  std::vector<std::string> ops;
  TreeReport tree;
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
  std::vector<TensorReport> tensors;
};

/// Which question was asked, and what every answer to it depends on.
struct Subject {
  std::string workload;
  std::string arch;
  std::string technology;
  std::string strategy;
  std::string model = "closed";  ///< Which model answers: "closed" or "sim".
  std::string phase;
  std::string dtype;
  std::vector<std::pair<std::string, std::int64_t>> ranks;
  std::int64_t n_layer = 1;
  std::optional<std::int64_t> params;
  std::int64_t tokens = 1;  ///< That one run of the block advances, over the whole batch.
  std::int64_t pes = 0;
  Bytes capacity;
  Hertz clock;
  std::optional<double> area_mm2;
  std::string version;
  std::vector<std::string> assumptions;
};

/// What final norm and head take, once a model, whatever the plan of its blocks: made once for many reports.
struct ModelHead {
  HeadAssessment assessment;
  std::optional<double> energy_pj;  ///< Without leakage.
};
[[nodiscard]] ModelHead model_head(const Workload& workload, const Accelerator& accelerator,
                                   const Technology* technology);

/// Of final norm and head.
struct HeadReport {
  Cycles latency;
  Cycles compute;
  Bytes dram;
  Bytes peak;
  Bound bound{};
};

/// Of n_layer blocks and, after the last, final norm and head.
struct WholeReport {
  Cycles latency;
  Bytes dram;
  std::optional<double> energy_pj;  ///< Without leakage.
  std::optional<HeadReport> head;   ///< None: the workload models none.
};

/// Of one block, except where the name says otherwise.
struct EvaluationOutcome {
  Cycles latency;
  Cycles compute;
  Bytes dram_read;
  Bytes dram_write;
  Bytes peak;
  Bytes onchip_read;
  Bytes onchip_write;
  Ops operations;
  double utilization = 0.0;
  Bound bound{};
  std::optional<double> energy_pj;  ///< Without leakage.
  std::optional<double> power_w;    ///< With it.
  std::vector<GroupReport> groups;
  std::optional<WholeReport> whole{};  ///< None: the blocks run, and the whole model does not.
  std::string no_whole{};              ///< Why.
};

struct EvaluationReport {
  Subject subject;
  std::optional<EvaluationOutcome> outcome;  ///< None: infeasible.
  std::string reason;                        ///< Why it is infeasible.
};

[[nodiscard]] Subject subject_of(const Workload& workload, const Accelerator& accelerator,
                                 std::string_view strategy, const Silicon& silicon);

[[nodiscard]] EvaluationOutcome outcome_of(const Workload& workload, const Accelerator& accelerator,
                                           const Assessment& assessment, const Silicon& silicon);

/// Adds the whole model to an outcome, whose block costs `block` and has its energy already.
void add_whole(const Workload& workload, const Cost& block, const ModelHead& head,
               EvaluationOutcome& outcome);

/// Operations weighted with the cycles each takes, over what `pes` could do in `latency`.
[[nodiscard]] double utilization_of(Cycles pe_cycles, std::int64_t pes, Cycles latency);

/// All fields but the groups, in the order of docs/cli.md. The same names for a feasible and an infeasible
/// report of equal ranks.
[[nodiscard]] std::vector<Field> fields_of(const EvaluationReport& report);

/// One object, groups and assumptions included.
[[nodiscard]] std::string evaluation_json(const EvaluationReport& report);

/// A header line and one row of fields_of.
[[nodiscard]] std::string evaluation_csv(const EvaluationReport& report);

/// The table of groups, the totals and the assumptions.
[[nodiscard]] std::string evaluation_text(const EvaluationReport& report, TextStyle style);

/// Per group: what bounds it, what it moves and why, and which lever would help. Empty if infeasible.
[[nodiscard]] std::string explanation_text(const EvaluationReport& report, TextStyle style);

[[nodiscard]] std::string_view name_of(Bound bound);
[[nodiscard]] std::string_view name_of(BufferRole role);
[[nodiscard]] std::string_view name_of(Movement movement);
[[nodiscard]] std::string_view name_of(Phase phase);

}  // namespace fusescape
