// fusescape verify: does a plan, run on numbers, move, hold and compute what the closed form says?
#include "chosen_plan.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/verification.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

std::string printed(const VerificationSubject& subject, const Verification& verification,
                    const OutputArguments& output) {
  switch (output.format) {
    case Format::kJson:
      return verification_json(subject, verification);
    case Format::kCsv:
      return csv(verification_table(verification));
    case Format::kText:
      break;
  }
  return verification_text(subject, verification, text_style(output));
}

}  // namespace

CommandResult run_command(const VerifyArguments& arguments) {
  const expected<Inputs, Failure> inputs = load_inputs(arguments.input);
  if (!inputs) return unexpected{inputs.error()};
  const expected<ChosenPlan, Failure> chosen = chosen_plan(arguments.strategy, arguments.plan_file, *inputs);
  if (!chosen) return unexpected{chosen.error()};
  // What cannot be evaluated is refused with the same words as by evaluate.
  const auto assessed = assess(*inputs, *chosen);
  if (!assessed) return unexpected{failure_of(assessed.error(), ways_to_fit(*inputs, *chosen))};

  const Verification verification =
      verify(inputs->workload.block, assessed->plan, inputs->design.accelerator);
  const VerificationSubject subject{inputs->workload.name, inputs->design.accelerator.name, chosen->name,
                                    entropies_of(*inputs, maker_of(*chosen))};
  const std::string text = printed(subject, verification, arguments.output);
  if (const auto failure = write_result(arguments.output, text)) return unexpected{*failure};
  return verification.passed() ? ExitCode::kOk : ExitCode::kInternalError;
}

}  // namespace fusescape
