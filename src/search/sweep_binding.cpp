#include "fusescape/search/sweep_binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/search/recent.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/suggestion.hpp"
#include "sweep_generations.hpp"
#include "sweep_settings.hpp"

namespace fusescape {
namespace {

/// Whether workloads and designs are wanted, or only what is wrong with them.
enum class BoundValues : bool { kProblems, kAll };

/// Makes each distinct workload, design and strategy once, and remembers which settings gave which.
class Expansion {
 public:
  Expansion(const SweepSpec& spec, const SweepBinder& binder, BoundValues keep)
      : spec_{spec}, binder_{binder}, keep_{keep} {}

  DesignPoint point(const std::vector<Setting>& settings) {
    const Split split = split_settings(settings, binder_);
    FUSESCAPE_EXPECTS(split.strategy || !spec_.plan.empty());  // problems_of
    return {.workload = workload_id(split.workload),
            .design = make_once(designs_, split.design, bound_.designs, binder_.design, spec_.arch_pos),
            .strategy = split.strategy ? strategy_id(split) : 0};
  }

  BoundSweep& bound() { return bound_; }
  /// Hands the models over, and the generations that are asked of them. A figure of one block that a stack of
  /// several kinds of layers lacks is a problem.
  void take_models() {
    if (stacks_) check_figures();
    for (Model& model : models_) {
      bound_.workloads.push_back(std::move(model.whole));
      if (stacks_) bound_.kinds.push_back(std::move(model.kinds));
    }
    if (generations_.empty()) return;
    generations_.resize(bound_.workloads.size());
    bound_.generations = std::move(generations_);
  }
  std::vector<SweepProblem>& problems() { return problems_; }

 private:
  static constexpr std::size_t kKeptRuns = 64;  ///< Some 50 KB each.
  using Ids = std::unordered_map<std::string, std::uint32_t>;

  std::uint32_t workload_id(const std::vector<Setting>& settings) {
    std::shared_ptr<const GenerationRuns> runs;
    const auto make_model = [&](const std::vector<Setting>& all) -> expected<Model, SweepProblem> {
      if (!ask_for_generation(all)) return binder_.workload(all);
      auto made = generation_runs(all, binder_.has_caches,
                                  [this](const std::vector<Setting>& of_run) { return run_model(of_run); });
      if (!made) return unexpected{std::move(made.error())};
      runs = std::make_shared<const GenerationRuns>(std::move(*made));
      return Model{*runs->prefill};
    };
    const auto make = [&](const std::vector<Setting>& all) {
      auto made = make_model(all);
      stacks_ = stacks_ || (made && !made->has_one_block());
      return made;
    };
    const std::uint32_t id = make_once(workloads_, settings, models_, make, spec_.workload_pos);
    if (runs && keep_ == BoundValues::kAll) {
      generations_.resize(models_.size());
      generations_[id] = std::move(runs);
    }
    return id;
  }

  /// Generations have runs in common.
  expected<std::shared_ptr<const Model>, SweepProblem> run_model(const std::vector<Setting>& settings) {
    const std::string identity = identity_of(settings);
    if (const auto* known = run_models_.find(identity)) return *known;
    auto made = binder_.workload(settings);
    if (!made) return unexpected{std::move(made.error())};
    return run_models_.insert(identity, std::make_shared<const Model>(std::move(*made)));
  }

  template <class Value, class Make>
  std::uint32_t make_once(Ids& ids, const std::vector<Setting>& settings, std::vector<Value>& values,
                          const Make& make, SourcePos file_pos) {
    const auto [known, is_new] =
        ids.try_emplace(identity_of(settings), static_cast<std::uint32_t>(ids.size()));
    if (!is_new) return known->second;
    auto made = make(settings);
    if (!made) report(std::move(made.error()), file_pos);
    if (keep_ == BoundValues::kAll) values.push_back(made ? std::move(*made) : Value{});
    return known->second;
  }

  void check_figures() {
    const auto check = [&](std::string_view key, const std::string& name, SourcePos pos) {
      if (find_metric(name)->of != MetricOf::kBlock) return;
      report(
          {pos, fmt::format("{}: {} is of one block, and the model has layers of several kinds; a figure of "
                            "the model, such as latency_ms, would do",
                            key, name)},
          spec_.workload_pos);
    };
    check("minimize", spec_.minimize, spec_.minimize_pos);
    for (const Constraint& constraint : spec_.constraints) {
      check("constraints", constraint.metric, constraint.pos);
    }
    for (std::size_t i = 0; i < spec_.pareto.size(); ++i) {
      check("pareto", spec_.pareto[i],
            i < spec_.pareto_places.size() ? spec_.pareto_places[i] : spec_.pareto_pos);
    }
  }

