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
Accelerator roomy(Accelerator accelerator) {
  constexpr std::int64_t kAnything = std::int64_t{1} << 50U;
  accelerator.sram.banks = accelerator.sram.bank_count();
  accelerator.sram.capacity = Bytes{kAnything};
  return accelerator;
}

}  // namespace

Simulated simulated_plan(const Inputs& inputs, ChosenPlan chosen, const SimOptions& options) {
  if (!chosen.plan) return unexpected{SimulationError{chosen.plan.error()}};
  const Cascade& cascade = inputs.workload.block;
  SimulatedPlan simulated;
  expected<Assessment, AssessmentError> closed = assess(cascade, inputs.accelerator, *chosen.plan);
  simulated.fits = closed.has_value();
  if (!closed && lacks_room(closed.error()) && options.eviction != Eviction::kNone) {
    closed = assess(cascade, roomy(inputs.accelerator), std::move(*chosen.plan));
  }
  if (!closed) return unexpected{SimulationError{std::move(closed.error())}};
  expected<SimResult, SimFailure> result =
      simulate(cascade, closed->plan, closed->layout, inputs.accelerator, options);
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
                                  const SimOptions& options) {
  const Technology* technology = inputs.technology ? &*inputs.technology : nullptr;
  std::optional<Cost> cost;
  if (simulated) cost = simulated_cost(*simulated);
  const Silicon silicon =
      silicon_of(inputs.accelerator, technology, PhyArea::kUncharged, cost ? &*cost : nullptr);
  EvaluationReport report{.subject = subject_of(inputs, strategy, silicon), .outcome = {}, .reason = {}};
  report.subject.model = "sim";
  if (simulated) {
    report.outcome = simulated_outcome(inputs.workload, inputs.accelerator, *simulated, silicon);
  } else {
    report.reason = describe(inputs, simulated.error(), options);
    std::replace(report.reason.begin(), report.reason.end(), '\n', ' ');  // One row of a table is one line.
  }
  return report;
}

}  // namespace fusescape
