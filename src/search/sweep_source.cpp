#include "fusescape/search/sweep_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/search/recent.hpp"
#include "fusescape/support/contract.hpp"
#include "sweep_settings.hpp"

namespace fusescape {
namespace {

// How much is kept. A workload has some 50 KB, a design some 2 KB.
constexpr std::size_t kWorkloads = 64;
constexpr std::size_t kDesigns = 512;

template <class Value>
using Made = expected<std::shared_ptr<const Value>, SweepProblem>;

/// What is told apart by a position among all combinations of the values of some axes.
struct Part {
  std::vector<std::size_t> axes;  ///< Ascending.

  [[nodiscard]] std::uint64_t position(const SweepSpec& spec, const std::vector<std::size_t>& at) const {
    std::uint64_t found = 0;
    for (const std::size_t axis : axes) found = found * spec.axes[axis].values.size() + at[axis];
    return found;
  }
};

/// Designs that one series makes, and the axes whose values its keys take.
struct BoundSeries {
  std::uint64_t hardware = 0;
  DesignSeries fill;  ///< Null: there is none, every design is bound by itself.
};

struct BoundDesign {
  Design design;
  std::uint64_t hardware = 0;
};

}  // namespace

struct SweepSource::State {
  State(SweepSpec its_spec, SweepBinder its_binder)
      : spec{std::move(its_spec)}, binder{std::move(its_binder)} {}

  SweepSpec spec;
  SweepBinder binder;
  bool energy = false;
  std::size_t points = 0;
  std::size_t baselines = 0;
  Part workload_part;
  Part design_part;
  Part slow_part;  ///< Of these the ones that no series varies,
  Part quick;      ///< and the others.
  Part strategy_part;
  std::vector<bool> in_scenario;         ///< Per axis.
  std::vector<std::size_t> strategy_of;  ///< By the position of `strategy_part`.
  std::vector<SweepStrategy> strategies;
  Strategy given{};  ///< The name of the plan that is given, if one is.
  std::map<std::string, std::size_t> strategy_ids;

  std::mutex mutex;
  Recent<std::unordered_map<std::string, std::shared_ptr<const Model>>> models{kWorkloads};
  Recent<std::unordered_map<std::string, std::shared_ptr<const BoundDesign>>> designs{kDesigns};
  Recent<std::unordered_map<std::string, std::shared_ptr<const BoundSeries>>> series{kWorkloads};
  std::uint64_t numbered = 0;
  std::unordered_map<std::size_t, std::optional<SquareMm>> budgets;

  [[nodiscard]] std::vector<Setting> settings_at(const std::vector<std::size_t>& at) const {
    std::vector<Setting> settings = spec.fixed;
    for (std::size_t i = 0; i < at.size(); ++i) append(settings, spec.axes[i].values[at[i]].settings);
    return settings;
  }

  /// The value of this identity: known, or made, in which case the first of several threads' is taken.
  template <class Value, class Make>
  Made<Value> once(Recent<std::unordered_map<std::string, std::shared_ptr<const Value>>>& known,
                   const std::string& identity, const Make& make) {
    {
      const std::lock_guard lock{mutex};
      if (const auto* found = known.find(identity)) return *found;
    }
    Made<Value> made = make();
    if (!made) return made;
    const std::lock_guard lock{mutex};
    return known.insert(identity, std::move(*made));
  }

  Made<Model> model(const std::vector<Setting>& settings) {
    return once(models, identity_of(settings), [&]() -> Made<Model> {
      auto made = binder.workload(settings);
      if (!made) return unexpected{at_file(std::move(made.error()), spec.workload_pos)};
      return std::make_shared<const Model>(std::move(*made));
    });
  }

  std::uint64_t next_number() {
    const std::lock_guard lock{mutex};
    return ++numbered;
  }

  Made<BoundDesign> design(const std::vector<Setting>& settings) {
    return once(designs, identity_of(settings), [&]() -> Made<BoundDesign> {
      auto made = binder.design(settings);
      if (!made) return unexpected{at_file(std::move(made.error()), spec.arch_pos)};
      return std::make_shared<const BoundDesign>(BoundDesign{std::move(*made), next_number()});
    });
  }

  /// Of the design settings without those of `quick`.
  std::shared_ptr<const BoundSeries> series_of(const std::vector<Setting>& settings) {
    const auto made = once(series, identity_of(settings), [&]() -> Made<BoundSeries> {
      std::vector<std::span<const AxisValue>> values;
      for (const std::size_t axis : quick.axes) values.emplace_back(spec.axes[axis].values);
      return std::make_shared<const BoundSeries>(BoundSeries{next_number(), binder.series(settings, values)});
    });
    return *made;
  }

  [[nodiscard]] const SweepStrategy& strategy(const Split& split) const {
    return spec.plan.empty() ? strategies[strategy_ids.at(strategy_identity(split))] : strategies.front();
  }

  void set_strategy(const SweepStrategy& made, SweepPoint& point) const {
    point.strategy = made.strategy;
    point.inputs = &made.inputs;
    if (!spec.plan.empty()) point.plan = &binder.plan;
  }

  static SweepProblem at_file(SweepProblem problem, SourcePos pos) {
    if (problem.pos == SourcePos{}) problem.pos = pos;
    return problem;
  }

