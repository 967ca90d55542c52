#include "fusescape/search/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "fusescape/search/parallel_for.hpp"
#include "fusescape/search/point_evaluator.hpp"
#include "fusescape/search/sweep_answer.hpp"
#include "fusescape/search/sweep_source.hpp"
#include "fusescape/support/contract.hpp"
#include "sweep_settings.hpp"

namespace fusescape {
namespace {

using Settings = std::vector<Setting>;

/// A sweep along one axis: the designs of all scenarios, then in each scenario the baseline that the budget
/// is the area of, if there is one.
struct ContenderSweep {
  SweepSpec spec;
  std::vector<std::size_t> first;  ///< Of each scenario's designs, then the end of the last.
};

const Baseline* budget_baseline(const SweepSpec& spec) {
  if (!spec.budget || spec.budget->area) return nullptr;
  const auto named =
      std::find_if(spec.baselines.begin(), spec.baselines.end(),
                   [&](const Baseline& baseline) { return baseline.name == spec.budget->baseline; });
  FUSESCAPE_EXPECTS(named != spec.baselines.end());  // problems_of
  return &*named;
}

Settings settings_of(const SweepSpec& spec, std::size_t point) {
  Settings settings;
  const std::vector<std::size_t> at = coordinates_of(spec, point);
  for (std::size_t axis = 0; axis < at.size(); ++axis)
    append(settings, spec.axes[axis].values[at[axis]].settings);
  return settings;
}

ContenderSweep trial_of(const SensitivityQuestion& question) {
  const SweepSpec& spec = question.spec;
  ContenderSweep trial{.spec = spec, .first = {}};
  trial.spec.scenario.clear();
  trial.spec.baselines.clear();
  trial.spec.budget.reset();
  trial.spec.published.clear();
  trial.spec.sample.reset();
  trial.spec.sampled.clear();
  Axis axis{.name = "design", .values = {}, .pos = spec.axes_pos};
  for (const std::vector<std::size_t>& designs : question.designs) {
    trial.first.push_back(axis.values.size());
    for (const std::size_t id : designs) axis.values.push_back({std::to_string(id), settings_of(spec, id)});
  }
  trial.first.push_back(axis.values.size());
  const Baseline* baseline = budget_baseline(spec);
  for (std::size_t scenario = 0; baseline != nullptr && scenario < question.designs.size(); ++scenario) {
    Settings settings;
    for (const AxisValue* value : scenario_values(spec, scenario)) {
      if (value != nullptr) append(settings, value->settings);
    }
    append(settings, baseline->settings);
    for (const AxisValue* value : open_values(spec, *baseline, 0)) append(settings, value->settings);
    axis.values.push_back({baseline->name, std::move(settings)});
  }
  trial.spec.axes = {std::move(axis)};
  return trial;
}

/// Runs the trial, once for each factor.
class ContenderRuns {
 public:
  ContenderRuns(const SensitivityQuestion& question, const WhatIfBinder& binder, const SweepRun& run)
      : question_{question}, binder_{binder}, run_{run}, trial_{trial_of(question)} {}

  /// Per scenario the best of its designs.
  expected<std::vector<WhatIfAnswer>, std::vector<SweepProblem>> under(const WhatIf& what_if) {
    const SweepBinder binder = binder_(what_if);
    if (runs_ == 0) {
      if (auto bound = bind_sweep(trial_.spec, binder); !bound) return unexpected{std::move(bound.error())};
    }
    SweepSource source{trial_.spec, binder};
    energy_ = source.energy();
    const auto budgets = budgets_in(source);
    if (!budgets) return unexpected{std::vector{budgets.error()}};
    const auto figures = figures_in(source, *budgets);
    if (!figures) return unexpected{std::vector{figures.error()}};
    ++runs_;
    std::vector<WhatIfAnswer> answers;
    answers.reserve(question_.designs.size());
    for (std::size_t scenario = 0; scenario < question_.designs.size(); ++scenario) {
      answers.push_back(best_of(scenario, *figures));
    }
    return answers;
  }

