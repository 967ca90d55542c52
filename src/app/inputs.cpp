#include "inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

#include "entropy_source.hpp"
#include "fusescape/config/scalars.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {
namespace {

ExitCode exit_code_of(InputError::Cause cause) {
  switch (cause) {
    case InputError::Cause::kUsage:
      return ExitCode::kUsage;
    case InputError::Cause::kBadFile:
      return ExitCode::kBadInput;
    case InputError::Cause::kUnreadable:
      return ExitCode::kFileAccess;
  }
  return ExitCode::kInternalError;
}

/// Adds the text of a second failure; the exit code stays that of the first.
void add_failure(std::optional<Failure>& all, const InputError& error) {
  const Failure failure = failure_of(error);
  if (!all) {
    all = failure;
  } else if (all->text != failure.text) {
    all->text += failure.text;
  }
}

ExitCode exit_code_of(const AssessmentError& error) {
  return std::visit(overloaded{[](const IllegalPlan&) { return ExitCode::kBadInput; },
                               [](const Refusal& refusal) {
                                 return refusal.reason == Refusal::Reason::kMissingOperators
                                            ? ExitCode::kUsage
                                            : ExitCode::kInfeasible;
                               },
                               [](const DoesNotRun&) { return ExitCode::kInfeasible; },
                               [](const NoTimeBase&) { return ExitCode::kBadInput; }},
                    error);
}

}  // namespace

expected<std::vector<Setting>, Failure> parse_settings(const std::vector<std::string>& texts) {
  std::vector<Setting> settings;
  std::string errors;
  for (const std::string& assignment : texts) {
    const Loaded<Setting> setting = parse_setting(assignment);
    if (setting) {
      settings.push_back(*setting);
    } else {
      errors += setting.error().text;
    }
  }
  if (!errors.empty()) return unexpected{Failure{ExitCode::kUsage, errors}};
  return settings;
}

expected<std::optional<Technology>, Failure> technology_of(const Accelerator& accelerator) {
  if (accelerator.technology.empty()) return std::optional<Technology>{};
  Loaded<Technology> technology = load_technology(accelerator.technology);
  if (!technology) return unexpected{failure_of(technology.error())};
  return std::optional<Technology>{std::move(*technology)};
}

expected<Inputs, Failure> load_inputs(const InputArguments& arguments) {
  const expected<std::vector<Setting>, Failure> settings = parse_settings(arguments.settings);
  if (!settings) return unexpected{settings.error()};

  std::optional<Failure> failure;
  const Loaded<InputFile> arch = find_input(Shelf::kArchs, arguments.arch);
  const Loaded<InputFile> model = find_input(Shelf::kWorkloads, arguments.workload);
  if (!arch) add_failure(failure, arch.error());
  if (!model) add_failure(failure, model.error());
  if (failure) return unexpected{*failure};

  const std::array files{&*arch, &*model};
  if (const auto unknown = unknown_settings(*settings, files)) return unexpected{failure_of(*unknown)};
  Loaded<Accelerator> accelerator = bind_accelerator(*arch, *settings);
  Loaded<Workload> workload = bind_workload(*model, *settings);
  if (!accelerator) add_failure(failure, accelerator.error());
  if (!workload) add_failure(failure, workload.error());
  if (failure) return unexpected{*failure};
  if (const auto timeless = check_time_base(*arch, *settings)) return unexpected{failure_of(*timeless)};

  expected<std::optional<Technology>, Failure> technology = technology_of(*accelerator);
  if (!technology) return unexpected{technology.error()};
  expected<EntropySource, Failure> entropy = entropy_source(arguments.entropy);
  if (!entropy) return unexpected{entropy.error()};
  const expected<void, Failure> entropies = check_entropies(*entropy, workload->block);
  if (!entropies) return unexpected{entropies.error()};
  return Inputs{std::move(*workload), std::move(*accelerator), std::move(*technology), {std::move(*entropy)}};
}

expected<const Strategy*, Failure> strategy_named(const std::string& name) {
  if (const Strategy* strategy = find_strategy(name)) return strategy;
  std::vector<std::string_view> names;
  for (const Strategy& strategy : strategies()) names.push_back(strategy.name);
  const std::string hint = did_you_mean(name, names);
  return unexpected{Failure{ExitCode::kUsage,
                            fmt::format("error: unknown strategy '{}'{}\n", name,
                                        hint.empty() ? "; 'fusescape list strategies' lists them" : hint)}};
}

Failure failure_of(const InputError& error) {
  return {exit_code_of(error.cause), error.text};
}

Failure failure_of(const AssessmentError& error) {
  const ExitCode code = exit_code_of(error);
  if (const auto* illegal = std::get_if<IllegalPlan>(&error)) {
    std::string text;
    for (const std::string& reason : illegal->reasons) text += fmt::format("error: {}\n", reason);
    return {code, text};
  }
  return {code,
          fmt::format("{}: {}\n", code == ExitCode::kInfeasible ? "infeasible" : "error", describe(error))};
}

bool says_infeasible(const Failure& refused, const OutputArguments& output) {
  return refused.code == ExitCode::kInfeasible && output.format != Format::kText;
}

Subject subject_of(const Inputs& inputs, std::string_view strategy, const Silicon& silicon) {
  Subject subject = subject_of(inputs.workload, inputs.accelerator, strategy, silicon);
  const Strategy* named = find_strategy(strategy);
  if (named != nullptr && named->reads_entropy) {
    subject.assumptions.push_back(
        fmt::format("{}'s entropies are {}", strategy, describe(inputs.strategy.entropy)));
  }
  return subject;
}

EvaluationReport report_of(const Inputs& inputs, std::string_view strategy,
                           const expected<Assessment, AssessmentError>& found) {
  const Technology* technology = inputs.technology ? &*inputs.technology : nullptr;
  const Silicon silicon =
      silicon_of(inputs.accelerator, technology, PhyArea::kUncharged, found ? &found->cost : nullptr);
  EvaluationReport report{.subject = subject_of(inputs, strategy, silicon), .outcome = {}, .reason = {}};
  if (found) {
    report.outcome = outcome_of(inputs.workload, inputs.accelerator, *found, silicon);
  } else {
    report.reason = describe(found.error());
    std::replace(report.reason.begin(), report.reason.end(), '\n', ' ');  // One row of a table is one line.
  }
  return report;
}

}  // namespace fusescape
