// What is the answer of a sweep that is held whole?
#include <algorithm>

#include "fusescape/search/sweep_answer.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

std::optional<SquareMm> budget_of(const SweepSpec& spec, const BoundSweep& sweep, std::size_t scenario) {
  if (!spec.budget || spec.budget->area) return spec.budget ? spec.budget->area : std::nullopt;
  const auto named = std::find_if(spec.baselines.begin(), spec.baselines.end(),
                                  [&](const Baseline& b) { return b.name == spec.budget->baseline; });
  const auto baseline = static_cast<std::size_t>(named - spec.baselines.begin());
  const std::size_t first = baseline_designs(spec, scenario, baseline).first;
  return sweep.designs[sweep.baselines[first].design].area.total;
}

}  // namespace

SweepAnswer answer(const SweepSpec& spec, const BoundSweep& sweep, const SweepResult& result) {
  FUSESCAPE_EXPECTS(result.points.size() == sweep.points.size());
  std::vector<std::optional<SquareMm>> budgets(scenario_count(spec));
  for (std::size_t scenario = 0; scenario < budgets.size(); ++scenario)
    budgets[scenario] = budget_of(spec, sweep, scenario);
  SweepAnswerBuilder builder{spec};
  SweepNotes notes;
  const auto see = [&](const DesignPoint& at, const PointOutcome& outcome, AnswerPoint& made) {
    SweepPoint point = point_of(sweep, at);
    made = answer_point(spec, point, outcome);
    std::vector<std::string> replaced;
    for (const LayerCost& layer : outcome.layers) {
      if (layer.is_replaced) replaced.push_back(layer.kind);
    }
    notes.see(point, sweep.energy, outcome.feasible(), replaced);
    return point;
  };
  for (std::size_t id = 0; id < result.points.size(); ++id) {
    AnswerPoint made;
    const SweepPoint point = see(sweep.points[id], result.points[id], made);
    made.number = id;
    made.scenario = scenario_of(spec, id);
    made.in_budget = in_budget(spec, budgets[made.scenario], point.design->area.total);
    builder.add(made, [&] { return design_figures(spec, point, result.points[id]); });
  }
  for (std::size_t id = 0; id < result.baselines.size(); ++id) {
    AnswerPoint made;
    const SweepPoint point = see(sweep.baselines[id], result.baselines[id], made);
    made.number = id;
    made.scenario = id / (result.baselines.size() / scenario_count(spec));
    builder.add_baseline(made, [&] { return design_figures(spec, point, result.baselines[id]); });
  }
  builder.add(notes);
  std::vector<SweepStrategy> strategies;
  for (std::size_t i = 0; i < sweep.inputs.size(); ++i)
    strategies.push_back({sweep.strategies[i], sweep.inputs[i]});
  return builder.finish(strategies, sweep.energy, [&](std::size_t scenario) { return budgets[scenario]; });
}

}  // namespace fusescape
