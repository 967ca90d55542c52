#include "generation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <variant>

#include "fusescape/support/printable.hpp"
#include "fusescape/workload/generation_keys.hpp"

namespace fusescape {
namespace {

bool sets(const std::string& setting, std::string_view key) {
  return setting.size() > key.size() && setting[key.size()] == '=' &&
         setting.compare(0, key.size(), key) == 0;
}

/// The value of the last setting of `key`.
std::optional<std::string> last_value(const std::vector<std::string>& settings, std::string_view key) {
  const auto last = std::find_if(settings.rbegin(), settings.rend(),
                                 [&](const std::string& setting) { return sets(setting, key); });
  return last == settings.rend() ? std::nullopt : std::optional{last->substr(key.size() + 1)};
}

expected<StepTaken, Failure> step_of(const EvaluationReport& report) {
  const MetricValue& ms = report.figure("latency_ms");
  if (!ms) {
    return unexpected{Failure{ExitCode::kInfeasible, fmt::format("infeasible: {}\n", ms.error())}};
  }
  // `number` is in ms; what figures are compared by is in seconds.
  return StepTaken{std::get<double>(ms->number), report.whole ? report.whole->energy_pj : std::nullopt};
}

/// The settings of the run, in place of those that the user gave.
struct Run {
  std::string phase;  ///< In words.
  std::vector<std::string> settings;
  std::string derived;  ///< The setting that a count of tokens became.
  std::string given;    ///< What the user wrote of it.
};

/// Says of which phase a failure is, in the user's settings.
Failure of_run(const Run& run, Failure failure) {
  const std::string derived = fmt::format("--set {}: ", run.derived);
  for (std::size_t at = failure.text.find(derived); at != std::string::npos && !run.derived.empty();
       at = failure.text.find(derived, at)) {
    failure.text.replace(at, derived.size(), fmt::format("--set {}: ", run.given));
    at += run.given.size();
  }
  if (failure.code != ExitCode::kInfeasible) return failure;
  const std::size_t colon = failure.text.find(": ");
  if (colon != std::string::npos) failure.text.insert(colon + 2, fmt::format("{}: ", run.phase));
  return failure;
}

Run prefill_of(const Generation& generation) {
  const std::string length = fmt::format("L={}", generation.prompt);
  return {"prompt", {"phase=prefill", length}, length, fmt::format("prompt={}", generation.prompt)};
}

Run step_at(const Generation& generation, std::int64_t length, bool has_caches) {
  if (!has_caches) return {"step", {"phase=decode", "L=1"}, "", ""};
  const std::string cache = fmt::format("S={}", length);
  return {fmt::format("step at {}", cache),
          {"phase=decode", "L=1", cache},
          cache,
          fmt::format("prompt={} --set generate={}", generation.prompt, generation.tokens)};
}

/// A run with what it takes, or the whole answer where it does not run.
struct Taken {
  GenerationAnswer answer;
  StepTaken step;
};

expected<Taken, Failure> taken_by(const Run& run, std::vector<std::string> settings,
                                  const ReportUnder& report_under) {
  settings.insert(settings.end(), run.settings.begin(), run.settings.end());
  auto answer = report_under(settings);
  if (!answer) return unexpected{of_run(run, std::move(answer.error()))};
  Taken taken{std::move(*answer), {}};
  GenerationAnswer& found = taken.answer;
  if (!found.refused) {
    const auto step = step_of(found.report);
    if (step) {
      taken.step = *step;
    } else {
      found.refused = of_run(run, step.error());  // The layers run, but not the head.
    }
    return taken;
  }
  found.refused = of_run(run, std::move(*found.refused));
  found.report.reason.insert(0, fmt::format("{}: ", run.phase));
  return taken;
}

void set_figure(EvaluationReport& report, std::string_view name, const MetricValue& value) {
  for (std::size_t i = 0; i < metrics().size(); ++i) {
    if (metrics()[i].name == name) report.figures[i] = value;
  }
}

void take_times(const GenerationTimes& times, std::int64_t lengths, GenerationReport& report) {
  report.ttft_ms = times.ttft_ms;
  report.tpot_ms = times.tpot_ms;
  report.total_ms = times.total_ms;
  report.energy_pj = times.energy_pj;
  report.lengths = lengths;
  report.bound_ms = times.bound_ms;
  report.why_no_bound = times.why_no_bound;
}

/// All steps after the prefill; or the run that failed.
expected<std::optional<GenerationAnswer>, Failure> take_steps(const Generation& generation, bool has_caches,
                                                              const std::vector<std::string>& settings,
                                                              const ReportUnder& report_under,
                                                              std::vector<StepTaken>& steps) {
  for (const std::int64_t length : step_lengths(generation, has_caches)) {
    auto decode = taken_by(step_at(generation, length, has_caches), settings, report_under);
    if (!decode) return unexpected{std::move(decode.error())};
    if (decode->answer.refused) return std::move(decode->answer);
    steps.push_back(decode->step);
  }
  return std::nullopt;
}

}  // namespace

Failure failure_of(const GenerationProblem& problem, std::string_view value) {
  const std::string text = problem.in_value
                               ? fmt::format("--set {}={}{}\n", problem.key, printable(value), problem.why)
                               : fmt::format("error: --set {}{}\n", problem.key, problem.why);
  return {ExitCode::kUsage, text};
}

expected<std::optional<Generation>, Failure> take_generation(std::vector<std::string>& settings) {
  const auto value_of = [&](std::string_view key) { return last_value(settings, key); };
  const auto asked = asked_generation(value_of);
  if (!asked)
    return unexpected{failure_of(asked.error(), value_of(asked.error().key).value_or(std::string{}))};
  std::erase_if(settings, [](const std::string& setting) {
    return is_of_generation(std::string_view{setting}.substr(0, setting.find('=')));
  });
  return *asked;
}

bool has_caches(const InputFile& model) {
  const auto takes_cache = [&](const YamlNode& root) {
    return takes_setting({model.kind, model.file, model.text, root, false}, "S");
  };
  const YamlNode* layers = find_value(model.root, "layers");
  if (layers == nullptr || !takes_cache(model.root)) return takes_cache(model.root);
  return std::any_of(layers->items.begin(), layers->items.end(), [&](const YamlNode& layer) {
    return find_value(layer, "family") != nullptr && takes_cache(layer);
  });
}

expected<GenerationAnswer, Failure> generation_report(const Generation& generation, bool has_caches,
                                                      const std::vector<std::string>& settings,
                                                      const ReportUnder& report_under) {
  GenerationReport report{.prompt = generation.prompt, .tokens = generation.tokens, .has_caches = has_caches};
  auto prefill = taken_by(prefill_of(generation), settings, report_under);
  if (!prefill) return unexpected{std::move(prefill.error())};
  EvaluationReport& whole = prefill->answer.report;
  if (prefill->answer.refused) {
    whole.generation = report;
    return std::move(prefill->answer);
  }
  std::vector<StepTaken> steps;
  auto failed = take_steps(generation, has_caches, settings, report_under, steps);
  if (!failed) return unexpected{std::move(failed.error())};
  if (*failed) {
    (*failed)->report.generation = report;
    return std::move(**failed);
  }
  take_times(generation_times(generation, has_caches, prefill->step, steps), std::ssize(steps), report);
  set_figure(whole, "tpot_ms",
             report.tpot_ms ? MetricValue{Figure{*report.tpot_ms}}
                            : MetricValue{unexpected{std::string{"the one token is of the prefill"}}});
  set_figure(whole, "generation_total_ms", Figure{*report.total_ms});
  whole.generation = std::move(report);
  return std::move(prefill->answer);
}

expected<Inputs, Failure> prefill_inputs(const Generation& generation, bool has_caches,
                                         const InputArguments& arguments) {
  const auto inputs_of = [&](const Run& run) -> expected<Inputs, Failure> {
    InputArguments of_run_alone = arguments;
    of_run_alone.settings.insert(of_run_alone.settings.end(), run.settings.begin(), run.settings.end());
    auto inputs = load_inputs(of_run_alone);
    if (!inputs) return unexpected{of_run(run, std::move(inputs.error()))};
    return inputs;
  };
  auto prefill = inputs_of(prefill_of(generation));
  const std::vector<std::int64_t> lengths = step_lengths(generation, has_caches);
  if (!prefill || lengths.empty()) return prefill;
  const auto step = inputs_of(step_at(generation, lengths.back(), has_caches));
  if (!step) return unexpected{step.error()};
  return prefill;
}

}  // namespace fusescape
