#include "simulated.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fusescape/support/overloaded.hpp"

namespace fusescape {
namespace {

bool lacks_room(const AssessmentError& error) {
  const auto* run = std::get_if<DoesNotRun>(&error);
  return run != nullptr && run->why.reason == Infeasible::Reason::kCapacity;
}

bool is_deadlock(const SimulationError& error) {
  const auto* failure = std::get_if<SimFailure>(&error);
  return failure != nullptr && failure->reason == SimFailure::Reason::kDeadlock;
}

bool lacks_room(const SimulationError& error) {
  if (const auto* assessment = std::get_if<AssessmentError>(&error)) return lacks_room(*assessment);
  return std::get<SimFailure>(error).reason == SimFailure::Reason::kCapacity;
}

/// The same machine with a memory that holds anything, through the ports that it has.
Design roomy(Design design) {
  constexpr Bytes kAnything{std::int64_t{1} << 50U};
  design.accelerator.sram.banks = design.accelerator.sram.bank_count();
  design.accelerator.sram.capacity = design.machine.capacity = kAnything;
  return design;
}

}  // namespace

Simulated simulated_plan(const Inputs& inputs, ChosenPlan chosen, const SimOptions& options) {
  if (!chosen.plan) return unexpected{SimulationError{chosen.plan.error()}};
  const Cascade& cascade = inputs.workload.block;
  SimulatedPlan simulated;
  expected<Assessment, AssessmentError> closed = assess(cascade, inputs.design, *chosen.plan);
  simulated.fits = closed.has_value();
  if (!closed && lacks_room(closed.error()) && options.eviction != Eviction::kNone) {
    closed = assess(cascade, roomy(inputs.design), std::move(*chosen.plan));
  }
  if (!closed) return unexpected{SimulationError{std::move(closed.error())}};
  expected<SimResult, SimFailure> result =
      simulate(cascade, closed->plan, closed->layout, inputs.design, options);
  if (!result) return unexpected{SimulationError{std::move(result.error())}};
  simulated.closed = std::move(*closed);
  simulated.result = std::move(*result);
  return simulated;
}

std::string describe(const Inputs& inputs, const SimulationError& error, const SimOptions& options) {
  std::string text = std::visit(
      overloaded{[](const AssessmentError& assessment) { return describe(assessment); },
                 [&](const SimFailure& failure) { return describe(inputs.workload.block, failure); }},
      error);
  if (lacks_room(error) && options.eviction == Eviction::kNone) {
    text += "\nOr let the memory evict what does not fit: simulate --eviction furthest.";
  }
  if (is_deadlock(error)) {
    text +=
        "\nMore SRAM (--set sram.capacity=...) would do, or other cores (--core-of), or all on one (no "
        "--allocation).";
  }
  return text;
}

Failure failure_of(const Inputs& inputs, const SimulationError& error, const SimOptions& options) {
  const auto* assessment = std::get_if<AssessmentError>(&error);
  if (assessment != nullptr) {
    Failure failure = failure_of(*assessment);
    if (failure.code != ExitCode::kInfeasible) return failure;
  }
  return {ExitCode::kInfeasible, fmt::format("infeasible: {}\n", describe(inputs, error, options))};
}

EvaluationReport simulated_report(const Inputs& inputs, std::string_view strategy, const Simulated& simulated,
                                  const SimOptions& options, const std::optional<HeadOutcome>& head) {
  if (!simulated) {
    EvaluationReport report = report_of(inputs, strategy, Ran{});
    report.subject.model = "sim";
    report.reason = one_line(describe(inputs, simulated.error(), options));
    return report;
  }
  const Cost cost = simulated_cost(*simulated);
  const EnergyOfRun run = simulated_run(inputs.workload.block, inputs.design, *simulated);
  const PlanEnergy energy = plan_energy(run, inputs.design);
  EvaluationReport report = report_of(inputs, strategy, {&cost, &energy.plan, head ? &*head : nullptr});
  report.subject.model = "sim";
  if (head) report.subject.assumptions.emplace_back("final norm and head by the closed form");
  report.outcome = simulated_outcome(inputs.workload, inputs.design, *simulated, run);
  return report;
}

}  // namespace fusescape
