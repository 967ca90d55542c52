// fusescape compare: which strategy is best for this workload on this accelerator?
#include <utility>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/comparison.hpp"
#include "inputs.hpp"
#include "stack_run.hpp"

namespace fusescape {
namespace {

expected<std::vector<const Strategy*>, Failure> chosen_strategies(const std::vector<std::string>& names) {
  std::vector<const Strategy*> chosen;
  if (names.empty()) {
    for (const Strategy& strategy : strategies()) chosen.push_back(&strategy);
  }
  std::string errors;
  for (const std::string& name : names) {
    const expected<const Strategy*, Failure> strategy = strategy_named(name);
    if (strategy) {
      chosen.push_back(*strategy);
    } else {
      errors += strategy.error().text;
    }
  }
  if (!errors.empty()) return unexpected{Failure{ExitCode::kUsage, errors}};
  return chosen;
}

/// The bounds that every plan, and every plan without fusion, keeps.
std::vector<NamedLimit> limits_of(const Inputs& inputs) {
  std::vector<NamedLimit> limits;
  if (!inputs.has_one_block()) return limits;  // They are of one block.
  const Cascade& cascade = inputs.workload.block;
  if (const auto limit = physical_limit(cascade, inputs.design.accelerator))
    limits.push_back({"ideal", *limit});
  if (const auto least = algorithmic_minimum(cascade, inputs.design.machine))
    limits.push_back({"alg-min", *least});
  return limits;
}

std::string printed(const std::vector<EvaluationReport>& reports, const std::vector<NamedLimit>& limits,
                    const OutputArguments& output) {
  switch (output.format) {
    case Format::kJson:
      return comparison_json(reports, limits);
    case Format::kCsv:
      return csv(comparison_table(reports, limits));
    case Format::kText:
      break;
  }
  return comparison_text(reports, limits, text_style(output));
}

EvaluationReport closed_row(const Inputs& inputs, const std::optional<HeadOutcome>& head,
                            const Strategy& strategy) {
  return report_of(inputs, {strategy.name, &strategy},
                   assess(inputs.workload.block, inputs.design, strategy, inputs.strategy), head);
}

EvaluationReport simulated_row(const Inputs& inputs, const std::optional<HeadOutcome>& head,
                               const Strategy& strategy) {
  const Planner planner{inputs.workload.block, inputs.design.accelerator};
  return report_of(inputs, {strategy.name, &strategy},
                   simulate_plan(planner, inputs.design, strategy, {}, inputs.strategy), head);
}

/// A strategy that goes with no kind of a stack's layers is a row that says so.
EvaluationReport stack_row(const Inputs& inputs, const std::optional<HeadOutcome>& head,
                           const Strategy& strategy, bool simulated) {
  const std::string name{strategy.name};
  const auto plans = kind_plans(name, "", inputs);
  if (plans) return evaluated_stack(inputs, name, *plans, simulated, head).report;
  EvaluationReport report = report_of(inputs, {strategy.name, &strategy}, Ran{});
  report.reason = one_line(plans.error().text);
  return report;
}

}  // namespace

CommandResult run_command(const CompareArguments& arguments) {
  const expected<std::vector<const Strategy*>, Failure> chosen = chosen_strategies(arguments.strategies);
  if (!chosen) return unexpected{chosen.error()};
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  const std::optional<HeadOutcome> head = head_of(*inputs);
  std::vector<EvaluationReport> reports;
  for (const Strategy* strategy : *chosen) {
    if (!inputs->has_one_block()) {
      reports.push_back(stack_row(*inputs, head, *strategy, arguments.simulated));
      continue;
    }
    reports.push_back(arguments.simulated ? simulated_row(*inputs, head, *strategy)
                                          : closed_row(*inputs, head, *strategy));
  }
  if (const auto failure =
          write_result(arguments.output, printed(reports, limits_of(*inputs), arguments.output))) {
    return unexpected{*failure};
  }
  return ExitCode::kOk;
}

}  // namespace fusescape
