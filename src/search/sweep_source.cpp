#include "fusescape/search/sweep_source.hpp"

#include <algorithm>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/support/contract.hpp"
#include "sweep_source_state.hpp"

namespace fusescape {

void SweepSource::State::sort_axes() {
  for (std::size_t i = 0; i < spec.axes.size(); ++i) {
    const Axis& axis = spec.axes[i];
    bool of_workload = false;
    bool of_design = false;
    bool of_strategy = false;
    bool is_quick = static_cast<bool>(binder.series);
    for (const AxisValue& value : axis.values) {
      const Split split = split_settings(value.settings, binder);
      of_workload = of_workload || !split.workload.empty();
      of_design = of_design || !split.design.empty();
      of_strategy = of_strategy || split.strategy || split.entropy;
      is_quick = is_quick && value.settings.size() == 1 && binder.varies_quickly(value.settings.front().key);
    }
    if (of_workload) workload_part.axes.push_back(i);
    if (of_design) design_part.axes.push_back(i);
    if (of_design) (is_quick ? quick : slow_part).axes.push_back(i);
    if (of_strategy) strategy_part.axes.push_back(i);
    in_scenario.push_back(is_scenario_axis(spec, axis.name));
  }
}

std::size_t SweepSource::State::add_strategy(const Split& split) {
  const auto [known, is_new] = strategy_ids.try_emplace(strategy_identity(split), strategies.size());
  if (!is_new) return known->second;
  SweepStrategy made{.strategy = find_strategy(split.strategy->value), .inputs = {}};
  FUSESCAPE_EXPECTS(made.strategy != nullptr);  // bind_sweep
  if (made.strategy->reads_entropy && split.entropy) {
    if (auto entropy = binder.entropy(*split.entropy)) made.inputs.entropy = std::move(*entropy);
  }
  made.inputs.minimize = objective_for(spec.minimize);
  strategies.push_back(std::move(made));
  return known->second;
}

/// Whether points of a sample have them, by the position of `strategy_part`; empty: all have.
std::vector<bool> SweepSource::State::sampled_strategies(std::size_t positions) const {
  if (spec.sampled.empty()) return {};
  std::vector<bool> has(positions, false);
  std::size_t missing = positions;
  for (std::size_t id = 0; id < points && missing > 0; ++id) {
    auto&& here = has[strategy_part.position(spec, coordinates_of(spec, id))];
    if (!here) --missing;
    here = true;
  }
  return has;
}

/// All that points have, then all that baselines have, each in the order of first appearance: the other axes
/// at their first value.
void SweepSource::State::add_strategies() {
  if (!spec.plan.empty()) {
    given.name = binder.plan_name;
    strategies.push_back({&given, {}});
    strategy_part.axes.clear();
    strategy_of = {0};
    return;
  }
  SweepSpec alone = spec;
  alone.sampled.clear();
  for (std::size_t i = 0; i < alone.axes.size(); ++i) {
    const bool matters =
        std::find(strategy_part.axes.begin(), strategy_part.axes.end(), i) != strategy_part.axes.end();
    if (!matters) alone.axes[i].values.resize(1);
  }
  const std::vector<bool> sampled = sampled_strategies(grid_size(alone));
  for (std::size_t id = 0; id < grid_size(alone); ++id) {
    if (!sampled.empty() && !sampled[id]) {
      strategy_of.push_back(0);
      continue;
    }
    const std::vector<std::size_t> at = coordinates_of(alone, id);
    std::vector<Setting> settings = alone.fixed;
    for (std::size_t i = 0; i < at.size(); ++i) append(settings, alone.axes[i].values[at[i]].settings);
    strategy_of.push_back(add_strategy(split_settings(settings, binder)));
  }
  for (std::size_t number = 0; number < baseline_count(alone); ++number) {
    add_strategy(split_settings(baseline_settings(alone, number), binder));
  }
}

SweepSource::SweepSource(SweepSpec spec, SweepBinder binder)
    : state_{std::make_unique<State>(std::move(spec), std::move(binder))} {
  state_->energy = reads_energy(state_->spec);
  state_->points = grid_size(state_->spec);
  state_->baselines = baseline_count(state_->spec);
  state_->sort_axes();
  state_->add_strategies();
}

SweepSource::~SweepSource() = default;

const SweepSpec& SweepSource::spec() const {
  return state_->spec;
}
std::size_t SweepSource::points() const {
  return state_->points;
}
std::size_t SweepSource::baselines() const {
  return state_->baselines;
}
const std::vector<SweepStrategy>& SweepSource::strategies() const {
  return state_->strategies;
}
bool SweepSource::energy() const {
  return state_->energy;
}

std::optional<SquareMm> SweepSource::budget(std::size_t scenario) {
  const SweepSpec& spec = state_->spec;
  if (!spec.budget) return std::nullopt;
  if (spec.budget->area) return spec.budget->area;
  {
    const std::lock_guard lock{state_->mutex};
    const auto known = state_->budgets.find(scenario);
    if (known != state_->budgets.end()) return known->second;
  }
  const auto named = std::find_if(spec.baselines.begin(), spec.baselines.end(),
                                  [&](const Baseline& b) { return b.name == spec.budget->baseline; });
  const auto baseline = static_cast<std::size_t>(named - spec.baselines.begin());
  const std::size_t first = baseline_designs(spec, scenario, baseline).first;
  const auto design = state_->design(split_settings(baseline_settings(spec, first), state_->binder).design);
  const std::optional<SquareMm> area = design ? (*design)->design.area.total : std::nullopt;
  const std::lock_guard lock{state_->mutex};
  return state_->budgets.try_emplace(scenario, area).first->second;
}

}  // namespace fusescape
