// How does a sweep take a prompt with a generation? As the points of its prefill and of its decode steps.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fusescape/search/sweep.hpp"

namespace fusescape {

/// `prompt` and `generate` among a workload's settings.
struct AskedGeneration {
  Generation tokens;
  Setting prompt;
  Setting generate;
};

/// Takes both out of `settings`; the last of either counts. None: neither is there. A problem if one lacks
/// the other, is no whole number from 1, or stands beside a phase, L or S.
[[nodiscard]] expected<std::optional<AskedGeneration>, SweepProblem> take_generation(
    std::vector<Setting>& settings);

/// Of both phases, `settings` of the rest of the workload.
[[nodiscard]] std::vector<Setting> prefill_settings(std::vector<Setting> settings,
                                                    const AskedGeneration& asked);
[[nodiscard]] std::vector<Setting> step_settings(std::vector<Setting> settings, const AskedGeneration& asked,
                                                 std::int64_t length, bool has_caches);

/// Outcomes of `points` of a sweep with generations, parallel to them: those of the prefills, with what the
/// generation takes. One with a run that does not fit is infeasible, and says which.
[[nodiscard]] std::vector<PointOutcome> evaluate_generations(const BoundSweep& sweep,
                                                             std::span<const DesignPoint> points,
                                                             const SweepRun& run);

}  // namespace fusescape
