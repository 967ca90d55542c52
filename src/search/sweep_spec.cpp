#include "fusescape/search/sweep_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/suggestion.hpp"
#include "fusescape/workload/generation_keys.hpp"

namespace fusescape {
namespace {

constexpr std::array<std::string_view, 4> kWordColumns{"strategy", "technology", "phase", "dtype"};
constexpr std::array<std::string_view, 13> kOwnColumns{"point",
                                                       "workload",
                                                       "arch",
                                                       "feasible",
                                                       "bound",
                                                       "status",
                                                       "reason",
                                                       "in_budget",
                                                       "meets_constraints",
                                                       "whole_latency_cycles",
                                                       "whole_dram_bytes",
                                                       "whole_ops",
                                                       "whole_energy_pj"};

bool sets(const std::vector<Setting>& settings, std::string_view key) {
  return std::any_of(settings.begin(), settings.end(), [&](const Setting& s) { return s.key == key; });
}

template <class Named>
bool names_one(const std::vector<Named>& known, const std::string& name) {
  return std::any_of(known.begin(), known.end(), [&](const Named& n) { return n.name == name; });
}

/// Keys of the axis' settings, each once, in order.
std::vector<std::string> keys_of(const Axis& axis) {
  std::vector<std::string> keys;
  for (const AxisValue& value : axis.values) {
    for (const Setting& setting : value.settings) {
      if (std::find(keys.begin(), keys.end(), setting.key) == keys.end()) keys.push_back(setting.key);
    }
  }
  return keys;
}

void check_axes(const SweepSpec& spec, std::vector<SweepProblem>& problems) {
  if (grid_size(spec) > kMaxGridSize) {
    problems.push_back({spec.axes_pos, fmt::format("the grid has more than {} points", kMaxGridSize)});
  }
  std::map<std::string, std::string> axis_of_key;
  for (const Axis& axis : spec.axes) {
    if (axis.values.empty()) {
      problems.push_back({axis.pos, fmt::format("axis '{}' has no values", axis.name)});
    }
    for (const std::string& key : keys_of(axis)) {
      const auto [other, is_new] = axis_of_key.try_emplace(key, axis.name);
      if (is_new) continue;
      problems.push_back(
          {axis.pos, fmt::format("'{}' is set by two axes, '{}' and '{}'", key, other->second, axis.name)});
    }
  }
  const bool has_strategy = axis_of_key.contains("strategy") || sets(spec.fixed, "strategy");
  if (spec.plan.empty() && !has_strategy) {
    problems.push_back({spec.axes_pos, "no strategy: add an axis with key 'strategy', or set it"});
  } else if (!spec.plan.empty() && has_strategy) {
    problems.push_back({spec.plan_pos, "plan: every point runs this plan; leave 'strategy' out"});
  }
}

bool leaves_open(const Axis& axis, const Baseline& baseline) {
  const std::vector<std::string> keys = keys_of(axis);
  return !keys.empty() && std::none_of(keys.begin(), keys.end(),
                                       [&](const std::string& key) { return sets(baseline.settings, key); });
}

/// The first key of the axis that the baseline does not set although it sets others.
std::optional<std::string> key_forgotten(const Axis& axis, const Baseline& baseline) {
  if (leaves_open(axis, baseline)) return std::nullopt;
  for (const std::string& key : keys_of(axis)) {
    if (!sets(baseline.settings, key)) return key;
  }
  return std::nullopt;
}

void check_baselines(const SweepSpec& spec, std::vector<SweepProblem>& problems) {
  for (const Axis& axis : spec.axes) {
    if (is_scenario_axis(spec, axis.name)) continue;
    for (const Baseline& baseline : spec.baselines) {
      const std::optional<std::string> key = key_forgotten(axis, baseline);
      if (!key) continue;
      problems.push_back({baseline.pos, fmt::format("baseline '{}' leaves '{}' open: set every key of axis "
                                                    "'{}', or none to stand for the best over it",
                                                    baseline.name, *key, axis.name)});
    }
  }
}

/// Designs of one baseline in one scenario.
std::size_t design_count(const SweepSpec& spec, const Baseline& baseline) {
  std::size_t designs = 1;
  for (const std::size_t axis : open_axes(spec, baseline)) designs *= spec.axes[axis].values.size();
  return designs;
}

/// Of a sample's grid, which may be larger than any that is run whole: scenarios and baselines are run whole.
void check_sampled(const SweepSpec& spec, std::vector<SweepProblem>& problems) {
  if (!spec.sample) return;
  const std::size_t scenarios = scenario_count(spec);
  if (scenarios > kMaxGridSize) {
    problems.push_back({spec.scenario_pos, fmt::format("more than {} scenarios", kMaxGridSize)});
  }
  for (const Baseline& baseline : spec.baselines) {
    if (design_count(spec, baseline) <= kMaxGridSize / std::max<std::size_t>(scenarios, 1)) continue;
    problems.push_back(
        {baseline.pos, fmt::format("baseline '{}' stands for more than {} designs; set more axes",
                                   baseline.name, kMaxGridSize)});
  }
}

/// A budget is one area, which the strategy alone cannot change.
void check_budget(const SweepSpec& spec, std::vector<SweepProblem>& problems) {
  for (const Baseline& baseline : spec.baselines) {
    if (!spec.budget || baseline.name != spec.budget->baseline) continue;
    for (const std::size_t open : open_axes(spec, baseline)) {
      const Axis& axis = spec.axes[open];
      if (keys_of(axis) == std::vector<std::string>{"strategy"}) continue;
      problems.push_back(
          {spec.budget->pos, fmt::format("budget: baseline '{}' leaves axis '{}' open: its area "
                                         "is not one number",
                                         baseline.name, axis.name)});
    }
  }
}

void check_names(const SweepSpec& spec, std::vector<SweepProblem>& problems) {
  for (const std::string& name : spec.scenario) {
    if (!names_one(spec.axes, name)) {
      problems.push_back({spec.scenario_pos, fmt::format("scenario: there is no axis '{}'", name)});
    }
  }
  if (spec.budget && !spec.budget->area && !names_one(spec.baselines, spec.budget->baseline)) {
    problems.push_back(
        {spec.budget->pos, fmt::format("budget: there is no baseline '{}'", spec.budget->baseline)});
  }
  for (const PublishedFigure& figure : spec.published) {
    if (names_one(spec.baselines, figure.baseline)) continue;
    problems.push_back({figure.pos, fmt::format("published: there is no baseline '{}'", figure.baseline)});
  }
  const auto check_metric = [&](const std::string& name, SourcePos pos) {
    if (find_metric(name) != nullptr) return;
    const std::string hint = did_you_mean_among(name, metrics(), [](const Metric& m) { return m.name; });
    problems.push_back({pos, fmt::format("unknown metric '{}'{}", name,
                                         hint.empty() ? "; 'fusescape list metrics' shows them" : hint)});
  };
  check_metric(spec.minimize, spec.minimize_pos);
  for (std::size_t i = 0; i < spec.pareto.size(); ++i) {
    check_metric(spec.pareto[i], i < spec.pareto_places.size() ? spec.pareto_places[i] : spec.pareto_pos);
  }
  for (const Constraint& constraint : spec.constraints) check_metric(constraint.metric, constraint.pos);
}

}  // namespace

bool is_word_column(std::string_view key) {
  return std::find(kWordColumns.begin(), kWordColumns.end(), key) != kWordColumns.end();
}

bool is_point_column(std::string_view name) {
  return find_metric(name) != nullptr || is_word_column(name) ||
         std::find(kOwnColumns.begin(), kOwnColumns.end(), name) != kOwnColumns.end();
}

std::size_t grid_size(const SweepSpec& spec) {
  if (!spec.sampled.empty()) return spec.sampled.size();
  std::size_t points = 1;
  for (const Axis& axis : spec.axes) {
    // Both factors stay far below 2^32, so their product does not wrap before it is cut.
    points = std::min(points * std::min(axis.values.size(), kMaxGridSize + 1), kMaxGridSize + 1);
  }
  return points;
}

std::size_t grid_position(const SweepSpec& spec, std::size_t id) {
  return spec.sampled.empty() ? id : spec.sampled[id];
}

std::vector<std::size_t> coordinates_of(const SweepSpec& spec, std::size_t id) {
  FUSESCAPE_EXPECTS(id < grid_size(spec));
  id = grid_position(spec, id);
  std::vector<std::size_t> at(spec.axes.size());
  for (std::size_t i = spec.axes.size(); i-- > 0;) {
    const std::size_t extent = spec.axes[i].values.size();
    at[i] = id % extent;
    id /= extent;
  }
  return at;
}

bool sets(const Axis& axis, std::string_view key) {
  return std::any_of(axis.values.begin(), axis.values.end(),
                     [&](const AxisValue& value) { return sets(value.settings, key); });
}

bool sets(const SweepSpec& spec, std::string_view key) {
  return sets(spec.fixed, key) ||
         std::any_of(spec.axes.begin(), spec.axes.end(), [&](const Axis& axis) { return sets(axis, key); });
}

bool asks_for_generation(const SweepSpec& spec) {
  return std::any_of(kGenerationKeys.begin(), kGenerationKeys.end(),
                     [&](std::string_view key) { return sets(spec, key); });
}

bool is_scenario_axis(const SweepSpec& spec, std::string_view axis) {
  return std::find(spec.scenario.begin(), spec.scenario.end(), axis) != spec.scenario.end();
}

std::size_t scenario_count(const SweepSpec& spec) {
  std::size_t scenarios = 1;
  for (const Axis& axis : spec.axes) {
    if (is_scenario_axis(spec, axis.name)) scenarios *= axis.values.size();
  }
  return scenarios;
}

std::size_t scenario_of(const SweepSpec& spec, std::size_t id) {
  const std::vector<std::size_t> at = coordinates_of(spec, id);
  std::size_t scenario = 0;
  for (std::size_t i = 0; i < spec.axes.size(); ++i) {
    if (is_scenario_axis(spec, spec.axes[i].name)) scenario = scenario * spec.axes[i].values.size() + at[i];
  }
  return scenario;
}

std::vector<const AxisValue*> scenario_values(const SweepSpec& spec, std::size_t scenario) {
  FUSESCAPE_EXPECTS(scenario < scenario_count(spec));
  std::vector<const AxisValue*> values(spec.axes.size(), nullptr);
  for (std::size_t i = spec.axes.size(); i-- > 0;) {
    const Axis& axis = spec.axes[i];
    if (!is_scenario_axis(spec, axis.name)) continue;
    values[i] = &axis.values[scenario % axis.values.size()];
    scenario /= axis.values.size();
  }
  return values;
}

std::vector<std::size_t> open_axes(const SweepSpec& spec, const Baseline& baseline) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < spec.axes.size(); ++i) {
    const Axis& axis = spec.axes[i];
    if (!is_scenario_axis(spec, axis.name) && leaves_open(axis, baseline)) open.push_back(i);
  }
  return open;
}