  [[nodiscard]] bool energy() const { return energy_; }
  [[nodiscard]] std::size_t runs() const { return runs_; }
  [[nodiscard]] std::size_t evaluated() const { return trial_.first.back(); }

 private:
  using Budgets = std::vector<std::optional<SquareMm>>;
  using Figures = std::vector<std::optional<Figure>>;

  /// Per scenario, if there is a budget; none where it is not known.
  [[nodiscard]] expected<Budgets, SweepProblem> budgets_in(SweepSource& source) const {
    const SweepSpec& spec = question_.spec;
    Budgets budgets(question_.designs.size());
    if (!spec.budget) return budgets;
    SweepSource::Cursor cursor{source};
    for (std::size_t scenario = 0; scenario < budgets.size(); ++scenario) {
      budgets[scenario] = spec.budget->area;
      if (budgets[scenario]) continue;
      const auto baseline = cursor.at(evaluated() + scenario);
      if (!baseline) return unexpected{baseline.error()};
      budgets[scenario] = baseline->design->area.total;
    }
    return budgets;
  }

  /// Of what is minimised, of each design; none where it is not known or the design cannot be the best.
  [[nodiscard]] expected<Figures, SweepProblem> figures_in(SweepSource& source,
                                                           const Budgets& budgets) const {
    const SweepSpec& spec = question_.spec;
    const WithEnergy energy = source.energy() ? WithEnergy::kYes : WithEnergy::kNo;
    PointEvaluator evaluate{energy, run_.stop};
    std::vector<expected<std::optional<Figure>, SweepProblem>> made(evaluated());
    const auto evaluate_one = [&](std::size_t i) {
      SweepSource::Cursor cursor{source};
      const auto point = cursor.at(i);
      if (!point) {
        made[i] = unexpected{point.error()};
        return;
      }
      const PointOutcome outcome = evaluate(*point);
      if (!outcome.feasible()) return;
      const AnswerPoint answer = answer_point(spec, *point, outcome);
      const bool allowed = answer.meets_constraints &&
                           in_budget(spec, budgets[scenario_of_design(i)], point->design->area.total);
      if (allowed && answer.minimized) made[i] = *answer.minimized;
    };
    parallel_for(made.size(), run_.jobs, evaluate_one, run_.stop);
    Figures figures;
    figures.reserve(made.size());
    for (const auto& figure : made) {
      if (!figure) return unexpected{figure.error()};
      figures.push_back(*figure);
    }
    return figures;
  }

  [[nodiscard]] std::size_t scenario_of_design(std::size_t design) const {
    const auto after = std::upper_bound(trial_.first.begin(), trial_.first.end(), design);
    return static_cast<std::size_t>(after - trial_.first.begin()) - 1;
  }

  [[nodiscard]] WhatIfAnswer best_of(std::size_t scenario, const Figures& figures) const {
    WhatIfAnswer answer{.best = {}, .figure = {}, .tried = true};
    for (std::size_t i = trial_.first[scenario]; i < trial_.first[scenario + 1]; ++i) {
      const std::optional<Figure>& figure = figures[i];
      if (!figure || (answer.figure && compare(*figure, *answer.figure) >= 0)) continue;
      answer.best = question_.designs[scenario][i - trial_.first[scenario]];
      answer.figure = *figure;
    }
    return answer;
  }

  const SensitivityQuestion& question_;
  const WhatIfBinder& binder_;
  const SweepRun& run_;
  ContenderSweep trial_;
  bool energy_ = false;
  std::size_t runs_ = 0;
};

/// Tries one constant outwards from 1 on one side, and writes into the effects, one per scenario.
class Walk {
 public:
  Walk(ContenderRuns& trials, const SensitivityAnswer& base, Constant constant,
       std::span<ConstantEffect> effects)
      : trials_{trials}, base_{base}, constant_{constant}, effects_{effects} {}

