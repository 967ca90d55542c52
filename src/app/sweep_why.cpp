#include "sweep_why.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "chosen_plan.hpp"
#include "fusescape/report/roofline.hpp"
#include "inputs.hpp"
#include "optimal_report.hpp"
#include "stack_run.hpp"
#include "sweep_page.hpp"

namespace fusescape {
namespace {

/// What `evaluate` would be asked.
struct DesignQuestion {
  std::string title;
  InputArguments input;
  std::string strategy;  ///< Empty: `plan` is given.
  std::string plan;
  OrderedJson expected_cycles;  ///< As the sweep had them.
};

DesignQuestion question_of(const SweepSpec& spec, std::string title, const std::vector<Setting>& settings,
                           const OrderedJson& figures) {
  DesignQuestion question{.title = std::move(title),
                          .input = {.arch = spec.arch, .workload = spec.workload, .settings = {}},
                          .strategy = {},
                          .plan = spec.plan,
                          .expected_cycles = figures.at("latency_cycles")};
  for (const Setting& setting : settings) {
    if (setting.key == "strategy") {
      question.strategy = setting.value;
    } else if (setting.key == "entropy") {
      question.input.entropy = setting.value;
    } else if (setting.key == "prompt") {
      question.title += ": the prompt";
      question.input.settings.insert(question.input.settings.end(), {"phase=prefill", "L=" + setting.value});
    } else if (setting.key == "generate") {
      continue;  // What is told is of the prefill.
    } else {
      question.input.settings.push_back(fmt::format("{}={}", setting.key, setting.value));
    }
  }
  question.input.minimize = plan_objective(spec, settings);
  return question;
}

expected<EvaluationReport, Failure> evaluated(const DesignQuestion& question, const Inputs& inputs) {
  const std::optional<HeadOutcome> head = head_of(inputs);
  if (!inputs.has_one_block()) {
    const auto plans = kind_plans(question.strategy, question.plan, inputs);
    if (!plans) return unexpected{plans.error()};
    StackAnswer answer = evaluated_stack(inputs, question.strategy, *plans, false, head);
    if (answer.refused) return unexpected{std::move(*answer.refused)};
    return std::move(answer.report);
  }
  const expected<ChosenPlan, Failure> chosen = chosen_plan(question.strategy, question.plan, inputs);
  if (!chosen) return unexpected{chosen.error()};
  const expected<Assessment, WhyNot> found = assess(inputs, *chosen);
  if (!found) return unexpected{failure_of(found.error())};
  EvaluationReport report = report_of(inputs, maker_of(*chosen), found, head);
  report.optimal = optimal_report(inputs, *chosen, false);
  return report;
}

expected<std::vector<ResultFile>, Failure> answered(const FinishedSweep& sweep,
                                                    const DesignQuestion& question) {
  const expected<Inputs, Failure> inputs = load_inputs(question.input);
  if (!inputs) return unexpected{inputs.error()};
  const expected<EvaluationReport, Failure> report = evaluated(question, *inputs);
  if (!report) return unexpected{report.error()};
  OrderedJson json = OrderedJson::parse(fusescape::json(document_of(*report)));
  if (json.at("latency_cycles") != question.expected_cycles) {
    return unexpected{Failure{
        ExitCode::kBadInput,
        fmt::format(
            "{}:1:1: error: {}: latency_cycles is {} here and {} now: its files or fusescape have changed "
            "since. Run the sweep again, or leave out --explain\n",
            sweep.summary.file, question.title, question.expected_cycles.dump(),
            json.at("latency_cycles").dump())}};
  }
  std::vector<ResultFile> results{{sweep.folder, ResultKind::kEvaluation, std::move(json), question.title}};
  if (inputs->has_one_block()) {
    const Roofline roofline = roofline_of(inputs->workload, inputs->design.accelerator);
    results.push_back({sweep.folder, ResultKind::kRoofline,
                       OrderedJson::parse(fusescape::json(document_of(roofline))), question.title});
  }
  return results;
}

/// The baseline that leaves an axis open, else the first; null if there is none.
const OrderedJson* like_for_like(const OrderedJson& scenario) {
  const OrderedJson& baselines = scenario.at("baselines");
  if (baselines.empty()) return nullptr;
  const auto open = std::find_if(baselines.begin(), baselines.end(),
                                 [](const OrderedJson& baseline) { return !baseline.at("chosen").empty(); });
  return open == baselines.end() ? &baselines.front() : &*open;
}

double gain_in(const OrderedJson& scenario) {
  const OrderedJson* baseline = like_for_like(scenario);
  return baseline != nullptr && baseline->at("gain").is_number() ? baseline->at("gain").get<double>() : 0.0;
}

/// Of those with a best design, the first of equals; null if there is none.
const OrderedJson* most_gaining(const OrderedJson& scenarios) {
  const OrderedJson* most = nullptr;
  for (const OrderedJson& scenario : scenarios) {
    if (!scenario.at("best").is_object() || !scenario.at("chosen").is_object()) continue;
    if (most == nullptr || gain_in(scenario) > gain_in(*most)) most = &scenario;
  }
  return most;
}

std::string where(const OrderedJson& scenario) {
  std::string text;
  if (!scenario.contains("scenario") || !scenario.at("scenario").is_object()) return text;
  for (const auto& [axis, value] : scenario.at("scenario").items()) {
    text += fmt::format("{}{}={}", text.empty() ? " at " : ", ", axis,
                        value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

/// The baseline's settings over the scenario's, and what it chose on the axes that it leaves open.
std::vector<Setting> baseline_settings(const SweepSpec& spec, const OrderedJson& scenario,
                                       const OrderedJson& chosen) {
  AxisLabels labels = labels_of_scenario({{"scenario", scenario.value("scenario", OrderedJson::object())}});
  for (const auto& [axis, label] : labels_of_scenario({{"chosen", chosen.at("chosen")}}))
    labels[axis] = label;
  const auto baseline = std::find_if(spec.baselines.begin(), spec.baselines.end(),
                                     [&](const Baseline& other) { return other.name == chosen.at("name"); });
  if (baseline == spec.baselines.end()) return settings_of_design(spec, labels);
  return settings_of_design(spec, labels, baseline->settings);
}

}  // namespace

expected<std::vector<ResultFile>, Failure> best_design_results(const FinishedSweep& sweep) {
  const OrderedJson* scenario = most_gaining(sweep.summary.json.at("scenarios"));
  if (scenario == nullptr) return std::vector<ResultFile>{};
  std::vector<DesignQuestion> questions;
  questions.push_back(question_of(sweep.spec, fmt::format("Best design{}", where(*scenario)),
                                  settings_of_design(sweep.spec, labels_of_scenario(*scenario)),
                                  scenario->at("best")));
  const OrderedJson* baseline = like_for_like(*scenario);
  if (baseline != nullptr && baseline->value("feasible", false)) {
    questions.push_back(question_of(sweep.spec,
                                    fmt::format("Baseline {}", baseline->at("name").get<std::string>()),
                                    baseline_settings(sweep.spec, *scenario, *baseline), *baseline));
  }
  std::vector<ResultFile> results;
  for (const DesignQuestion& question : questions) {
    expected<std::vector<ResultFile>, Failure> answer = answered(sweep, question);
    if (!answer) return unexpected{answer.error()};
    results.insert(results.end(), answer->begin(), answer->end());
    if (results.size() > 2) results.pop_back();  // One roofline is enough.
  }
  return results;
}

}  // namespace fusescape
