#include "fusescape/search/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

using Settings = std::vector<Setting>;

void add_all(Settings& settings, const Settings& more) {
  settings.insert(settings.end(), more.begin(), more.end());
}

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
    add_all(settings, spec.axes[axis].values[at[axis]].settings);
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
      if (value != nullptr) add_all(settings, value->settings);
    }
    add_all(settings, baseline->settings);
    for (const AxisValue* value : open_values(spec, *baseline, 0)) add_all(settings, value->settings);
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
    const auto bound = bind_sweep(trial_.spec, binder_(what_if));
    if (!bound) return unexpected{bound.error()};
    energy_ = bound->energy;
    const std::span<const DesignPoint> designs = std::span{bound->points}.first(trial_.first.back());
    const std::vector<PointOutcome> outcomes = evaluate_points(*bound, designs, run_);
    ++runs_;
    std::vector<WhatIfAnswer> answers;
    answers.reserve(question_.designs.size());
    for (std::size_t scenario = 0; scenario < question_.designs.size(); ++scenario) {
      answers.push_back(best_of(scenario, *bound, outcomes));
    }
    return answers;
  }

  [[nodiscard]] bool energy() const { return energy_; }
  [[nodiscard]] std::size_t runs() const { return runs_; }
  [[nodiscard]] std::size_t evaluated() const { return trial_.first.back(); }

 private:
  [[nodiscard]] bool is_allowed(std::size_t scenario, const BoundSweep& bound,
                                const Evaluated& evaluated) const {
    const SweepSpec& spec = question_.spec;
    if (!meet(spec.constraints, evaluated)) return false;
    if (!spec.budget) return true;
    std::optional<SquareMm> budget = spec.budget->area;
    if (!budget) budget = bound.designs[bound.points[trial_.first.back() + scenario].design].area.total;
    const std::optional<SquareMm>& area = evaluated.design.area.total;
    return budget && area && *area <= (1.0 + spec.budget->tolerance) * *budget;
  }

  [[nodiscard]] WhatIfAnswer best_of(std::size_t scenario, const BoundSweep& bound,
                                     std::span<const PointOutcome> outcomes) const {
    const Metric& metric = *find_metric(question_.spec.minimize);
    WhatIfAnswer answer;
    for (std::size_t i = trial_.first[scenario]; i < trial_.first[scenario + 1]; ++i) {
      const Evaluated evaluated = evaluated_point(bound, bound.points[i], outcomes[i]);
      if (!outcomes[i].feasible() || !is_allowed(scenario, bound, evaluated)) continue;
      const MetricValue figure = metric.value(evaluated);
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
      for (std::size_t s = 0; s < effects_.size(); ++s) {
        const WhatIfAnswer answer = answers ? (*answers)[s] : WhatIfAnswer{};
        ConstantEffect& effect = effects_[s];
        if (factor == end) (upwards ? effect.high : effect.low) = answer;
        changed[s] = changed[s] || answer.best != base_.scenarios[s].answer.best;
        if (!changed[s]) (upwards ? effect.same_to : effect.same_from) = factor;
        if (changed[s]) (upwards ? effect.changes_above : effect.changes_below) = true;
      }
      read = read || factor == end;
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
  for (WhatIfAnswer& answer : *base) made.scenarios.push_back({std::move(answer), {}});
  for (const ConstantFacts& facts : kConstants) {
    if (facts.is_energy && !trials.energy()) continue;
    std::vector<ConstantEffect> effects(made.scenarios.size());
    for (ConstantEffect& effect : effects) effect.constant = facts.constant;
    Walk walk{trials, made, facts.constant, effects};
    walk.along(factors_towards(question.factors, question.low), question.low, false);
    walk.along(factors_towards(question.factors, question.high), question.high, true);
    for (std::size_t s = 0; s < effects.size(); ++s)
      made.scenarios[s].effects.push_back(std::move(effects[s]));
  }
  for (ScenarioSensitivity& scenario : made.scenarios) sort_by_swing(scenario);
  made.runs = trials.runs();
  made.evaluated = trials.evaluated();
  made.complete = !run.stop.stop_requested();
  return made;
}

}  // namespace fusescape
