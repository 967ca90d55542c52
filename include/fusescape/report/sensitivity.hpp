// How is the sensitivity of a sweep's answer shown?
#pragma once

#include <string>

#include "fusescape/report/table.hpp"
#include "fusescape/search/sensitivity.hpp"

namespace fusescape {

/// One row per scenario and constant, of the most swing first: sensitivity.csv.
[[nodiscard]] Table sensitivity_table(const SensitivityQuestion& question, const SensitivityAnswer& answer);

/// The tornado tables for people, one per scenario, and what they took.
[[nodiscard]] std::string sensitivity_text(const SensitivityQuestion& question,
                                           const SensitivityAnswer& answer, TextStyle style = {});

}  // namespace fusescape
