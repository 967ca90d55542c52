// How does a sweep file become a SweepSpec?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/name.hpp"
#include "fusescape/config/sweep_table.hpp"

namespace fusescape {

void read_setting_text(const Slot& slot, InputErrors& errors, SettingText& out) {
  if (slot.node.kind == YamlKind::kEmpty) {
    errors.at(slot.node, slot.path + ": has no value");
  } else if (expect_kind(slot, YamlKind::kScalar, "a single value", errors)) {
    out = {slot.node.text, slot.node.pos};
  }
}

namespace {

SourcePos pos_of(const Word& word) {
  return word.node == nullptr ? SourcePos{} : word.node->pos;
}

std::vector<Setting> settings_of(const SettingsFile& file) {
  std::vector<Setting> settings;
  for (const auto& [entry, value] : file) settings.push_back({entry->key, value.text, value.pos, entry->pos});
  return settings;
}

Axis bind_axis(const AxisFile& file, const YamlNode& node, InputErrors& errors) {
  Axis axis;
  const bool keyed = file.key && file.values && !file.name && !file.cases;
  const bool named = file.name && file.cases && !file.key && !file.values;
  if (!keyed && !named) {
    errors.at(node, "axis: expected either 'key' with 'values', or 'name' with 'cases'");
    return axis;
  }
  const Word& name = keyed ? *file.key : *file.name;
  axis.name = name.text;
  axis.pos = pos_of(name);
  if (is_point_column(axis.name) && !(keyed && is_word_column(axis.name))) {
    errors.at(*name.node,
              fmt::format("axis {}: points.csv has another column of this name; {}", axis.name,
                          keyed ? "give the axis a 'name' and 'cases' that set it" : "take another"));
  }
  if (keyed) {
    for (const SettingText& value : *file.values) {
      axis.values.push_back({value.text, {Setting{axis.name, value.text, value.pos, axis.pos}}});
    }
  } else {
    for (const auto& [entry, settings] : *file.cases)
      axis.values.push_back({entry->key, settings_of(settings)});
  }
  if (axis.values.empty() && !errors.inside(node))
    errors.at(node, fmt::format("axis {}: has no values", axis.name));
  return axis;
}

template <class Things>
void expect_named(const Word& word, std::string_view what, const Things& things, InputErrors& errors) {
  const auto unnamed = [](const auto& thing) { return thing.name.empty(); };  // Its name was refused.
  if (word.text.empty() || std::any_of(things.begin(), things.end(), unnamed)) return;
  const auto same = [&](const auto& thing) { return thing.name == word.text; };
  if (std::any_of(things.begin(), things.end(), same)) return;
  const std::string hint =
      did_you_mean_among(word.text, things, [](const auto& thing) { return std::string_view{thing.name}; });
  errors.at(*word.node, fmt::format("no {} is named '{}'{}", what, word.text, hint));
}

template <class Things>
void expect_unique(const Things& things, std::string_view list, const YamlNode& node, InputErrors& errors) {
  for (std::size_t i = 0; i < things.size(); ++i) {
    const auto same = [&](const auto& thing) { return thing.name == things[i].name; };
    const auto here = things.begin() + static_cast<std::ptrdiff_t>(i);
    if (!things[i].name.empty() && std::any_of(things.begin(), here, same)) {
      errors.at(node.items[i], fmt::format("{}: '{}' is given twice", list, things[i].name));
    }
  }
}

void check_grid_size(const SweepSpec& spec, const YamlNode& axes, InputErrors& errors) {
  std::size_t points = 1;
  for (const Axis& axis : spec.axes) {
    points *= std::max<std::size_t>(axis.values.size(), 1);
    if (points <= kMaxGridSize) continue;
    errors.at(axes, fmt::format("axes: more than {} points", kMaxGridSize));
    return;
  }
}

constexpr std::array<std::string_view, 4> kRelations{"<", "<=", ">", ">="};

/// "power_w <= 10". What it names is checked with the other metrics.
Constraint bind_constraint(const std::string& text, const YamlNode& node, InputErrors& errors) {
  const auto trimmed = [](std::string_view part) {
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    return part.substr(0, part.find_last_not_of(' ') + 1);
  };
  const std::size_t sign = std::min(text.find_first_of("<>="), text.size());
  const std::size_t number = std::min(text.find_first_not_of("<>=", sign), text.size());
  const std::string_view all = text;
  Constraint constraint{.metric = std::string{trimmed(all.substr(0, sign))}, .text = text, .pos = node.pos};
  const auto relation = std::find(kRelations.begin(), kRelations.end(), all.substr(sign, number - sign));
  const std::optional<Ratio> limit = parse_decimal(trimmed(all.substr(number)));
  if (fault_of_name(constraint.metric) || relation == kRelations.end() || !limit) {
    errors.at(node,
              fmt::format("constraints: '{}' is not of the form 'power_w <= 10': a metric, one of {}, and "
                          "a number in its unit",
                          text, fmt::join(kRelations, ", ")));
    return constraint;
  }
  constraint.relation = static_cast<Constraint::Relation>(relation - kRelations.begin());
  constraint.limit = *limit;
  return constraint;
}

/// Which points the sample has; nothing while the axes have faults, or too many points.
void bind_sample(const SweepFile& file, const YamlNode& node, SweepSpec& spec, InputErrors& errors) {
  spec.sample = file.sample;
  if (!file.sample || !errors.ok()) return;
  std::vector<std::size_t> extents;
  extents.reserve(spec.axes.size());
  for (const Axis& axis : spec.axes) extents.push_back(axis.values.size());
  auto points = sampled_points(*file.sample, extents);
  if (points) {
    spec.sampled = std::move(*points);
  } else {
    const YamlNode* count = find_value(node, "count");
    errors.at(count == nullptr ? node : *count, "sample.count: " + points.error());
  }
}

Budget bind_budget(const BudgetFile& file, const SweepSpec& spec, const YamlNode& node, InputErrors& errors) {
  constexpr double kSquareUmPerSquareMm = 1e6;
  Budget budget{.baseline = {}, .tolerance = file.tolerance.nearest_double()};
  const YamlNode* baseline = find_value(node, "baseline");
  const YamlNode* area = find_value(node, "area");
  if ((baseline == nullptr) == (area == nullptr)) {
    errors.at(node, "budget: expected either 'baseline' or 'area'");
  }
  if (file.baseline) {
    expect_named(*file.baseline, "baseline", spec.baselines, errors);
    budget.baseline = file.baseline->text;
  }
  if (file.area) budget.area = SquareMm{static_cast<double>(file.area->value) / kSquareUmPerSquareMm};
  return budget;
}

SweepSpec bind_fields(const SweepFile& file, Binding& binding) {
  InputErrors& errors = binding.errors();
  SweepSpec spec;
  spec.name = file.name;
  spec.arch = file.arch;
  spec.workload = file.workload;
  spec.plan = file.plan.value_or("");
  spec.plan_pos = binding.at("plan").pos;
  spec.arch_pos = binding.at("arch").pos;
  spec.workload_pos = binding.at("workload").pos;
  spec.axes_pos = binding.at("axes").pos;
  spec.scenario_pos = binding.at("scenario").pos;
  spec.minimize_pos = binding.at("minimize").pos;
  spec.pareto_pos = binding.at("pareto").pos;
  for (const YamlNode& column : binding.at("pareto").items) spec.pareto_places.push_back(column.pos);
  spec.fixed = settings_of(file.set);
  const YamlNode& axes = binding.at("axes");
  for (std::size_t i = 0; i < file.axes.size(); ++i) {
    spec.axes.push_back(bind_axis(file.axes[i], axes.items[i], errors));
  }
  if (!file.sample) check_grid_size(spec, axes, errors);
  for (const BaselineFile& baseline : file.baselines) {
    spec.baselines.push_back({baseline.name.text, settings_of(baseline.set), pos_of(baseline.name)});
  }
  expect_unique(spec.axes, "axes", axes, errors);
  expect_unique(spec.baselines, "baselines", binding.at("baselines"), errors);
  for (const Word& axis : file.scenario) {
    expect_named(axis, "axis", spec.axes, errors);
    spec.scenario.push_back(axis.text);
  }
  spec.minimize = file.minimize.value_or(spec.minimize);
  spec.pareto = file.pareto.value_or(spec.pareto);
  if (file.budget) spec.budget = bind_budget(*file.budget, spec, binding.at("budget"), errors);
  const YamlNode& constraints = binding.at("constraints");
  for (std::size_t i = 0; file.constraints && i < file.constraints->size(); ++i) {
    spec.constraints.push_back(bind_constraint((*file.constraints)[i], constraints.items[i], errors));
  }
  for (const PublishedFile& figure : file.published) {
    expect_named(figure.baseline, "baseline", spec.baselines, errors);
    spec.published.push_back({figure.name, figure.value.nearest_double(), figure.baseline.text, figure.source,
                              figure.note.value_or(""), pos_of(figure.baseline)});
  }
  bind_sample(file, binding.at("sample"), spec, errors);
  return spec;
}

}  // namespace

Loaded<SweepSpec> bind_sweep_spec(const InputFile& input, std::span<const Setting> settings) {
  SweepFile file;
  Binding binding{input, FileKind::kSweep, settings, &file};
  SweepSpec spec = bind_fields(file, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return spec;
}

}  // namespace fusescape
