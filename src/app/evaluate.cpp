// fusescape evaluate: what does one strategy or plan cost on one accelerator?
#include <fmt/format.h>

#include <utility>

#include "chosen_plan.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "inputs.hpp"
#include "simulated.hpp"

namespace fusescape {
namespace {

std::string printed(const EvaluationReport& report, const EvaluateArguments& arguments) {
  const TextStyle style = text_style(arguments.output);
  switch (arguments.output.format) {
    case Format::kJson:
      return evaluation_json(report);
    case Format::kCsv:
      return evaluation_csv(report);
    case Format::kText:
      break;
  }
  std::string text = evaluation_text(report, style);
  if (arguments.explain) text += fmt::format("\n{}", explanation_text(report, style));
  return text;
}

/// A report, and if it has no result, why.
struct Answer {
  EvaluationReport report;
  std::optional<Failure> refused;
};

Answer closed_form_of(const Inputs& inputs, ChosenPlan chosen) {
  const expected<Assessment, AssessmentError> found =
      chosen.plan ? assess(inputs.workload.block, inputs.accelerator, std::move(*chosen.plan))
                  : expected<Assessment, AssessmentError>{unexpected{chosen.plan.error()}};
  return {report_of(inputs, chosen.name, found, head_of(inputs)),
          found ? std::nullopt : std::optional<Failure>{failure_of(found.error())}};
}

Answer simulation_of(const Inputs& inputs, ChosenPlan chosen) {
  const SimOptions options;
  const std::string name = chosen.name;
  const Simulated simulated = simulated_plan(inputs, std::move(chosen), options);
  return {simulated_report(inputs, name, simulated, options, head_of(inputs)),
          simulated ? std::nullopt : std::optional<Failure>{failure_of(inputs, simulated.error(), options)}};
}

CommandResult print_plan(const EvaluateArguments& arguments, const Inputs& inputs, const ChosenPlan& chosen) {
  if (!chosen.plan) return unexpected{failure_of(chosen.plan.error())};
  if (const auto failure = write_result(arguments.output, write_plan(inputs.workload.block, *chosen.plan))) {
    return unexpected{*failure};
  }
  return ExitCode::kOk;
}

}  // namespace

CommandResult run_command(const EvaluateArguments& arguments) {
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  expected<ChosenPlan, Failure> chosen = chosen_plan(arguments.strategy, arguments.plan_file, *inputs);
  if (!chosen) return unexpected{chosen.error()};
  if (arguments.print_plan) return print_plan(arguments, *inputs, *chosen);

  const Answer answer = arguments.simulated ? simulation_of(*inputs, std::move(*chosen))
                                            : closed_form_of(*inputs, std::move(*chosen));
  if (!answer.refused || says_infeasible(*answer.refused, arguments.output)) {
    if (const auto failure = write_result(arguments.output, printed(answer.report, arguments))) {
      return unexpected{*failure};
    }
  }
  if (answer.refused) return unexpected{*answer.refused};
  return ExitCode::kOk;
}

}  // namespace fusescape