  /// `factors` lead away from 1, and have `end` among them, at which the tornado table is read. Those beyond
  /// it are tried until every scenario has another best design.
  void along(std::span<const Ratio> factors, const Ratio& end, bool upwards) {
    std::vector<bool> changed(effects_.size(), false);
    bool read = false;
    for (const Ratio& factor : factors) {
      if (read && std::find(changed.begin(), changed.end(), false) == changed.end()) return;
      const auto answers = trials_.under({constant_, factor});
      read = read || factor == end;
      if (!answers) continue;
      for (std::size_t s = 0; s < effects_.size(); ++s) {
        const WhatIfAnswer& answer = (*answers)[s];
        ConstantEffect& effect = effects_[s];
        if (factor == end) (upwards ? effect.high : effect.low) = answer;
        changed[s] = changed[s] || answer.best != base_.scenarios[s].answer.best;
        if (!changed[s]) (upwards ? effect.same_to : effect.same_from) = factor;
        if (changed[s]) (upwards ? effect.changes_above : effect.changes_below) = true;
      }
    }
  }

 private:
  ContenderRuns& trials_;
  const SensitivityAnswer& base_;
  Constant constant_;
  std::span<ConstantEffect> effects_;
};

/// Factors on one side of 1, `end` among them, in the order that leads away from 1.
std::vector<Ratio> factors_towards(const std::vector<Ratio>& factors, const Ratio& end) {
  const bool upwards = end > Ratio{1};
  std::vector<Ratio> side{end};
  std::copy_if(factors.begin(), factors.end(), std::back_inserter(side),
               [&](const Ratio& factor) { return upwards ? factor > Ratio{1} : factor < Ratio{1}; });
  std::sort(side.begin(), side.end(),
            [&](const Ratio& a, const Ratio& b) { return upwards ? a < b : b < a; });
  side.erase(std::unique(side.begin(), side.end()), side.end());
  return side;
}

void sort_by_swing(ScenarioSensitivity& scenario) {
  const auto swing = [&](const ConstantEffect& effect) {
    return effect.swing(scenario.answer).value_or(-1.0);
  };
  std::stable_sort(scenario.effects.begin(), scenario.effects.end(),
                   [&](const ConstantEffect& a, const ConstantEffect& b) { return swing(a) > swing(b); });
}

}  // namespace

std::optional<double> ConstantEffect::swing(const WhatIfAnswer& answer) const {
  if (!answer.figure || !low.figure || !high.figure || magnitude(*answer.figure) == 0.0) return std::nullopt;
  return std::abs(magnitude(*high.figure) - magnitude(*low.figure)) / magnitude(*answer.figure);
}

expected<SensitivityAnswer, std::vector<SweepProblem>> sensitivity_of(const SensitivityQuestion& question,
                                                                      const WhatIfBinder& binder,
                                                                      const SweepRun& run) {
  FUSESCAPE_EXPECTS(question.designs.size() == scenario_count(question.spec));
  FUSESCAPE_EXPECTS(question.low < Ratio{1} && question.high > Ratio{1});
  ContenderRuns trials{question, binder, run};
  auto base = trials.under({Constant::kSramDensity, Ratio{1}});
  if (!base) return unexpected{std::move(base.error())};
  SensitivityAnswer made;
  made.scenarios.reserve(base->size());
  for (const WhatIfAnswer& answer : *base) made.scenarios.push_back({answer, {}});
  for (const ConstantFacts& facts : kConstants) {
    if (facts.is_energy && !trials.energy()) continue;
    std::vector<ConstantEffect> effects(made.scenarios.size());
    for (ConstantEffect& effect : effects) effect.constant = facts.constant;
    Walk walk{trials, made, facts.constant, effects};
    walk.along(factors_towards(question.factors, question.low), question.low, false);
    walk.along(factors_towards(question.factors, question.high), question.high, true);
    for (std::size_t s = 0; s < effects.size(); ++s) made.scenarios[s].effects.push_back(effects[s]);
  }
  for (ScenarioSensitivity& scenario : made.scenarios) sort_by_swing(scenario);
  made.runs = trials.runs();
  made.evaluated = trials.evaluated();
  made.complete = !run.stop.stop_requested();
  return made;
}

}  // namespace fusescape
