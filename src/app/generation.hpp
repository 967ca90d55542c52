// What does a prompt with a generation take? A prefill, then decode steps whose caches grow.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inputs.hpp"

namespace fusescape {

/// `--set prompt=N --set generate=N`: tokens of each sequence.
struct Generation {
  std::int64_t prompt = 0;
  std::int64_t tokens = 0;
};

/// Takes both out of `settings`. None: neither is there. A usage error if one lacks the other, is no whole
/// number from 1, or stands beside a phase, L or S of its own.
[[nodiscard]] expected<std::optional<Generation>, Failure> take_generation(
    std::vector<std::string>& settings);

/// The report of a model under settings: that of the whole model.
using ReportUnder =
    std::function<expected<EvaluationReport, Failure>(const std::vector<std::string>& settings)>;

/// The prefill's report, with what the generation takes. `settings` are those of both phases; a model without
/// caches (no rank S) takes every step alike.
[[nodiscard]] expected<EvaluationReport, Failure> generation_report(const Generation& generation,
                                                                    bool has_caches,
                                                                    const std::vector<std::string>& settings,
                                                                    const ReportUnder& report_under);

/// Lengths of the cache, from the first to the last of `count`, at which steps are evaluated: all if they are
/// few, else as many as are few, evenly spread.
[[nodiscard]] std::vector<std::int64_t> sampled_lengths(std::int64_t first, std::int64_t count);

}  // namespace fusescape
