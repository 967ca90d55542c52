// What does a prompt with a generation take? A prefill, then decode steps whose caches grow.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inputs.hpp"

namespace fusescape {

/// `--set prompt=N --set generate=M`: tokens of each sequence. The prefill makes the first of the M, and each
/// decode step one more.
struct Generation {
  std::int64_t prompt = 0;
  std::int64_t tokens = 0;
};

/// Takes both out of `settings`. None: neither is there. A usage error if one lacks the other, is no whole
/// number from 1, or stands beside a phase, L or S of its own.
[[nodiscard]] expected<std::optional<Generation>, Failure> take_generation(
    std::vector<std::string>& settings);

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

/// Lengths of the cache, from the first to the last of `count`, at which steps are evaluated: all if they are
/// few, else as many as are few, evenly spread.
[[nodiscard]] std::vector<std::int64_t> sampled_lengths(std::int64_t first, std::int64_t count);

}  // namespace fusescape
