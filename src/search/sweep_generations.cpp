#include "sweep_generations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "fusescape/cost/generation.hpp"
#include "fusescape/cost/metrics.hpp"
#include "fusescape/workload/generation_keys.hpp"

namespace fusescape {
namespace {

std::optional<Setting> last_of(const std::vector<Setting>& settings, std::string_view key) {
  const auto found = std::find_if(settings.rbegin(), settings.rend(),
                                  [&](const Setting& setting) { return setting.key == key; });
  return found == settings.rend() ? std::nullopt : std::optional{*found};
}

Setting derived(const Setting& from, std::string key, std::string value) {
  Setting setting = from;
  setting.key = std::move(key);
  setting.value = std::move(value);
  return setting;
}

/// Of a run that has a cost, of the whole model; or why there is no such time.
expected<StepTaken, std::string> step_of(const Evaluated& evaluated) {
  const MetricValue ms = find_metric("latency_ms")->value(evaluated);
  if (!ms) return unexpected{ms.error()};
  const MetricValue pj = whole_energy_of(evaluated);
  return StepTaken{std::get<double>(ms->number), pj ? std::optional{magnitude(*pj)} : std::nullopt};
}

/// `outcome`, of a run that does not fit or has no time, as that of the whole.
PointOutcome failed(PointOutcome outcome, const std::string& run, const std::string& why) {
  if (outcome.feasible()) {
    outcome = PointOutcome{};
    outcome.status = PointOutcome::Status::kInfeasible;
  }
  outcome.why = fmt::format("{}: {}", run, why);
  return outcome;
}

/// `prompt` and `generate` among a workload's settings.
struct AskedGeneration {
  Generation tokens;
  Setting prompt;
  Setting generate;
};

/// Takes both out of `settings`, of which one is there at least.
expected<AskedGeneration, SweepProblem> take_generation(std::vector<Setting>& settings) {
  const auto asked = asked_generation([&](std::string_view key) {
    const std::optional<Setting> setting = last_of(settings, key);
    return setting ? std::optional{setting->value} : std::nullopt;
  });
  if (!asked) {
    const auto& [key, in_value, why] = asked.error();
    const Setting blamed = *last_of(settings, key);
    return unexpected{SweepProblem{in_value ? blamed.pos : blamed.key_pos, fmt::format("{}{}", key, why)}};
  }
  const auto [prompt, generate] = kGenerationKeys;
  AskedGeneration taken{**asked, *last_of(settings, prompt), *last_of(settings, generate)};
  std::erase_if(settings, [](const Setting& setting) { return is_of_generation(setting.key); });
  return taken;
}

std::vector<Setting> prefill_settings(std::vector<Setting> settings, const AskedGeneration& asked) {
  settings.push_back(derived(asked.prompt, "phase", "prefill"));
  settings.push_back(derived(asked.prompt, "L", std::to_string(asked.tokens.prompt)));
  return settings;
}

std::vector<Setting> step_settings(std::vector<Setting> settings, const AskedGeneration& asked,
                                   std::int64_t length, bool has_caches) {
  settings.push_back(derived(asked.generate, "phase", "decode"));
  settings.push_back(derived(asked.generate, "L", "1"));
  if (has_caches) settings.push_back(derived(asked.generate, "S", std::to_string(length)));
  return settings;
}

SweepPoint run_of(const SweepPoint& point, const std::shared_ptr<const Model>& model) {
  SweepPoint run = point;
  run.generation = nullptr;
  run.workload = {model, &model->whole};
  run.kinds = nullptr;
  if (!model->has_one_block()) run.kinds = {model, &model->kinds};
  return run;
}

}  // namespace

bool ask_for_generation(const std::vector<Setting>& settings) {
  return std::any_of(settings.begin(), settings.end(),
                     [](const Setting& setting) { return is_of_generation(setting.key); });
}

expected<GenerationRuns, SweepProblem> generation_runs(std::vector<Setting> settings, bool has_caches,
                                                       const ModelMaker& make) {
  const auto asked = take_generation(settings);
  if (!asked) return unexpected{asked.error()};
  auto prefill = make(prefill_settings(settings, *asked));
  if (!prefill) return unexpected{std::move(prefill.error())};
  GenerationRuns runs{
      .asked = asked->tokens, .has_caches = has_caches, .prefill = std::move(*prefill), .steps = {}};
  for (const std::int64_t length : step_lengths(runs.asked, has_caches)) {
    auto step = make(step_settings(settings, *asked, length, has_caches));
    if (!step) return unexpected{std::move(step.error())};
    runs.steps.push_back(std::move(*step));
  }
  return runs;
}

PointOutcome outcome_of_runs(const SweepPoint& point,
                             const std::function<PointOutcome(const SweepPoint&)>& outcome_of) {
  const GenerationRuns& runs = *point.generation;
  const std::vector<std::int64_t> lengths = step_lengths(runs.asked, runs.has_caches);
  std::vector<StepTaken> taken;
  taken.reserve(1 + runs.steps.size());
  PointOutcome whole;
  for (std::size_t i = 0; i <= runs.steps.size(); ++i) {
    const SweepPoint run = run_of(point, i == 0 ? runs.prefill : runs.steps[i - 1]);
    PointOutcome outcome = outcome_of(run);
    if (outcome.status == PointOutcome::Status::kSkipped) return {};
    const std::string name = i == 0            ? "prompt"
                             : runs.has_caches ? fmt::format("step at S={}", lengths[i - 1])
                                               : "step";
    if (!outcome.feasible()) return failed(outcome, name, outcome.why);
    const auto step = step_of(evaluated_point(run, outcome));
    if (!step) return failed(outcome, name, step.error());
    taken.push_back(*step);
    if (i == 0) whole = std::move(outcome);
  }
  whole.generation =
      generation_times(runs.asked, runs.has_caches, taken.front(), std::span{taken}.subspan(1));
  return whole;
}

}  // namespace fusescape