BaselineDesigns baseline_designs(const SweepSpec& spec, std::size_t scenario, std::size_t baseline) {
  std::size_t in_scenario = 0;
  std::size_t before = 0;
  for (std::size_t b = 0; b < spec.baselines.size(); ++b) {
    const std::size_t count = design_count(spec, spec.baselines[b]);
    in_scenario += count;
    if (b < baseline) before += count;
  }
  return {scenario * in_scenario + before, design_count(spec, spec.baselines[baseline])};
}

std::vector<const AxisValue*> open_values(const SweepSpec& spec, const Baseline& baseline,
                                          std::size_t design) {
  const std::vector<std::size_t> open = open_axes(spec, baseline);
  std::vector<const AxisValue*> values(open.size());
  for (std::size_t i = open.size(); i-- > 0;) {
    const std::vector<AxisValue>& all = spec.axes[open[i]].values;
    values[i] = &all[design % all.size()];
    design /= all.size();
  }
  return values;
}

namespace {

/// Whether every setting of `wider` is one of `baseline`, too.
bool repeats(const Baseline& baseline, const Baseline& wider) {
  const auto has = [&](const Setting& setting) {
    return std::any_of(baseline.settings.begin(), baseline.settings.end(), [&](const Setting& own) {
      return own.key == setting.key && own.value == setting.value;
    });
  };
  return std::all_of(wider.settings.begin(), wider.settings.end(), has);
}

}  // namespace

std::optional<std::size_t> refined_baseline(const SweepSpec& spec, const Baseline& baseline) {
  const std::size_t own_open = open_axes(spec, baseline).size();
  for (std::size_t i = 0; i < spec.baselines.size(); ++i) {
    const Baseline& wider = spec.baselines[i];
    if (repeats(baseline, wider) && open_axes(spec, wider).size() > own_open) return i;
  }
  return std::nullopt;
}

std::vector<SweepProblem> problems_of(const SweepSpec& spec) {
  std::vector<SweepProblem> problems;
  check_axes(spec, problems);
  check_baselines(spec, problems);
  check_sampled(spec, problems);
  check_budget(spec, problems);
  check_names(spec, problems);
  return problems;
}

}  // namespace fusescape
