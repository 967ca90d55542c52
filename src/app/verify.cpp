// fusescape verify: does a plan, run on numbers, move, hold and compute what the closed form says?
#include <utility>

#include "chosen_plan.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/verification.hpp"
#include "inputs.hpp"
#include "stack_run.hpp"

namespace fusescape {
namespace {

struct Verified {
  Document document;
  bool passed = false;
};

/// Or why the plan is not executed, in the words of evaluate.
expected<Verified, WhyNot> verified(const Inputs& inputs, const ChosenPlan& chosen) {
  const auto assessed = assess(inputs, chosen);
  if (!assessed) return unexpected{assessed.error()};
  const VerificationSubject subject{inputs.workload.name, inputs.design.accelerator.name, chosen.name,
                                    entropies_of(inputs, maker_of(chosen))};
  const Verification found = verify(inputs.workload.block, assessed->plan, inputs.design.accelerator);
  return Verified{document_of(subject, found), found.passed()};
}

expected<Verified, Failure> verified_stack(const VerifyArguments& arguments, const Inputs& inputs) {
  const auto plans = kind_plans(arguments.strategy, arguments.plan_file, inputs);
  if (!plans) return unexpected{plans.error()};
  std::vector<std::pair<std::string, Document>> layers;
  bool passed = true;
  for (const KindPlan& plan : *plans) {
    auto found = verified(plan.inputs, plan.chosen);
    if (!found) return unexpected{failure_of_kind(plan, found.error())};
    passed = passed && found->passed;
    layers.emplace_back(plan.inputs.workload.name, std::move(found->document));
  }
  return Verified{layers_document(layers), passed};
}

expected<Verified, Failure> verified_block(const VerifyArguments& arguments, const Inputs& inputs) {
  const expected<ChosenPlan, Failure> chosen = chosen_plan(arguments.strategy, arguments.plan_file, inputs);
  if (!chosen) return unexpected{chosen.error()};
  auto found = verified(inputs, *chosen);
  if (!found) return unexpected{failure_of(found.error(), ways_to_fit(inputs, *chosen))};
  return std::move(*found);
}

}  // namespace

CommandResult run_command(const VerifyArguments& arguments) {
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  const auto found =
      inputs->has_one_block() ? verified_block(arguments, *inputs) : verified_stack(arguments, *inputs);
  if (!found) return unexpected{found.error()};
  const CommandResult result = finished(arguments.output, found->document);
  return result && !found->passed ? ExitCode::kInternalError : result;
}

}  // namespace fusescape
