// Why is a figure null? Beside every report in JSON. Private to report.
#pragma once

#include <nlohmann/json.hpp>

#include "fusescape/report/evaluation.hpp"

namespace fusescape {

/// Adds `energy_null` (per component) and `metrics_null` (per figure of `object`): the reason for each null.
void add_null_reasons(const EvaluationReport& report, nlohmann::ordered_json& object);

}  // namespace fusescape