  void sort_axes();
  std::size_t add_strategy(const Split& split);
  void add_strategies();
};

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
  for (std::size_t i = 0; i < alone.axes.size(); ++i) {
    const bool matters =
        std::find(strategy_part.axes.begin(), strategy_part.axes.end(), i) != strategy_part.axes.end();
    if (!matters) alone.axes[i].values.resize(1);
  }
  for (std::size_t id = 0; id < grid_size(alone); ++id) {
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
  state_->energy = read_energy({&state_->spec.minimize, 1}) || read_energy(state_->spec.pareto);
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

struct SweepSource::Cursor::State {
  explicit State(SweepSource::State& of) : source{of} {}

  /// Of the last point, by the position of its part.
  template <class Value>
  struct Last {
    std::optional<std::uint64_t> position;
    Value value{};
  };

  SweepSource::State& source;
  std::vector<std::size_t> at;
  std::vector<std::size_t> quick_at;
  std::size_t scenario = 0;
  Last<std::shared_ptr<const Model>> model;
  Last<std::shared_ptr<const BoundSeries>> series;
  Last<std::shared_ptr<const BoundDesign>> bound;  ///< Whose design was bound by itself.
  Design filled;                                   ///< By `series`.

  expected<SweepPoint, SweepProblem> point(std::size_t id);
  expected<SweepPoint, SweepProblem> baseline(std::size_t number);
  void set_coordinates(std::size_t id);
  void set_model(SweepPoint& point) const;
  std::optional<SweepProblem> set_design(SweepPoint& point);
  std::optional<SweepProblem> bind(const std::vector<Setting>& settings,
                                   std::optional<std::uint64_t> position, SweepPoint& point);
  void use_bound(SweepPoint& point) const;
  bool fill(SweepPoint& point);
};

/// Mostly the next one: the last axis counts on.
void SweepSource::Cursor::State::set_coordinates(std::size_t id) {
  const std::vector<Axis>& axes = source.spec.axes;
  at.resize(axes.size());
  scenario = 0;
  std::size_t scenarios = 1;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const std::size_t extent = axes[i].values.size();
    at[i] = id % extent;
    id /= extent;
    if (!source.in_scenario[i]) continue;
    scenario += at[i] * scenarios;
    scenarios *= extent;
  }
}

void SweepSource::Cursor::State::set_model(SweepPoint& point) const {
  point.workload = {model.value, &model.value->whole};
  if (!model.value->has_one_block()) point.kinds = {model.value, &model.value->kinds};
}

/// The file's, with all settings.
std::optional<SweepProblem> SweepSource::Cursor::State::bind(const std::vector<Setting>& settings,
                                                             std::optional<std::uint64_t> position,
                                                             SweepPoint& point) {
  auto made = source.design(split_settings(settings, source.binder).design);
  if (!made) return std::move(made.error());
  bound = {position, std::move(*made)};
  use_bound(point);
  return std::nullopt;
}

void SweepSource::Cursor::State::use_bound(SweepPoint& point) const {
  point.design = &bound.value->design;
  point.hardware = bound.value->hardware;
}

/// From a series; false if it has no such design.
bool SweepSource::Cursor::State::fill(SweepPoint& point) {
  if (source.quick.axes.empty()) return false;
  const std::uint64_t position = source.slow_part.position(source.spec, at);
  if (series.position != position) {
    std::vector<Setting> settings = source.spec.fixed;
    for (const std::size_t axis : source.slow_part.axes) {
      append(settings, source.spec.axes[axis].values[at[axis]].settings);
    }
    series = {position, source.series_of(split_settings(settings, source.binder).design)};
    filled = {};
  }
  if (!series.value->fill) return false;
  quick_at.clear();
  for (const std::size_t axis : source.quick.axes) quick_at.push_back(at[axis]);
  if (!series.value->fill(quick_at, filled)) return false;
  point.design = &filled;
  point.hardware = series.value->hardware;
  return true;
}

std::optional<SweepProblem> SweepSource::Cursor::State::set_design(SweepPoint& point) {
  if (fill(point)) return std::nullopt;
  const std::uint64_t position = source.design_part.position(source.spec, at);
  if (bound.position != position) return bind(source.settings_at(at), position, point);
  use_bound(point);
  return std::nullopt;
}

expected<SweepPoint, SweepProblem> SweepSource::Cursor::State::point(std::size_t id) {
  set_coordinates(id);
  const std::uint64_t position = source.workload_part.position(source.spec, at);
  if (model.position != position) {
    auto made = source.model(split_settings(source.settings_at(at), source.binder).workload);
    if (!made) return unexpected{std::move(made.error())};
    model = {position, std::move(*made)};
  }
  SweepPoint point;
  set_model(point);
  if (auto problem = set_design(point)) return unexpected{std::move(*problem)};
  const SweepStrategy& strategy =
      source.strategies[source.strategy_of[source.strategy_part.position(source.spec, at)]];
  source.set_strategy(strategy, point);
  return point;
}

expected<SweepPoint, SweepProblem> SweepSource::Cursor::State::baseline(std::size_t number) {
  scenario = number / (source.baselines / scenario_count(source.spec));
  const Split split = split_settings(baseline_settings(source.spec, number), source.binder);
  auto made = source.model(split.workload);
  if (!made) return unexpected{std::move(made.error())};
  model = {std::nullopt, std::move(*made)};
  SweepPoint point;
  set_model(point);
  if (auto problem = bind(split.design, std::nullopt, point)) return unexpected{std::move(*problem)};
  const SweepStrategy& strategy = source.strategy(split);
  source.set_strategy(strategy, point);
  return point;
}

SweepSource::Cursor::Cursor(SweepSource& source) : state_{std::make_unique<State>(*source.state_)} {}
SweepSource::Cursor::Cursor(Cursor&&) noexcept = default;
SweepSource::Cursor::~Cursor() = default;

expected<SweepPoint, SweepProblem> SweepSource::Cursor::at(std::size_t number) {
  const std::size_t points = state_->source.points;
  return number < points ? state_->point(number) : state_->baseline(number - points);
}

std::size_t SweepSource::Cursor::scenario() const {
  return state_->scenario;
}

}  // namespace fusescape
