// How is the sensitivity of a sweep's answer shown?
#pragma once

#include "fusescape/report/document.hpp"
#include "fusescape/search/sensitivity.hpp"

namespace fusescape {

/// One row per scenario and constant, of the most swing first: sensitivity.csv.
[[nodiscard]] Table sensitivity_table(const SensitivityQuestion& question, const SensitivityAnswer& answer);

/// JSON has the rows, too; people read a tornado table per scenario, and what they took.
[[nodiscard]] Document document_of(const SensitivityQuestion& question, const SensitivityAnswer& answer);

}  // namespace fusescape
