// fusescape evaluate: what does one strategy or plan cost on one accelerator?
#include <fmt/format.h>

#include <utility>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/plan/spatial.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

/// A plan and the name that the report shows for it.
struct Chosen {
  std::string name;
  expected<Plan, AssessmentError> plan;
};

/// A file that maps nothing to hardware leaves that to the accelerator's own rules.
expected<Chosen, Failure> plan_from_file(const std::string& file, const Inputs& inputs) {
  const Cascade& cascade = inputs.workload.block;
  const Loaded<InputFile> input = find_input(Shelf::kPlans, file);
  if (!input) return unexpected{failure_of(input.error())};
  Loaded<Plan> plan = bind_plan(*input, cascade);
  if (!plan) return unexpected{failure_of(plan.error())};
  if (plan->spatial.empty()) plan->spatial = spatial_mappings(cascade, inputs.accelerator);
  std::string name = plan->name.empty() ? file : plan->name;
  return Chosen{std::move(name), std::move(*plan)};
}

expected<Chosen, Failure> plan_of_strategy(const std::string& name, const Inputs& inputs) {
  const expected<const Strategy*, Failure> strategy = strategy_named(name);
  if (!strategy) return unexpected{strategy.error()};
  const auto machine = make_machine(inputs.accelerator);
  if (!machine) return Chosen{name, unexpected{AssessmentError{machine.error()}}};
  const Planner planner{inputs.workload.block, inputs.accelerator};
  expected<Plan, Refusal> plan = (*strategy)->build(planner, *machine);
  if (!plan) return Chosen{name, unexpected{AssessmentError{plan.error()}}};
  plan->name = name;
  return Chosen{name, std::move(*plan)};
}

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

CommandResult print_plan(const EvaluateArguments& arguments, const Inputs& inputs, const Chosen& chosen) {
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
  expected<Chosen, Failure> chosen = arguments.plan_file.empty()
                                         ? plan_of_strategy(arguments.strategy, *inputs)
                                         : plan_from_file(arguments.plan_file, *inputs);
  if (!chosen) return unexpected{chosen.error()};
  if (arguments.print_plan) return print_plan(arguments, *inputs, *chosen);

  const expected<Assessment, AssessmentError> found =
      chosen->plan ? assess(inputs->workload.block, inputs->accelerator, std::move(*chosen->plan))
                   : expected<Assessment, AssessmentError>{unexpected{chosen->plan.error()}};
  const std::optional<Failure> refused =
      found ? std::nullopt : std::optional<Failure>{failure_of(found.error())};
  // A script that asked for JSON or CSV gets feasible=false there; a person reads the reason once.
  const bool silent =
      refused && (refused->code != ExitCode::kInfeasible || arguments.output.format == Format::kText);
  if (!silent) {
    const std::string text = printed(report_of(*inputs, chosen->name, found), arguments);
    if (const auto failure = write_result(arguments.output, text)) return unexpected{*failure};
  }
  if (refused) return unexpected{*refused};
  return ExitCode::kOk;
}

}  // namespace fusescape
