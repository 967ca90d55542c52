// fusescape verify: does a plan, run on numbers, move, hold and compute what the closed form says?
#include <utility>

#include "chosen_plan.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/verification.hpp"
#include "inputs.hpp"
#include "layered.hpp"
#include "stack_run.hpp"

namespace fusescape {
namespace {

struct Verified {
  VerificationSubject subject;
  Verification verification;
};

constexpr ResultWriters<Verified> kVerificationWriters{
    [](const Verified& verified) { return verification_json(verified.subject, verified.verification); },
    [](const Verified& verified) { return verification_table(verified.verification); },
    [](const Verified& verified, TextStyle style) {
      return verification_text(verified.subject, verified.verification, style);
    }};

/// Or why the plan is not executed, in the words of evaluate.
expected<Verified, WhyNot> verified(const Inputs& inputs, const ChosenPlan& chosen) {
  const auto assessed = assess(inputs, chosen);
  if (!assessed) return unexpected{assessed.error()};
  return Verified{{inputs.workload.name, inputs.design.accelerator.name, chosen.name,
                   entropies_of(inputs, maker_of(chosen))},
                  verify(inputs.workload.block, assessed->plan, inputs.design.accelerator)};
}

CommandResult verify_stack(const VerifyArguments& arguments, const Inputs& inputs) {
  const auto plans = kind_plans(arguments.strategy, arguments.plan_file, inputs);
  if (!plans) return unexpected{plans.error()};
  std::vector<OfKind<Verified>> layers;
  bool passed = true;
  for (const KindPlan& plan : *plans) {
    auto found = verified(plan.inputs, plan.chosen);
    if (!found) return unexpected{failure_of_kind(plan, found.error())};
    passed = passed && found->verification.passed();
    layers.push_back({plan.inputs.workload.name, std::move(*found)});
  }
  const std::string text = printed_layers(layers, kVerificationWriters, arguments.output);
  if (const auto failure = write_result(arguments.output, text)) return unexpected{*failure};
  return passed ? ExitCode::kOk : ExitCode::kInternalError;
}

}  // namespace

CommandResult run_command(const VerifyArguments& arguments) {
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  if (!inputs->has_one_block()) return verify_stack(arguments, *inputs);
  const expected<ChosenPlan, Failure> chosen = chosen_plan(arguments.strategy, arguments.plan_file, *inputs);
  if (!chosen) return unexpected{chosen.error()};
  const auto found = verified(*inputs, *chosen);
  if (!found) return unexpected{failure_of(found.error(), ways_to_fit(*inputs, *chosen))};
  const std::string text = printed_result(*found, kVerificationWriters, arguments.output);
  if (const auto failure = write_result(arguments.output, text)) return unexpected{*failure};
  return found->verification.passed() ? ExitCode::kOk : ExitCode::kInternalError;
}

}  // namespace fusescape
