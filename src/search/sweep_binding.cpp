#include "fusescape/search/sweep_binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/suggestion.hpp"
#include "sweep_generations.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kStrategyKey = "strategy";
constexpr std::string_view kEntropyKey = "entropy";

/// The settings as one text: equal texts mean equal values, which are then made once.
std::string identity_of(const std::vector<Setting>& settings) {
  std::string text;
  for (const Setting& setting : settings) {
    text +=
        fmt::format("{}:{}={}:{}\n", setting.key.size(), setting.key, setting.value.size(), setting.value);
  }
  return text;
}

void append(std::vector<Setting>& settings, const std::vector<Setting>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
}

/// Makes each distinct workload, design and strategy once, and remembers which settings gave which.
class Expansion {
 public:
  Expansion(const SweepSpec& spec, const SweepBinder& binder) : spec_{spec}, binder_{binder} {}

  DesignPoint point(const std::vector<Setting>& settings) {
    std::vector<Setting> of_workload;
    std::vector<Setting> of_design;
    const Setting* strategy = nullptr;
    const Setting* entropy = nullptr;
    for (const Setting& setting : settings) {
      if (setting.key == kStrategyKey) {
        strategy = &setting;
      } else if (setting.key == kEntropyKey) {
        entropy = &setting;
      } else {
        (binder_.sets_workload(setting.key) ? of_workload : of_design).push_back(setting);
      }
    }
    FUSESCAPE_EXPECTS(strategy != nullptr);  // problems_of
    return {.workload = workload_id(of_workload),
            .design = make_once(designs_, of_design, bound_.designs, binder_.design, spec_.arch_pos),
            .strategy = strategy_id(*strategy, entropy)};
  }

  BoundSweep& bound() { return bound_; }
  /// Hands the models over, and the generations that are asked of them. A figure of one block that a stack of
  /// several kinds of layers lacks is a problem.
  void take_models() {
    const bool stacks = std::any_of(models_.begin(), models_.end(),
                                    [](const Model& model) { return !model.has_one_block(); });
    if (stacks) check_figures();
    for (Model& model : models_) {
      bound_.workloads.push_back(std::move(model.whole));
      if (stacks) bound_.kinds.push_back(std::move(model.kinds));
    }
    for (auto& [workload, runs] : generations_) {
      bound_.generations.resize(bound_.workloads.size());
      bound_.generations[workload] = std::move(runs);
    }
  }
  std::vector<SweepProblem>& problems() { return problems_; }

 private:
  using Ids = std::unordered_map<std::string, std::uint32_t>;

  std::uint32_t model_id(const std::vector<Setting>& settings) {
    return make_once(workloads_, settings, models_, binder_.workload, spec_.workload_pos);
  }

  /// With a prompt and a generation it is a workload of its own, equal to its prefill.
  std::uint32_t workload_id(std::vector<Setting> settings) {
    std::string identity = identity_of(settings);
    auto found = take_generation(settings);
    if (!found) report(std::move(found.error()), spec_.workload_pos);
    if (!found || !*found) return model_id(settings);
    const AskedGeneration& asked = **found;
    const auto [known, is_new] = asked_.try_emplace(std::move(identity), 0);
    if (!is_new) return known->second;
    GenerationRuns runs{.asked = asked.tokens, .has_caches = binder_.has_caches};
    runs.prefill = model_id(prefill_settings(settings, asked));
    for (const std::int64_t length : step_lengths(runs.asked, runs.has_caches)) {
      runs.steps.push_back(model_id(step_settings(settings, asked, length, runs.has_caches)));
    }
    known->second = static_cast<std::uint32_t>(models_.size());
    models_.push_back(Model{models_[runs.prefill]});
    generations_.emplace(known->second, std::move(runs));
    return known->second;
  }

  template <class Value, class Make>
  std::uint32_t make_once(Ids& ids, const std::vector<Setting>& settings, std::vector<Value>& values,
                          const Make& make, SourcePos file_pos) {
    const auto [known, is_new] =
        ids.try_emplace(identity_of(settings), static_cast<std::uint32_t>(values.size()));
    if (!is_new) return known->second;
    auto made = make(settings);
    values.push_back(made ? std::move(*made) : Value{});
    if (!made) report(std::move(made.error()), file_pos);
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
    for (std::size_t i = 0; i < spec_.pareto.size(); ++i) {
      check("pareto", spec_.pareto[i],
            i < spec_.pareto_places.size() ? spec_.pareto_places[i] : spec_.pareto_pos);
    }
  }

  /// A strategy with its entropies, if it reads them.
  std::uint32_t strategy_id(const Setting& setting, const Setting* entropy) {
    const auto next = static_cast<std::uint32_t>(bound_.strategies.size());
    const Strategy* named = find_strategy(setting.value);
    const bool reads = entropy != nullptr && named != nullptr && named->reads_entropy;
    const std::string key = reads ? identity_of({setting, *entropy}) : identity_of({setting});
    const auto [known, is_new] = strategies_.try_emplace(key, next);
    if (!is_new) return known->second;
    bound_.strategies.push_back(named);
    bound_.inputs.push_back(reads ? inputs_of(*entropy) : StrategyInputs{});
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
  Ids workloads_;
  Ids asked_;  ///< Of workloads with a prompt and a generation.
  std::map<std::uint32_t, GenerationRuns> generations_;
  Ids designs_;
  Ids strategies_;
  std::vector<Model> models_;
  BoundSweep bound_;
  std::vector<SweepProblem> problems_;
};

/// The designs that a baseline stands for in one scenario, whose settings are `given`.
void add_baseline(const SweepSpec& spec, std::size_t scenario, std::size_t baseline,
                  const std::vector<Setting>& given, Expansion& expansion) {
  const std::size_t designs = baseline_designs(spec, scenario, baseline).count;
  for (std::size_t design = 0; design < designs; ++design) {
    std::vector<Setting> settings = given;
    append(settings, spec.baselines[baseline].settings);
    for (const AxisValue* value : open_values(spec, spec.baselines[baseline], design)) {
      append(settings, value->settings);
    }
    expansion.bound().baselines.push_back(expansion.point(settings));
  }
}

}  // namespace

expected<BoundSweep, std::vector<SweepProblem>> bind_sweep(const SweepSpec& spec, const SweepBinder& binder) {
  if (auto problems = problems_of(spec); !problems.empty()) return unexpected{std::move(problems)};

  Expansion expansion{spec, binder};
  expansion.bound().energy = read_energy({&spec.minimize, 1}) || read_energy(spec.pareto);
  const std::size_t points = grid_size(spec);
  expansion.bound().points.reserve(points);
  for (std::size_t id = 0; id < points; ++id) {
    const std::vector<std::size_t> at = coordinates_of(spec, id);
    std::vector<Setting> settings = spec.fixed;
    for (std::size_t i = 0; i < at.size(); ++i) append(settings, spec.axes[i].values[at[i]].settings);
    expansion.bound().points.push_back(expansion.point(settings));
  }
  for (std::size_t scenario = 0; scenario < scenario_count(spec); ++scenario) {
    std::vector<Setting> given = spec.fixed;
    for (const AxisValue* value : scenario_values(spec, scenario)) {
      if (value != nullptr) append(given, value->settings);
    }
    for (std::size_t b = 0; b < spec.baselines.size(); ++b) add_baseline(spec, scenario, b, given, expansion);
  }
  expansion.take_models();
  if (!expansion.problems().empty()) return unexpected{std::move(expansion.problems())};
  return std::move(expansion.bound());
}

}  // namespace fusescape
