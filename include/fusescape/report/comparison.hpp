// How do strategies compare on one workload and accelerator, and how far are they from what is possible at
// all?
#pragma once

#include <string>
#include <vector>

#include "fusescape/cost/physical_limit.hpp"
#include "fusescape/report/evaluation.hpp"

namespace fusescape {

/// A bound beside the strategies: "ideal", "alg-min".
struct NamedLimit {
  std::string name;
  Limit limit;
};

/// Rows: fields_of each report in the order given, with `speedup` over the first feasible one; then the
/// limits, which have only what a bound has, and whose `feasible` is empty. JSON has each report's
/// assumptions, too. People read what runs, fastest first and marked, strategies of equal results in one row;
/// the limits; why others are infeasible. Expects at least one report.
[[nodiscard]] Document document_of(const std::vector<EvaluationReport>& reports,
                                   const std::vector<NamedLimit>& limits);

}  // namespace fusescape
