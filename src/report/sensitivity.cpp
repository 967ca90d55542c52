#include "fusescape/report/sensitivity.hpp"

#include <fmt/format.h>

#include "fusescape/report/figures.hpp"

namespace fusescape {
namespace {

Value figure_value(const WhatIfAnswer& answer) {
  return answer.figure ? value_of(MetricValue{*answer.figure}) : Value{};
}

Value best_value(const WhatIfAnswer& answer) {
  return answer.best ? Value{static_cast<std::int64_t>(*answer.best)} : Value{};
}

/// "L=64, d_state=16"; empty if there is one scenario only.
std::string scenario_name(const SweepSpec& spec, std::size_t scenario) {
  const std::vector<const AxisValue*> values = scenario_values(spec, scenario);
  std::string name;
  for (std::size_t axis = 0; axis < values.size(); ++axis) {
    if (values[axis] == nullptr) continue;
    name += fmt::format("{}{}={}", name.empty() ? "" : ", ", spec.axes[axis].name, values[axis]->label);
  }
  return name;
}

std::string_view name_of_constant(const ConstantEffect& effect) {
  return kConstants[static_cast<std::size_t>(effect.constant)].name;
}

/// What the point has on the axes outside the scenario: "memory_fraction 0.25, strategy optimal".
std::string design_name(const SweepSpec& spec, std::size_t point) {
  const std::vector<std::size_t> at = coordinates_of(spec, point);
  std::string name;
  for (std::size_t axis = 0; axis < at.size(); ++axis) {
    if (is_scenario_axis(spec, spec.axes[axis].name)) continue;
    name += fmt::format("{}{} {}", name.empty() ? "" : ", ", spec.axes[axis].name,
                        spec.axes[axis].values[at[axis]].label);
  }
  return name;
}

/// Whether another design, or none, is the best.
bool differs(const WhatIfAnswer& answer, const ScenarioSensitivity& scenario) {
  return answer.tried && answer.best != scenario.answer.best;
}

std::string factor_text(const Ratio& factor) {
  return fmt::format("{:g}x", factor.nearest_double());
}

Table tornado_table(const SensitivityQuestion& question, const ScenarioSensitivity& scenario) {
  Table table{.columns = {"constant", factor_text(question.low), factor_text(question.high), "swing",
                          "best stays from", "to", "else"},
              .rows = {}};
  for (const ConstantEffect& effect : scenario.effects) {
    const std::optional<double> swing = effect.swing(scenario.answer);
    const WhatIfAnswer& other = differs(effect.low, scenario) ? effect.low : effect.high;
    const bool changes = other.best != scenario.answer.best && other.best.has_value();
    table.rows.push_back({name_of_constant(effect), figure_value(effect.low), figure_value(effect.high),
                          swing ? Value{fmt::format("{:.1f}%", 100.0 * *swing)} : Value{},
                          (effect.changes_below ? "" : "<= ") + factor_text(effect.same_from),
                          (effect.changes_above ? "" : ">= ") + factor_text(effect.same_to),
                          changes ? design_name(question.spec, *other.best) : std::string{}});
  }
  return table;
}

}  // namespace

Table sensitivity_table(const SensitivityQuestion& question, const SensitivityAnswer& answer) {
  Table table{.columns = {"input", "low", "high", "answer_low", "answer_high", "winner_changes", "answer",
                          "swing", "minimize", "scenario", "best", "best_low", "best_high", "same_from",
                          "same_to", "changes_below", "changes_above"},
              .rows = {}};
  for (std::size_t s = 0; s < answer.scenarios.size(); ++s) {
    const ScenarioSensitivity& scenario = answer.scenarios[s];
    for (const ConstantEffect& effect : scenario.effects) {
      const std::optional<double> swing = effect.swing(scenario.answer);
      const bool changes = differs(effect.low, scenario) || differs(effect.high, scenario);
      table.rows.push_back(
          {name_of_constant(effect), question.low.nearest_double(), question.high.nearest_double(),
           figure_value(effect.low), figure_value(effect.high), changes, figure_value(scenario.answer), swing,
           question.spec.minimize, scenario_name(question.spec, s), best_value(scenario.answer),
           best_value(effect.low), best_value(effect.high), effect.same_from.nearest_double(),
           effect.same_to.nearest_double(), effect.changes_below, effect.changes_above});
    }
  }
  return table;
}

Document document_of(const SensitivityQuestion& question, const SensitivityAnswer& answer) {
  Document document = document_of(sensitivity_table(question, answer));
  document.sections.clear();
  for (std::size_t s = 0; s < answer.scenarios.size(); ++s) {
    const ScenarioSensitivity& scenario = answer.scenarios[s];
    std::string name = scenario_name(question.spec, s);
    if (!name.empty()) name += ": ";
    std::string title = scenario.answer.best ? fmt::format("{}least {} {}, {}", name, question.spec.minimize,
                                                           text(figure_value(scenario.answer)),
                                                           design_name(question.spec, *scenario.answer.best))
                                             : fmt::format("{}no design is the best", name);
    document.sections.emplace_back(
        Grid{.caption = std::move(title), .table = tornado_table(question, scenario)});
  }
  document.sections.emplace_back(
      Paragraph{fmt::format("modelled: {} runs of the model over {} designs; the best of them with each "
                            "constant scaled, all others as they are",
                            answer.runs, answer.evaluated)});
  return document;
}

}  // namespace fusescape
