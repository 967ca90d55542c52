// `optimal` as JSON, for the report that holds it.
#pragma once

#include <nlohmann/json.hpp>

#include "fusescape/report/optimal_report.hpp"

namespace fusescape {

[[nodiscard]] nlohmann::ordered_json optimal_json(const OptimalReport& optimal);

}  // namespace fusescape
