// Why does a sweep's best design take what it takes?
#pragma once

#include <vector>

#include "result_files.hpp"

namespace fusescape {

/// Evaluations, as `evaluate --json` prints them, of the best design in the scenario where it gains most, and
/// of the baseline that it is compared with there; and its roofline. Nothing if no scenario has a best
/// design. The files that the sweep names are read again: an error, if they now give something else.
[[nodiscard]] expected<std::vector<ResultFile>, Failure> best_design_results(const FinishedSweep& sweep);

}  // namespace fusescape
