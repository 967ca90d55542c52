// Which file runs a sweep again, as it was run?
#include <fmt/format.h>

#include <algorithm>

#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/version.hpp"
#include "fusescape/support/yaml_scalar.hpp"

namespace fusescape {
namespace {

std::string flow_list(const std::vector<std::string>& values) {
  std::vector<std::string> scalars;
  scalars.reserve(values.size());
  for (const std::string& value : values) scalars.push_back(yaml_scalar(value));
  return fmt::format("[{}]", fmt::join(scalars, ", "));
}

/// A setting may be overridden later in the list; a mapping holds a key once, so the last one stays.
std::string flow_map(const std::vector<Setting>& settings) {
  std::vector<std::string> entries;
  for (auto setting = settings.begin(); setting != settings.end(); ++setting) {
    const bool overridden = std::any_of(std::next(setting), settings.end(),
                                        [&](const Setting& later) { return later.key == setting->key; });
    if (!overridden)
      entries.push_back(fmt::format("{}: {}", yaml_scalar(setting->key), yaml_scalar(setting->value)));
  }
  return fmt::format("{{{}}}", fmt::join(entries, ", "));
}

bool sets_one_key(const Axis& axis) {
  return std::all_of(axis.values.begin(), axis.values.end(), [&](const AxisValue& value) {
    return value.settings.size() == 1 && value.settings.front().key == axis.name &&
           value.settings.front().value == value.label;
  });
}

std::string axis_yaml(const Axis& axis) {
  if (sets_one_key(axis)) {
    std::vector<std::string> values;
    for (const AxisValue& value : axis.values) values.push_back(value.label);
    return fmt::format("  - {{key: {}, values: {}}}\n", yaml_scalar(axis.name), flow_list(values));
  }
  std::string text = fmt::format("  - name: {}\n    cases:\n", yaml_scalar(axis.name));
  for (const AxisValue& value : axis.values) {
    text += fmt::format("      {}: {}\n", yaml_scalar(value.label), flow_map(value.settings));
  }
  return text;
}

std::string budget_yaml(const Budget& budget) {
  constexpr double kSquareUmPerSquareMm = 1e6;
  const std::string limit =
      budget.area ? fmt::format("area: {} um2", std::llround(budget.area->value() * kSquareUmPerSquareMm))
                  : fmt::format("baseline: {}", yaml_scalar(budget.baseline));
  return fmt::format("budget: {{{}, tolerance: {}}}\n", limit, yaml_number(budget.tolerance));
}

std::string constraints_yaml(const std::vector<Constraint>& constraints) {
  std::vector<std::string> texts;
  texts.reserve(constraints.size());
  for (const Constraint& constraint : constraints) texts.push_back(constraint.text);
  return fmt::format("constraints: {}\n", flow_list(texts));
}

std::string published_yaml(const PublishedFigure& figure) {
  std::string text =
      fmt::format("  - name: {}\n    value: {}\n", yaml_scalar(figure.name), yaml_number(figure.value));
  if (!figure.baseline.empty()) text += fmt::format("    baseline: {}\n", yaml_scalar(figure.baseline));
  text += fmt::format("    source: {}\n", yaml_scalar(figure.source));
  if (!figure.note.empty()) text += fmt::format("    note: {}\n", yaml_scalar(figure.note));
  return text;
}

}  // namespace

std::string resolved_yaml(const SweepSpec& spec) {
  std::string text = fmt::format("# Written by fusescape {}.\nkind: sweep\nversion: 1\nname: {}\n", kVersion,
                                 yaml_scalar(spec.name));
  text += fmt::format("arch: {}\nworkload: {}\n", yaml_scalar(spec.arch), yaml_scalar(spec.workload));
  if (!spec.plan.empty()) text += fmt::format("plan: {}\n", yaml_scalar(spec.plan));
  if (!spec.fixed.empty()) text += fmt::format("set: {}\n", flow_map(spec.fixed));
  if (!spec.axes.empty()) text += "axes:\n";
  for (const Axis& axis : spec.axes) text += axis_yaml(axis);
  if (!spec.scenario.empty()) text += fmt::format("scenario: {}\n", flow_list(spec.scenario));
  text += fmt::format("minimize: {}\npareto: {}\n", yaml_scalar(spec.minimize), flow_list(spec.pareto));
  if (!spec.baselines.empty()) text += "baselines:\n";
  for (const Baseline& baseline : spec.baselines) {
    text +=
        fmt::format("  - {{name: {}, set: {}}}\n", yaml_scalar(baseline.name), flow_map(baseline.settings));
  }
  if (spec.budget) text += budget_yaml(*spec.budget);
  if (!spec.constraints.empty()) text += constraints_yaml(spec.constraints);
  if (spec.sample) {
    text += fmt::format("sample: {{method: {}, count: {}, seed: {}}}\n", name_of(spec.sample->method),
                        spec.sample->count, spec.sample->seed);
  }
  if (!spec.published.empty()) text += "published:\n";
  for (const PublishedFigure& figure : spec.published) text += published_yaml(figure);
  return text;
}

}  // namespace fusescape
