// How is the point of a number made?
#include "sweep_source_state.hpp"

namespace fusescape {

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
  Last<BoundModel> model;
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

void SweepSource::Cursor::State::set_coordinates(std::size_t id) {
  id = grid_position(source.spec, id);
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
  const std::shared_ptr<const Model>& made = model.value.model;
  point.workload = {made, &made->whole};
  if (!made->has_one_block()) point.kinds = {made, &made->kinds};
  point.generation = model.value.generation;
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
  point.variant = source.quick.position(source.spec, at);
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
    auto made = source.workload(split_settings(source.settings_at(at), source.binder).workload);
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
  auto made = source.workload(split.workload);
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
