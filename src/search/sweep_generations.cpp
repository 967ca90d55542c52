#include "sweep_generations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "point_set.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kPrompt = "prompt";
constexpr std::string_view kGenerate = "generate";
constexpr std::int64_t kMostGenerated = 1'000'000'000;

std::optional<Setting> last_of(const std::vector<Setting>& settings, std::string_view key) {
  const auto found = std::find_if(settings.rbegin(), settings.rend(),
                                  [&](const Setting& setting) { return setting.key == key; });
  return found == settings.rend() ? std::nullopt : std::optional{*found};
}

expected<std::int64_t, SweepProblem> count_in(const Setting& setting) {
  std::int64_t count = 0;
  const char* const end = setting.value.data() + setting.value.size();
  const auto [stop, fault] = std::from_chars(setting.value.data(), end, count);
  if (fault == std::errc{} && stop == end && count >= 1 && count <= kMostGenerated) return count;
  return unexpected{SweepProblem{
      setting.pos,
      fmt::format("{}: expected a whole number of tokens from 1 to {}", setting.key, kMostGenerated)}};
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

/// The runs of one point: outcomes of evaluated points.
struct RunsTaken {
  const BoundSweep& sweep;
  const PointSet& asked;
  const std::vector<PointOutcome>& outcomes;

  [[nodiscard]] expected<StepTaken, std::string> taken(std::size_t id) const {
    return step_of(evaluated_point(sweep, asked.points()[id], outcomes[id]));
  }
};

/// `outcome`, of a run that does not fit or has no time, as that of the whole.
PointOutcome failed(PointOutcome outcome, const std::string& run, const std::string& why) {
  if (outcome.feasible()) {
    outcome = PointOutcome{};
    outcome.status = PointOutcome::Status::kInfeasible;
  }
  outcome.why = fmt::format("{}: {}", run, why);
  return outcome;
}

PointOutcome whole_of_runs(const RunsTaken& runs, const GenerationRuns& generation,
                           std::span<const std::size_t> ids) {
  const std::vector<std::int64_t> lengths = step_lengths(generation.asked, generation.has_caches);
  std::vector<StepTaken> taken;
  taken.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const PointOutcome& outcome = runs.outcomes[ids[i]];
    if (outcome.status == PointOutcome::Status::kSkipped) return {};
    const std::string run = i == 0                  ? "prompt"
                            : generation.has_caches ? fmt::format("step at S={}", lengths[i - 1])
                                                    : "step";
    if (!outcome.feasible()) return failed(outcome, run, outcome.why);
    const auto step = runs.taken(ids[i]);
    if (!step) return failed(outcome, run, step.error());
    taken.push_back(*step);
  }
  PointOutcome whole = runs.outcomes[ids.front()];
  whole.generation =
      generation_times(generation.asked, generation.has_caches, taken.front(), std::span{taken}.subspan(1));
  return whole;
}

}  // namespace

expected<std::optional<AskedGeneration>, SweepProblem> take_generation(std::vector<Setting>& settings) {
  const std::optional<Setting> prompt = last_of(settings, kPrompt);
  const std::optional<Setting> generate = last_of(settings, kGenerate);
  if (!prompt && !generate) return std::nullopt;
  std::erase_if(settings, [](const Setting& s) { return s.key == kPrompt || s.key == kGenerate; });
  if (!prompt || !generate) {
    const Setting& given = prompt ? *prompt : *generate;
    return unexpected{SweepProblem{given.key_pos, fmt::format("{} needs {}", prompt ? kPrompt : kGenerate,
                                                              prompt ? kGenerate : kPrompt)}};
  }
  for (const std::string_view key : {"phase", "L", "S"}) {
    const auto given = last_of(settings, key);
    if (!given) continue;
    return unexpected{
        SweepProblem{given->key_pos, fmt::format("{}: prompt and generate say it of both phases", key)}};
  }
  const auto tokens = count_in(*prompt);
  if (!tokens) return unexpected{tokens.error()};
  const auto more = count_in(*generate);
  if (!more) return unexpected{more.error()};
  return AskedGeneration{{*tokens, *more}, *prompt, *generate};
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

std::vector<PointOutcome> evaluate_generations(const BoundSweep& sweep, std::span<const DesignPoint> points,
                                               const SweepRun& run) {
  BoundSweep runs = sweep;
  runs.generations.clear();
  PointSet asked;
  std::vector<std::vector<std::size_t>> ids(points.size());
  for (std::size_t p = 0; p < points.size(); ++p) {
    DesignPoint point = points[p];
    const auto& generation = sweep.generations[point.workload];
    if (generation) point.workload = generation->prefill;
    ids[p].push_back(asked.id_of(point));
    if (!generation) continue;
    for (const std::uint32_t step : generation->steps) {
      point.workload = step;
      ids[p].push_back(asked.id_of(point));
    }
  }
  const std::vector<PointOutcome> outcomes = evaluate_points(runs, asked.points(), run);
  const RunsTaken taken{runs, asked, outcomes};
  std::vector<PointOutcome> whole;
  whole.reserve(points.size());
  for (std::size_t p = 0; p < points.size(); ++p) {
    const auto& generation = sweep.generations[points[p].workload];
    whole.push_back(generation ? whole_of_runs(taken, *generation, ids[p]) : outcomes[ids[p].front()]);
  }
  return whole;
}

}  // namespace fusescape