  /// A strategy with its entropies, if it reads them.
  std::uint32_t strategy_id(const Split& split) {
    const auto next = static_cast<std::uint32_t>(bound_.strategies.size());
    const Setting& setting = *split.strategy;
    const Strategy* named = find_strategy(setting.value);
    const bool reads = split.entropy && named != nullptr && named->reads_entropy;
    const std::string key = strategy_identity(split);
    const auto [known, is_new] = strategies_.try_emplace(key, next);
    if (!is_new) return known->second;
    bound_.strategies.push_back(named);
    bound_.inputs.push_back(reads ? inputs_of(*split.entropy) : StrategyInputs{});
    bound_.inputs.back().minimize = objective_for(spec_.minimize);
    if (named == nullptr) {
      const auto name_of_strategy = [](const Strategy& strategy) { return strategy.name; };
      const std::string hint = did_you_mean_among(setting.value, strategies(), name_of_strategy);
      problems_.push_back({setting.pos, fmt::format("unknown strategy '{}'{}", setting.value, hint)});
    }
    return known->second;
  }

  StrategyInputs inputs_of(const Setting& entropy) {
    auto made = binder_.entropy(entropy);
    if (made) return {.entropy = std::move(*made)};
    report(std::move(made.error()), entropy.pos);
    return {};
  }

  /// One wrong setting spoils many points; it is reported once.
  void report(SweepProblem problem, SourcePos file_pos) {
    if (problem.pos == SourcePos{}) problem.pos = file_pos;
    for (const SweepProblem& known : problems_) {
      if (known.pos == problem.pos && known.message == problem.message) return;
    }
    problems_.push_back(std::move(problem));
  }

  const SweepSpec& spec_;
  const SweepBinder& binder_;
  BoundValues keep_;
  bool stacks_ = false;  ///< Some model has several kinds of layers.
  Ids workloads_;
  Recent<std::unordered_map<std::string, std::shared_ptr<const Model>>> run_models_{kKeptRuns};
  std::vector<std::shared_ptr<const GenerationRuns>> generations_;
  Ids designs_;
  Ids strategies_;
  std::vector<Model> models_;
  BoundSweep bound_;
  std::vector<SweepProblem> problems_;
};

/// Makes all points, and the designs of baselines. Expects a spec without problems of its own.
void expand(const SweepSpec& spec, Expansion& expansion) {
  expansion.bound().energy = reads_energy(spec);
  const std::size_t points = grid_size(spec);
  expansion.bound().points.reserve(points);
  for (std::size_t id = 0; id < points; ++id) {
    const std::vector<std::size_t> at = coordinates_of(spec, id);
    std::vector<Setting> settings = spec.fixed;
    for (std::size_t i = 0; i < at.size(); ++i) append(settings, spec.axes[i].values[at[i]].settings);
    expansion.bound().points.push_back(expansion.point(settings));
  }
  const std::size_t baselines = baseline_count(spec);
  expansion.bound().baselines.reserve(baselines);
  for (std::size_t number = 0; number < baselines; ++number) {
    expansion.bound().baselines.push_back(expansion.point(baseline_settings(spec, number)));
  }
  expansion.take_models();
}

}  // namespace

expected<BoundSweep, std::vector<SweepProblem>> bind_sweep(const SweepSpec& spec, const SweepBinder& binder) {
  if (auto problems = problems_of(spec); !problems.empty()) return unexpected{std::move(problems)};
  Expansion expansion{spec, binder, BoundValues::kAll};
  expand(spec, expansion);
  if (!expansion.problems().empty()) return unexpected{std::move(expansion.problems())};
  return std::move(expansion.bound());
}

std::vector<SweepProblem> problems_of_binding(const SweepSpec& spec, const SweepBinder& binder) {
  if (auto problems = problems_of(spec); !problems.empty()) return problems;
  Expansion expansion{spec, binder, BoundValues::kProblems};
  expand(spec, expansion);
  return std::move(expansion.problems());
}

}  // namespace fusescape
