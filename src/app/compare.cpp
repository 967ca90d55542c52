// fusescape compare: which strategy is best for this workload on this accelerator?
#include <utility>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/comparison.hpp"
#include "inputs.hpp"

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

}  // namespace

CommandResult run_command(const CompareArguments& arguments) {
  const expected<std::vector<const Strategy*>, Failure> chosen = chosen_strategies(arguments.strategies);
  if (!chosen) return unexpected{chosen.error()};
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  const std::optional<HeadOutcome> head = head_of(*inputs);
  std::vector<EvaluationReport> reports;
  for (const Strategy* strategy : *chosen) {
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
