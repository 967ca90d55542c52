// How does a sweep take a prompt with a generation? As a prefill and decode steps, whose times it adds up.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "fusescape/search/sweep_binding.hpp"
#include "fusescape/search/sweep_point.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// Whether `prompt` or `generate` is among settings of a workload.
[[nodiscard]] bool ask_for_generation(const std::vector<Setting>& settings);

using ModelMaker =
    std::function<expected<std::shared_ptr<const Model>, SweepProblem>(const std::vector<Setting>&)>;

/// The runs that `settings` ask for; the last `prompt` and `generate` among them count. A problem if one
/// lacks the other, is no whole number from 1, or stands beside a phase, L or S, or if a run cannot be made.
[[nodiscard]] expected<GenerationRuns, SweepProblem> generation_runs(std::vector<Setting> settings,
                                                                     bool has_caches, const ModelMaker& make);

/// Outcome of a point with a generation, of whose runs `outcome_of` tells the outcomes: that of its prefill,
/// with what the generation takes. If a run does not fit it is infeasible, and says which.
[[nodiscard]] PointOutcome outcome_of_runs(const SweepPoint& point,
                                           const std::function<PointOutcome(const SweepPoint&)>& outcome_of);

}  // namespace fusescape
