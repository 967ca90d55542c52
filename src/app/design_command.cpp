#include "design_command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/search/objective.hpp"
#include "fusescape/search/optimal.hpp"

namespace fusescape {
namespace {

std::string words_of(const Setting& setting) {
  const bool is_option = setting.key == "strategy" || setting.key == "entropy" || setting.key == "plan";
  return is_option ? fmt::format("--{} {}", setting.key, shell_word(setting.value))
                   : fmt::format("--set {}", shell_word(setting.key + "=" + setting.value));
}

nlohmann::ordered_json words_json(const std::vector<Setting>& settings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Setting& setting : settings) list.push_back({setting.key, words_of(setting)});
  return list;
}

std::string command_head(const SweepSpec& spec) {
  return fmt::format("fusescape evaluate --arch {} --workload {}", shell_word(spec.arch),
                     shell_word(spec.workload));
}

/// Of `optimal`; "" if that is what it minimises anyhow.
std::string search_objective(const SweepSpec& spec) {
  const Objective objective = objective_for(spec.minimize);
  return objective == Objective::kLatency ? "" : std::string{metric_of(objective)};
}

/// What is set later overrides, at the place of the first.
void set_all(std::vector<Setting>& settings, const std::vector<Setting>& more) {
  for (const Setting& setting : more) {
    const auto same = std::find_if(settings.begin(), settings.end(),
                                   [&](const Setting& other) { return other.key == setting.key; });
    if (same == settings.end()) {
      settings.push_back(setting);
    } else {
      same->value = setting.value;
    }
  }
}

}  // namespace

std::string shell_word(const std::string& word) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"_-./=:,+@%"}.find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return quoted + "'";
}

std::vector<Setting> settings_of_design(const SweepSpec& spec, const AxisLabels& labels,
                                        const std::vector<Setting>& over) {
  std::vector<Setting> settings;
  set_all(settings, spec.fixed);
  for (const Axis& axis : spec.axes) {
    const auto label = labels.find(axis.name);
    if (label == labels.end()) continue;
    const auto value = std::find_if(axis.values.begin(), axis.values.end(),
                                    [&](const AxisValue& other) { return other.label == label->second; });
    if (value != axis.values.end()) set_all(settings, value->settings);
  }
  set_all(settings, over);
  return settings;
}

std::string plan_objective(const SweepSpec& spec, const std::vector<Setting>& settings) {
  const bool searches = std::any_of(settings.begin(), settings.end(), [](const Setting& setting) {
    return setting.key == "strategy" && setting.value == kOptimalName;
  });
  return searches ? search_objective(spec) : "";
}

std::string command_of(const SweepSpec& spec, const std::vector<Setting>& settings) {
  std::string command = command_head(spec);
  for (const Setting& setting : settings) command += fmt::format(" {}", words_of(setting));
  const std::string objective = plan_objective(spec, settings);
  return objective.empty() ? command : fmt::format("{} --minimize {}", command, objective);
}

nlohmann::ordered_json command_json(const SweepSpec& spec) {
  nlohmann::ordered_json axes = nlohmann::ordered_json::object();
  for (const Axis& axis : spec.axes) {
    nlohmann::ordered_json& values = axes[axis.name] = nlohmann::ordered_json::object();
    for (const AxisValue& value : axis.values) values[value.label] = words_json(value.settings);
  }
  const std::string objective = search_objective(spec);
  return {{"head", command_head(spec)},
          {"fixed", words_json(spec.fixed)},
          {"axes", std::move(axes)},
          {"searches", fmt::format("--strategy {}", kOptimalName)},
          {"objective", objective.empty() ? objective : fmt::format("--minimize {}", objective)}};
}

}  // namespace fusescape
