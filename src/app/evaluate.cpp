// fusescape evaluate: what does one strategy or plan cost on one accelerator?
#include <fmt/format.h>

#include <utility>

#include "chosen_plan.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/explanation.hpp"
#include "generation.hpp"
#include "inputs.hpp"
#include "measurements.hpp"
#include "optimal_report.hpp"
#include "stack_run.hpp"

namespace fusescape {
namespace {

/// Only `optimal` minimises something else than latency.
PlanSource source_of(const Inputs& inputs, const ChosenPlan& chosen) {
  PlanSource source{chosen.strategy, inputs.strategy};
  if (!chosen.optimal) source.inputs.minimize = Objective::kLatency;
  return source;
}

/// A report, and if it has no result, why.
struct Answer {
  EvaluationReport report;
  std::optional<Failure> refused;
  std::vector<Lever> levers;  ///< If they were asked for.
  std::optional<OptimalExplanation> why_best{};
};

/// What would help is part of the reason.
Answer refusal_of(EvaluationReport report, Failure refused, const std::string& ways) {
  if (ways.empty()) return {std::move(report), std::move(refused), {}};
  report.reason += ' ' + ways.substr(1);
  refused.text.insert(refused.text.size() - 1, ways);  // Before the end of the line.
  return {std::move(report), std::move(refused), {}};
}

const Assessment& closed_form(const Assessment& found) {
  return found;
}
const Assessment& closed_form(const SimulatedPlan& found) {
  return found.closed;
}

template <class Found>
Answer answer_of(const Inputs& inputs, const ChosenPlan& chosen, const expected<Found, WhyNot>& found,
                 const EvaluateArguments& arguments) {
  EvaluationReport report = report_of(inputs, maker_of(chosen), found, head_of(inputs));
  if (!found) return refusal_of(std::move(report), failure_of(found.error()), ways_to_fit(inputs, chosen));
  Answer answer{std::move(report), std::nullopt, {}};
  answer.report.optimal = optimal_report(inputs, chosen, arguments.pareto);
  if (!arguments.explain) return answer;
  answer.levers =
      levers_of(inputs.workload.block, inputs.design, closed_form(*found), source_of(inputs, chosen));
  answer.why_best = optimal_explanation(inputs, chosen);
  return answer;
}

Answer answer_of(const Inputs& inputs, const ChosenPlan& chosen, const EvaluateArguments& arguments) {
  return arguments.simulated ? answer_of(inputs, chosen, simulate_plan(inputs, chosen), arguments)
                             : answer_of(inputs, chosen, assess(inputs, chosen), arguments);
}

/// The report, and what was asked for beside it.
Document document_of(const Answer& answer, const EvaluateArguments& arguments) {
  const EvaluationReport& report = answer.report;
  Document document = document_of(report);
  if (arguments.pareto && report.optimal) {
    document.rows = trade_off_table(*report.optimal);
  } else if (!arguments.measured_file.empty() && report.outcome) {
    document.rows = measured_table(report);
  }
  Findings found;
  if (arguments.explain) found = findings_of(report, answer.levers);
  if (answer.why_best) {
    for (Finding& finding : findings_of(*answer.why_best)) found.push_back(std::move(finding));
  }
  if (!found.empty()) document.sections.emplace_back(std::move(found));
  return document;
}

CommandResult print_plan(const EvaluateArguments& arguments, const Inputs& inputs, const ChosenPlan& chosen) {
  if (!chosen.plan) return unexpected{failure_of(chosen.plan.error(), ways_to_fit(inputs, chosen))};
  const std::string entropies = entropies_of(inputs, maker_of(chosen));
  const std::string description =
      entropies.empty() ? "" : fmt::format("{}'s plan; its entropies are {}", chosen.name, entropies);
  const std::string plan = write_plan(inputs.workload.block, *chosen.plan, description);
  if (const auto failure = write_result(arguments.output, plan)) return unexpected{*failure};
  return ExitCode::kOk;
}

/// Why a stack of several kinds of layers cannot be told that way.
std::optional<Failure> only_of_one_block(const EvaluateArguments& arguments) {
  const std::string_view option = arguments.print_plan               ? "--print-plan"
                                  : arguments.pareto                 ? "--pareto"
                                  : !arguments.measured_file.empty() ? "--measured"
                                                                     : "";
  if (option.empty()) return std::nullopt;
  return Failure{
      ExitCode::kUsage,
      fmt::format("error: {} is for one block, and this model has several kinds of layers\n", option)};
}

/// What would help each kind, under its name.
void add_explanations(const StackAnswer& answer, const std::vector<KindPlan>& plans, Document& document) {
  for (std::size_t k = 0; k < plans.size(); ++k) {
    const KindPlan& plan = plans[k];
    const expected<Assessment, WhyNot> found = assess(plan.inputs, plan.chosen);
    if (!found) continue;
    const std::vector<Lever> levers = levers_of(plan.inputs.workload.block, plan.inputs.design, *found,
                                                source_of(plan.inputs, plan.chosen));
    Findings findings = findings_of(answer.report.layers[k], levers);
    findings.insert(findings.begin(), {"", fmt::format("layers {}", plan.inputs.workload.name)});
    document.sections.emplace_back(std::move(findings));
  }
}

CommandResult evaluate_stack(const EvaluateArguments& arguments, const Inputs& inputs) {
  if (auto refused = only_of_one_block(arguments)) return unexpected{std::move(*refused)};
  const auto plans = kind_plans(arguments.strategy, arguments.plan_file, inputs);
  if (!plans) return unexpected{plans.error()};
  const StackAnswer answer =
      evaluated_stack(inputs, arguments.strategy, *plans, arguments.simulated, head_of(inputs));
  Document document = document_of(answer.report);
  if (arguments.explain && !answer.refused) add_explanations(answer, *plans, document);
  return finished(arguments.output, document, answer.refused);
}

/// Of a stack of one kind, that kind as a part of it.
void add_only_kind(const Inputs& inputs, EvaluationReport& report) {
  if (inputs.kinds.empty()) return;
  EvaluationReport layer = report;
  layer.subject.workload = inputs.kinds.front().name;
  layer.subject.is_stack = false;
  report.layers.push_back(std::move(layer));
}

CommandResult evaluate_block(const EvaluateArguments& arguments, const Inputs& inputs) {
  const expected<ChosenPlan, Failure> chosen = chosen_plan(arguments.strategy, arguments.plan_file, inputs);
  if (!chosen) return unexpected{chosen.error()};
  if (arguments.print_plan) return print_plan(arguments, inputs, *chosen);

  Answer answer = answer_of(inputs, *chosen, arguments);
  if (!arguments.measured_file.empty() && answer.report.outcome) {
    const auto added = add_measurements(arguments.measured_file, answer.report.outcome->groups);
    if (!added) return unexpected{added.error()};
  }
  add_only_kind(inputs, answer.report);
  if (arguments.pareto && answer.report.optimal && answer.report.optimal->trades.empty()) {
    return unexpected{Failure{ExitCode::kUsage, "error: --pareto: no plan has an energy that is known\n"}};
  }
  return finished(arguments.output, document_of(answer, arguments), answer.refused);
}

/// The report of a run that is a part of another.
expected<GenerationAnswer, Failure> report_under(EvaluateArguments arguments,
                                                 const std::vector<std::string>& settings) {
  arguments.input.settings = settings;
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  if (!inputs->has_one_block()) {
    const auto plans = kind_plans(arguments.strategy, "", *inputs);
    if (!plans) return unexpected{plans.error()};
    StackAnswer answer =
        evaluated_stack(*inputs, arguments.strategy, *plans, arguments.simulated, head_of(*inputs));
    return GenerationAnswer{std::move(answer.report), std::move(answer.refused)};
  }
  const expected<ChosenPlan, Failure> chosen = chosen_plan(arguments.strategy, "", *inputs);
  if (!chosen) return unexpected{chosen.error()};
  Answer answer = answer_of(*inputs, *chosen, arguments);
  add_only_kind(*inputs, answer.report);
  return GenerationAnswer{std::move(answer.report), std::move(answer.refused)};
}

CommandResult evaluate_generation(const EvaluateArguments& arguments, const Generation& generation) {
  const bool of_one_run = !arguments.plan_file.empty() || arguments.explain || arguments.print_plan ||
                          arguments.pareto || !arguments.measured_file.empty();
  if (of_one_run) {
    return unexpected{
        Failure{ExitCode::kUsage,
                "error: --plan, --explain, --print-plan, --pareto and --measured are of one phase, and "
                "prompt and generate of both\n"}};
  }
  const Loaded<InputFile> model = find_input(Shelf::kWorkloads, arguments.input.workload);
  if (!model) return unexpected{failure_of(model.error())};
  const auto answer = generation_report(
      generation, has_caches(*model), arguments.input.settings,
      [&](const std::vector<std::string>& settings) { return report_under(arguments, settings); });
  if (!answer) return unexpected{answer.error()};
  return finished(arguments.output, document_of(answer->report), answer->refused);
}

}  // namespace

CommandResult run_command(const EvaluateArguments& arguments) {
  if (arguments.strategy != kOptimalName && (arguments.pareto || !arguments.input.without.empty())) {
    return unexpected{Failure{ExitCode::kUsage, fmt::format("error: only --strategy optimal takes {}\n",
                                                            arguments.pareto ? "--pareto" : "--without")}};
  }
  if (arguments.explain && arguments.output.format->view != View::kSections) {
    return unexpected{
        Failure{ExitCode::kUsage, fmt::format("error: --explain is for people, and --format {} is not\n",
                                              arguments.output.format->name)}};
  }
  EvaluateArguments rest = arguments;
  const auto generation = take_generation(rest.input.settings);
  if (!generation) return unexpected{generation.error()};
  if (*generation) return evaluate_generation(rest, **generation);
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  return inputs->has_one_block() ? evaluate_block(arguments, *inputs) : evaluate_stack(arguments, *inputs);
}

}  // namespace fusescape
