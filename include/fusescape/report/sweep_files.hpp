// What does a finished sweep leave in its folder, and what does it tell on one screen?
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "fusescape/report/document.hpp"
#include "fusescape/search/sweep_answer.hpp"
#include "fusescape/search/sweep_spec.hpp"

namespace fusescape {

inline constexpr std::string_view kSensitivityFile = "sensitivity.csv";

/// What `sweep`, `merge` and `sensitivity` write into a sweep's folder.
inline constexpr std::array<std::string_view, 8> kSweepFiles{"points.csv",    "baselines.csv", "pareto.csv",
                                                             "resolved.yaml", "summary.json",  "run.json",
                                                             ".lock",         kSensitivityFile};

/// summary.json: the best design of each scenario, beside the baselines and the published figures.
[[nodiscard]] std::string summary_json(const SweepSpec& spec, const SweepAnswer& answer);

/// resolved.yaml: the sweep as it was run, command-line settings included, as a file that `sweep` reads.
[[nodiscard]] std::string resolved_yaml(const SweepSpec& spec);

/// The answer for a person.
[[nodiscard]] Document document_of(const SweepAnswer& answer);

}  // namespace fusescape
