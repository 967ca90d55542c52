// How do strategies compare on one workload and accelerator, and how far are they from what is possible at
// all?
#pragma once

#include <string>
#include <vector>

#include "fusescape/cost/physical_limit.hpp"
#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/table.hpp"

namespace fusescape {

/// A bound beside the strategies: "ideal", "alg-min".
struct NamedLimit {
  std::string name;
  Limit limit;
};

/// fields_of each report in the order given, with `speedup` over the first feasible one; then the limits,
/// which have only what a bound has, and whose `feasible` is empty. Expects at least one report.
[[nodiscard]] Table comparison_table(const std::vector<EvaluationReport>& reports,
                                     const std::vector<NamedLimit>& limits);

/// An array of the same rows, each report's with its assumptions.
[[nodiscard]] std::string comparison_json(const std::vector<EvaluationReport>& reports,
                                          const std::vector<NamedLimit>& limits);

/// For people: what runs, fastest first and marked, strategies of equal results in one row; the limits; why
/// others are infeasible; the assumptions. Keeps to the style's width.
[[nodiscard]] std::string comparison_text(const std::vector<EvaluationReport>& reports,
                                          const std::vector<NamedLimit>& limits, TextStyle style);

}  // namespace fusescape
