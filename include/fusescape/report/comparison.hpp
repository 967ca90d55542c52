// How do several strategies for the same workload and accelerator compare?
#pragma once

#include <string>
#include <vector>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/table.hpp"

namespace fusescape {

/// One row per report: fields_of and `speedup` = latency of the first feasible report / its own. Expects
/// reports of equal ranks.
[[nodiscard]] Table comparison_table(const std::vector<EvaluationReport>& reports);

/// An array of the objects that evaluation_json prints, less their groups, with `speedup`.
[[nodiscard]] std::string comparison_json(const std::vector<EvaluationReport>& reports);

/// The columns that a person compares, the reasons of infeasible rows, and the assumptions.
[[nodiscard]] std::string comparison_text(const std::vector<EvaluationReport>& reports, TextStyle style);

}  // namespace fusescape
