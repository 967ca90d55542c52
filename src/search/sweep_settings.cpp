#include "sweep_settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/search/sweep_source.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {

void append(std::vector<Setting>& settings, const std::vector<Setting>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
}

std::string identity_of(const std::vector<Setting>& settings) {
  std::string text;
  for (const Setting& setting : settings) {
    text +=
        fmt::format("{}:{}={}:{}\n", setting.key.size(), setting.key, setting.value.size(), setting.value);
  }
  return text;
}

Split split_settings(const std::vector<Setting>& settings, const SweepBinder& binder) {
  Split split;
  for (const Setting& setting : settings) {
    if (setting.key == kStrategyKey) {
      split.strategy = setting;
    } else if (setting.key == kEntropyKey) {
      split.entropy = setting;
    } else {
      (binder.sets_workload(setting.key) ? split.workload : split.design).push_back(setting);
    }
  }
  return split;
}

std::string strategy_identity(const Split& split) {
  FUSESCAPE_EXPECTS(split.strategy.has_value());
  const Strategy* named = find_strategy(split.strategy->value);
  const bool reads = split.entropy && named != nullptr && named->reads_entropy;
  return reads ? identity_of({*split.strategy, *split.entropy}) : identity_of({*split.strategy});
}

bool reads_energy(const SweepSpec& spec) {
  return read_energy({&spec.minimize, 1}) || read_energy(spec.pareto) ||
         std::any_of(spec.constraints.begin(), spec.constraints.end(), [](const Constraint& constraint) {
           return read_energy({&constraint.metric, 1});
         });
}

std::size_t baseline_count(const SweepSpec& spec) {
  if (spec.baselines.empty()) return 0;
  const BaselineDesigns last = baseline_designs(spec, scenario_count(spec) - 1, spec.baselines.size() - 1);
  return last.first + last.count;
}

std::vector<Setting> baseline_settings(const SweepSpec& spec, std::size_t number) {
  const std::size_t in_scenario = baseline_count(spec) / scenario_count(spec);
  const std::size_t scenario = number / in_scenario;
  std::size_t baseline = 0;
  BaselineDesigns designs = baseline_designs(spec, scenario, baseline);
  while (number >= designs.first + designs.count) designs = baseline_designs(spec, scenario, ++baseline);
  std::vector<Setting> settings = spec.fixed;
  for (const AxisValue* value : scenario_values(spec, scenario)) {
    if (value != nullptr) append(settings, value->settings);
  }
  append(settings, spec.baselines[baseline].settings);
  for (const AxisValue* value : open_values(spec, spec.baselines[baseline], number - designs.first)) {
    append(settings, value->settings);
  }
  return settings;
}

bool in_budget(const SweepSpec& spec, std::optional<SquareMm> budget, std::optional<SquareMm> area) {
  if (!spec.budget) return true;
  return budget && area && *area <= (1.0 + spec.budget->tolerance) * *budget;
}

}  // namespace fusescape
