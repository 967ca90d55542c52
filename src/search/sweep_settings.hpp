// Which settings does a point have, and what is each of them for?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/search/sweep_binding.hpp"

namespace fusescape {

inline constexpr std::string_view kStrategyKey = "strategy";
inline constexpr std::string_view kEntropyKey = "entropy";

/// Settings by what they set, each in the order in which they apply.
struct Split {
  std::vector<Setting> workload;
  std::vector<Setting> design;
  std::optional<Setting> strategy;
  std::optional<Setting> entropy;
};
[[nodiscard]] Split split_settings(const std::vector<Setting>& settings, const SweepBinder& binder);

void append(std::vector<Setting>& settings, const std::vector<Setting>& more);

/// As one text: equal texts mean equal values, which are then made once.
[[nodiscard]] std::string identity_of(const std::vector<Setting>& settings);

/// Of the strategy, with the entropies if it reads them. Expects a strategy.
[[nodiscard]] std::string strategy_identity(const Split& split);

/// Whether something that points are judged by reads energy.
[[nodiscard]] bool reads_energy(const SweepSpec& spec);

/// Designs of all baselines in all scenarios.
[[nodiscard]] std::size_t baseline_count(const SweepSpec& spec);

/// Of the design of a baseline at one of the positions that baseline_designs gives.
[[nodiscard]] std::vector<Setting> baseline_settings(const SweepSpec& spec, std::size_t number);

}  // namespace fusescape
