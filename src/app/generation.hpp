// What does a prompt with a generation take? A prefill, then decode steps whose caches grow.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/cost/generation.hpp"
#include "inputs.hpp"

namespace fusescape {

/// Takes `prompt=N` and `generate=M` out of `settings`, as asked_generation reads them.
[[nodiscard]] expected<std::optional<Generation>, Failure> take_generation(
    std::vector<std::string>& settings);

/// The usage error of a problem with settings of the command line; `value` is what the key is set to.
[[nodiscard]] Failure failure_of(const GenerationProblem& problem, std::string_view value);

/// Whether some block of a model has caches: rank S.
[[nodiscard]] bool has_caches(const InputFile& model);

/// A report, and if it has no result, why.
struct GenerationAnswer {
  EvaluationReport report;
  std::optional<Failure> refused{};
};

/// The report of a model under settings: that of the whole model. A failure: there is no report.
using ReportUnder =
    std::function<expected<GenerationAnswer, Failure>(const std::vector<std::string>& settings)>;

/// The prefill's report, with what the generation takes. `settings` are those of both phases; a model without
/// caches (no rank S) takes every step alike. If a run is infeasible, the report is that run's, and the
/// reason and the refusal begin with its phase.
[[nodiscard]] expected<GenerationAnswer, Failure> generation_report(const Generation& generation,
                                                                    bool has_caches,
                                                                    const std::vector<std::string>& settings,
                                                                    const ReportUnder& report_under);

/// Inputs of the prefill; a failure also if a step has none. `arguments` has the settings of both phases.
[[nodiscard]] expected<Inputs, Failure> prefill_inputs(const Generation& generation, bool has_caches,
                                                       const InputArguments& arguments);

}  // namespace fusescape
