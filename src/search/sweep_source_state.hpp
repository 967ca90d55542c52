// What does a sweep keep of the values that its points are made of?
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fusescape/search/recent.hpp"
#include "fusescape/search/sweep_source.hpp"
#include "sweep_generations.hpp"
#include "sweep_settings.hpp"

namespace fusescape {

// How much is kept. A workload has some 50 KB, a design some 2 KB.
inline constexpr std::size_t kKeptWorkloads = 64;
inline constexpr std::size_t kKeptDesigns = 512;

template <class Value>
using Made = expected<std::shared_ptr<const Value>, SweepProblem>;

/// What is told apart by a position among all combinations of the values of some axes.
struct AxesPart {
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

/// What a workload's settings mean. With a generation, `model` is of its prefill.
struct BoundModel {
  std::shared_ptr<const Model> model;
  std::shared_ptr<const GenerationRuns> generation;
};

struct BoundDesign {
  Design design;
  std::uint64_t hardware = 0;
};

struct SweepSource::State {
  State(SweepSpec its_spec, SweepBinder its_binder)
      : spec{std::move(its_spec)}, binder{std::move(its_binder)} {}

  SweepSpec spec;
  SweepBinder binder;
  bool energy = false;
  std::size_t points = 0;
  std::size_t baselines = 0;
  AxesPart workload_part;
  AxesPart design_part;
  AxesPart slow_part;  ///< Of these the ones that no series varies,
  AxesPart quick;      ///< and the others.
  AxesPart strategy_part;
  std::vector<bool> in_scenario;         ///< Per axis.
  std::vector<std::size_t> strategy_of;  ///< By the position of `strategy_part`.
  std::vector<SweepStrategy> strategies;
  Strategy given{};  ///< The name of the plan that is given, if one is.
  std::map<std::string, std::size_t> strategy_ids;

  std::mutex mutex;
  Recent<std::unordered_map<std::string, std::shared_ptr<const Model>>> models{kKeptWorkloads};
  Recent<std::unordered_map<std::string, std::shared_ptr<const GenerationRuns>>> generations{kKeptWorkloads};
  Recent<std::unordered_map<std::string, std::shared_ptr<const BoundDesign>>> designs{kKeptDesigns};
  Recent<std::unordered_map<std::string, std::shared_ptr<const BoundSeries>>> series{kKeptWorkloads};
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

  expected<BoundModel, SweepProblem> workload(const std::vector<Setting>& settings) {
    if (!ask_for_generation(settings)) {
      auto made = model(settings);
      if (!made) return unexpected{std::move(made.error())};
      return BoundModel{std::move(*made), nullptr};
    }
    const auto made = once(generations, identity_of(settings), [&]() -> Made<GenerationRuns> {
      auto runs = generation_runs(settings, binder.has_caches,
                                  [this](const std::vector<Setting>& of_run) { return model(of_run); });
      if (!runs) return unexpected{at_file(std::move(runs.error()), spec.workload_pos)};
      return std::make_shared<const GenerationRuns>(std::move(*runs));
    });
    if (!made) return unexpected{made.error()};
    return BoundModel{(*made)->prefill, *made};
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
  [[nodiscard]] std::vector<bool> sampled_strategies(std::size_t positions) const;
  void add_strategies();
};

}  // namespace fusescape
