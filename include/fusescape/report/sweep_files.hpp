// What does a finished sweep leave in its folder, and what does it tell on one screen?
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "fusescape/report/table.hpp"
#include "fusescape/search/sweep.hpp"
#include "fusescape/search/sweep_answer.hpp"
#include "fusescape/search/sweep_binding.hpp"
#include "fusescape/search/sweep_spec.hpp"

namespace fusescape {

/// What `sweep` writes into its folder, in this order.
inline constexpr std::array<std::string_view, 4> kSweepFiles{"points.csv", "pareto.csv", "summary.json",
                                                             "resolved.yaml"};

/// points.csv: one row per point in grid order (the last axis varies fastest): its axes, then its figures.
[[nodiscard]] Table points_table(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result);

/// pareto.csv: the rows of `points` that the answer's scenarios list, in grid order.
[[nodiscard]] Table pareto_table(const Table& points, const SweepAnswer& answer);

/// summary.json: the best design of each scenario, beside the baselines and the published figures.
[[nodiscard]] std::string summary_json(const SweepSpec& spec, const SweepAnswer& answer);

/// resolved.yaml: the sweep as it was run, command-line settings included, as a file that `sweep` reads.
[[nodiscard]] std::string resolved_yaml(const SweepSpec& spec);

/// The answer for a person.
[[nodiscard]] std::string summary_text(const SweepAnswer& answer, TextStyle style);

}  // namespace fusescape
