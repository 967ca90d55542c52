// What is wrong with the values of a sweep's axes, and how is it told?
#pragma once

#include <vector>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/sweep_binding.hpp"

namespace fusescape {

/// As far as the sweep's size allows to look: of a large grid each axis is tried alone.
[[nodiscard]] std::vector<SweepProblem> problems_of_values(const SweepSpec& spec, const SweepBinder& binder);

/// The problems at their places in the sweep's file.
[[nodiscard]] Failure located_failure(const InputFile& file, const std::vector<SweepProblem>& problems);

}  // namespace fusescape
