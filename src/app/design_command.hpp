// Which command evaluates a design of a sweep?
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fusescape/search/sweep_spec.hpp"

namespace fusescape {

/// Values of a design by axis, in the words of points.csv.
using AxisLabels = std::map<std::string, std::string>;

/// What the sweep sets for the design, each key once: a later setting replaces an earlier one. `over` comes
/// after all of them.
[[nodiscard]] std::vector<Setting> settings_of_design(const SweepSpec& spec, const AxisLabels& labels,
                                                      const std::vector<Setting>& over = {});

/// "fusescape evaluate --arch A --workload W --set KEY=VALUE ... --strategy S", for a shell.
[[nodiscard]] std::string command_of(const SweepSpec& spec, const std::vector<Setting>& settings);

/// From which a page's scripts put together the command of any point: its parts by axis and label.
[[nodiscard]] nlohmann::ordered_json command_json(const SweepSpec& spec);

/// The metric that --minimize names for the design's plan to be the sweep's; "" if it need not be said.
[[nodiscard]] std::string plan_objective(const SweepSpec& spec, const std::vector<Setting>& settings);

/// A word that a shell passes on as it is.
[[nodiscard]] std::string shell_word(const std::string& word);

}  // namespace fusescape
