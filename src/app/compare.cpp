// fusescape compare: which strategy is best for this workload on this accelerator?
#include <utility>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/comparison.hpp"
#include "generation.hpp"
#include "inputs.hpp"
#include "stack_run.hpp"

namespace fusescape {
namespace {

struct ComparedRows {
  std::vector<EvaluationReport> rows;
  std::vector<NamedLimit> limits{};
};

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

EvaluationReport row(const Inputs& inputs, const std::optional<HeadOutcome>& head, const Strategy& strategy,
                     bool simulated) {
  if (!inputs.has_one_block()) return stack_row(inputs, head, strategy, simulated);
  return simulated ? simulated_row(inputs, head, strategy) : closed_row(inputs, head, strategy);
}

/// Of a prompt and its generation; the prefill's, also where a step does not run.
EvaluationReport generation_row(const Generation& generation, bool has_caches, const Inputs& prefill,
                                const Strategy& strategy, const CompareArguments& arguments) {
  const auto row_under =
      [&](const std::vector<std::string>& settings) -> expected<GenerationAnswer, Failure> {
    InputArguments of_run = arguments.input;
    of_run.settings = settings;
    const expected<Inputs, Failure> inputs = load_inputs(of_run);
    if (!inputs) return unexpected{inputs.error()};
    GenerationAnswer answer{row(*inputs, head_of(*inputs), strategy, arguments.simulated)};
    if (!answer.report.feasible()) answer.refused = Failure{ExitCode::kInfeasible, answer.report.reason};
    return answer;
  };
  auto answer = generation_report(generation, has_caches, arguments.input.settings, row_under);
  if (answer && !answer->refused) return std::move(answer->report);
  EvaluationReport report = report_of(prefill, {strategy.name, &strategy}, Ran{});
  report.reason = one_line(answer ? answer->report.reason : answer.error().text);
  report.generation =
      GenerationReport{.prompt = generation.prompt, .tokens = generation.tokens, .has_caches = has_caches};
  return report;
}

expected<ComparedRows, Failure> compared(const CompareArguments& arguments,
                                         const std::vector<const Strategy*>& strategies) {
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  const std::optional<HeadOutcome> head = head_of(*inputs);
  ComparedRows made{.rows = {}, .limits = limits_of(*inputs)};
  for (const Strategy* strategy : strategies) {
    made.rows.push_back(row(*inputs, head, *strategy, arguments.simulated));
  }
  return made;
}

/// Without bounds, which are of one block.
expected<ComparedRows, Failure> compared(const Generation& generation, const CompareArguments& arguments,
                                         const std::vector<const Strategy*>& strategies) {
  const Loaded<InputFile> model = find_input(Shelf::kWorkloads, arguments.input.workload);
  if (!model) return unexpected{failure_of(model.error())};
  const bool caches = has_caches(*model);
  const expected<Inputs, Failure> prefill = prefill_inputs(generation, caches, arguments.input);
  if (!prefill) return unexpected{prefill.error()};
  ComparedRows made;
  for (const Strategy* strategy : strategies) {
    made.rows.push_back(generation_row(generation, caches, *prefill, *strategy, arguments));
  }
  return made;
}

}  // namespace

CommandResult run_command(const CompareArguments& arguments) {
  const expected<std::vector<const Strategy*>, Failure> chosen = chosen_strategies(arguments.strategies);
  if (!chosen) return unexpected{chosen.error()};
  CompareArguments rest = arguments;
  const auto generation = take_generation(rest.input.settings);
  if (!generation) return unexpected{generation.error()};
  const auto found = *generation ? compared(**generation, rest, *chosen) : compared(rest, *chosen);
  if (!found) return unexpected{found.error()};
  return finished(arguments.output, document_of(found->rows, found->limits));
}

}  // namespace fusescape
