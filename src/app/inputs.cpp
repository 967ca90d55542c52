#include "inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

#include "entropy_source.hpp"
#include "fusescape/config/scalars.hpp"
#include "fusescape/search/optimal.hpp"
#include "fusescape/search/run_energy.hpp"
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

/// Of what is found in no file: a plan of a file has been checked, and its faults have been told with their
/// places.
ExitCode exit_code_of(const WhyNot& error) {
  return std::visit(overloaded{[](const IllegalPlan&) { return ExitCode::kInfeasible; },
                               [](const Refusal& refusal) {
                                 const bool asked_amiss =
                                     refusal.reason == Refusal::Reason::kMissingOperators ||
                                     refusal.reason == Refusal::Reason::kWiderData ||
                                     refusal.reason == Refusal::Reason::kNoEnergy;
                                 return asked_amiss ? ExitCode::kUsage : ExitCode::kInfeasible;
                               },
                               [](const DoesNotRun&) { return ExitCode::kInfeasible; },
                               [](const DoesNotSimulate&) { return ExitCode::kInfeasible; }},
                    error);
}

/// Its words have been checked.
StrategyInputs search_of(const InputArguments& arguments) {
  StrategyInputs inputs;
  if (!arguments.minimize.empty()) inputs.minimize = *objective_named(arguments.minimize);
  for (const std::string& name : arguments.without) {
    inputs.with = inputs.with.without(*ingredient_named(name));
  }
  return inputs;
}

/// What `optimal` minimised and did without, where that is not what it does by default.
std::vector<std::string> search_assumptions(const StrategyInputs& inputs) {
  std::vector<std::string> lines;
  if (inputs.minimize != Objective::kLatency) {
    lines.push_back(fmt::format("optimal minimises {}", metric_of(inputs.minimize)));
  }
  for (const IngredientFacts& facts : kIngredients) {
    if (inputs.with.has(facts.ingredient)) continue;
    lines.push_back(fmt::format("optimal searched without {}: {}", facts.name, facts.without));
  }
  return lines;
}

/// What is wrong with entropies for some block of the model.
std::optional<Failure> entropy_failure(const EntropySource& entropy, const Model& model) {
  std::vector<const Cascade*> blocks;
  for (const Workload& kind : model.kinds) blocks.push_back(&kind.block);
  if (blocks.empty()) blocks.push_back(&model.whole.block);
  for (const Cascade* block : blocks) {
    const expected<void, Failure> checked = check_entropies(entropy, *block);
    if (!checked) return checked.error();
  }
  return std::nullopt;
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
  Technologies technologies;
  Loaded<Design> design = bind_design(*arch, *settings, technologies);
  Loaded<Model> workload = bind_model(*model, *settings);
  if (!design) add_failure(failure, design.error());
  if (!workload) add_failure(failure, workload.error());
  if (failure) return unexpected{*failure};
  expected<EntropySource, Failure> entropy = entropy_source(arguments.entropy);
  if (!entropy) return unexpected{entropy.error()};
  if (auto bad = entropy_failure(*entropy, *workload)) return unexpected{std::move(*bad)};
  StrategyInputs strategy = search_of(arguments);
  strategy.entropy = std::move(*entropy);
  return Inputs{std::move(workload->whole), std::move(*design), std::move(strategy),
                std::move(workload->kinds)};
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
  // Of a file that is not there, `text` is its name and why; of one that another names, it has a place, too.
  const bool is_bare =
      error.cause == InputError::Cause::kUnreadable && error.text.find("error: ") == std::string::npos;
  return {exit_code_of(error.cause), is_bare ? "error: " + error.text : error.text};
}

Failure failure_of(const WhyNot& error, const std::string& ways) {
  const ExitCode code = exit_code_of(error);
  if (const auto* illegal = std::get_if<IllegalPlan>(&error)) {
    std::string text;
    for (const std::string& reason : illegal->reasons) text += fmt::format("infeasible: {}\n", reason);
    return {code, text};
  }
  return {code, fmt::format("{}: {}{}\n", code == ExitCode::kInfeasible ? "infeasible" : "error",
                            describe(error), ways)};
}

std::optional<HeadOutcome> head_of(const Inputs& inputs) {
  return head_of(inputs.workload, inputs.design, WithEnergy::kYes);
}

std::string entropies_of(const Inputs& inputs, const PlanMaker& maker) {
  const bool reads = maker.strategy != nullptr && maker.strategy->reads_entropy;
  return reads ? describe(inputs.strategy.entropy) : "";
}

EvaluationReport report_of(const Inputs& inputs, const PlanMaker& maker, const Ran& ran) {
  EvaluationReport report = report_of(Evaluated{.workload = inputs.workload,
                                                .design = inputs.design,
                                                .cost = ran.cost,
                                                .energy = ran.energy,
                                                .head = ran.head},
                                      maker.name);
  report.subject.entropy = entropies_of(inputs, maker);
  if (!report.subject.entropy.empty()) {
    report.subject.assumptions.push_back(
        fmt::format("{}'s entropies are {}", maker.strategy->name, report.subject.entropy));
  }
  if (maker.strategy != nullptr && maker.name == kOptimalName) {
    for (std::string& line : search_assumptions(inputs.strategy)) {
      report.subject.assumptions.push_back(std::move(line));
    }
  }
  return report;
}

EvaluationReport report_of(const Inputs& inputs, const PlanMaker& maker,
                           const expected<Assessment, WhyNot>& found,
                           const std::optional<HeadOutcome>& head) {
  if (!found) {
    EvaluationReport report = report_of(inputs, maker, Ran{});
    report.reason = one_line(describe(found.error()));
    return report;
  }
  const PlanEnergy energy = plan_energy(run_of(inputs.workload.block, inputs.design, *found), inputs.design);
  EvaluationReport report = report_of(inputs, maker, {&found->cost, &energy.plan, head ? &*head : nullptr});
  report.outcome = outcome_of(inputs.workload, inputs.design, *found, energy);
  return report;
}

EvaluationReport report_of(const Inputs& inputs, const PlanMaker& maker,
                           const expected<SimulatedPlan, WhyNot>& found,
                           const std::optional<HeadOutcome>& head) {
  if (!found) {
    EvaluationReport report = report_of(inputs, maker, Ran{});
    report.subject.model = "sim";
    report.reason = one_line(describe(found.error()));
    return report;
  }
  const Cost cost = simulated_cost(*found);
  const PlanEnergy energy = simulated_energy(inputs.workload.block, inputs.design, *found);
  EvaluationReport report = report_of(inputs, maker, {&cost, &energy.plan, head ? &*head : nullptr});
  report.subject.model = "sim";
  if (head) report.subject.assumptions.emplace_back("final norm and head by the closed form");
  report.outcome = simulated_outcome(inputs.workload, inputs.design, *found, energy);
  return report;
}

}  // namespace fusescape
