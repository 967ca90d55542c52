#include "sweep_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <tuple>

#include "entropy_source.hpp"
#include "fusescape/config/generation_keys.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/support/diagnostics.hpp"
#include "fusescape/support/printable.hpp"
#include "generation.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

bool is_of_generation(std::string_view key) {
  return std::find(kGenerationKeys.begin(), kGenerationKeys.end(), key) != kGenerationKeys.end();
}

bool sets(const Axis& axis, std::string_view key) {
  return std::any_of(axis.values.begin(), axis.values.end(), [&](const AxisValue& value) {
    return std::any_of(value.settings.begin(), value.settings.end(),
                       [&](const Setting& setting) { return setting.key == key; });
  });
}

bool sets(const SweepSpec& spec, std::string_view key) {
  return std::any_of(spec.fixed.begin(), spec.fixed.end(),
                     [&](const Setting& setting) { return setting.key == key; }) ||
         std::any_of(spec.axes.begin(), spec.axes.end(), [&](const Axis& axis) { return sets(axis, key); });
}

bool asks_for_generation(const SweepSpec& spec) {
  return std::any_of(kGenerationKeys.begin(), kGenerationKeys.end(),
                     [&](std::string_view key) { return sets(spec, key); });
}

/// What is wrong with a setting of the command line beside a prompt and a generation.
std::optional<Failure> generation_failure(const SweepSpec& spec, const std::vector<Setting>& settings) {
  if (!asks_for_generation(spec)) return std::nullopt;
  for (const Setting& setting : settings) {
    for (const std::string_view key : kGenerationKeys) {
      if (!is_of_generation(setting.key) || sets(spec, key)) continue;
      return Failure{ExitCode::kUsage, fmt::format("error: --set {} needs --set {}=N\n", setting.key, key)};
    }
    if (setting.key != "phase" && setting.key != "L" && setting.key != "S") continue;
    return Failure{ExitCode::kUsage,
                   fmt::format("error: --set {}: prompt and generate say it of both phases\n", setting.key)};
  }
  return std::nullopt;
}

/// The files that a sweep names, each parsed once and bound for many points.
class SweepSources {
 public:
  SweepSources(InputFile arch, InputFile model) : arch_{std::move(arch)}, model_{std::move(model)} {}

  /// Errors of the files themselves, before any setting of the sweep is blamed for them.
  [[nodiscard]] std::optional<Failure> check() const {
    std::string text;
    for (const InputFile* file : {&arch_, &model_}) {
      if (const std::optional<InputError> error = check_input(*file)) text += error->text;
    }
    if (text.empty()) return std::nullopt;
    return Failure{ExitCode::kBadInput, text};
  }

  /// What is wrong with settings of the command line, which have no place in the sweep's file.
  [[nodiscard]] std::optional<Failure> check(std::span<const Setting> settings) const {
    std::vector<Setting> of_files{settings.begin(), settings.end()};
    for (const Setting& setting : settings) {
      if (!is_of_generation(setting.key)) continue;
      if (const auto count = count_of_tokens(setting.key, setting.value); !count) return count.error();
    }
    std::erase_if(of_files, [](const Setting& setting) { return is_of_generation(setting.key); });
    if (const auto error = unknown(of_files)) return failure_of(*error);
    const Loaded<Accelerator> arch = bind_accelerator(arch_, settings);
    if (!arch && arch.error().cause == InputError::Cause::kUsage) return failure_of(arch.error());
    const Loaded<Model> model = bind_model(model_, settings);
    if (!model && model.error().cause == InputError::Cause::kUsage) return failure_of(model.error());
    return std::nullopt;
  }

  [[nodiscard]] std::optional<InputError> unknown(std::span<const Setting> settings) const {
    const std::array files{&arch_, &model_};
    return unknown_settings(settings, files);
  }

  /// What a sweep minimises and trades off unless its file says: of a stack, figures of the whole model,
  /// since its layers have no block in common; of a prompt with a generation, their time.
  void set_defaults(const InputFile& sweep, SweepSpec& spec) const {
    const YamlNode* family = find_value(model_.root, "family");
    const bool generates = asks_for_generation(spec);
    if (!generates && (family == nullptr || family->text != "stack")) return;
    const std::string time = generates ? "generation_total_ms" : "latency_ms";
    if (find_value(sweep.root, "minimize") == nullptr) spec.minimize = time;
    if (find_value(sweep.root, "pareto") == nullptr) spec.pareto = {time, "area_mm2"};
  }

  SweepBinder binder() {
    const auto sets_workload = [this](std::string_view key) {
      return is_of_generation(key) || takes_setting(model_, key);
    };
    return {.sets_workload = sets_workload,
            .workload = [this](std::span<const Setting> settings) { return workload(settings); },
            .design = [this](std::span<const Setting> settings) { return design(settings); },
            .entropy = entropy,
            .has_caches = has_caches(model_)};
  }

 private:
  /// At the value of the setting that is blamed, or with `at` at its key.
  static SweepProblem problem_of(const InputError& error, std::span<const Setting> settings,
                                 SourcePos Setting::*at = &Setting::pos) {
    if (error.settings.empty()) return {{}, error.text};
    const SettingFault& fault = error.settings.front();
    return {settings[fault.setting].*at, fault.message};
  }

  static expected<EntropySource, SweepProblem> entropy(const Setting& setting) {
    expected<EntropySource, Failure> source = entropy_source(setting.value);
    if (source) return std::move(*source);
    // One line: what is wrong, without the lines that quote the file.
    std::istringstream lines{source.error().text};
    std::string text;
    for (std::string line; std::getline(lines, line);) {
      const std::size_t at = line.find("error: ");
      if (at == std::string::npos) continue;
      if (at == 0) line.erase(0, std::string_view{"error: --"}.size());
      text += (text.empty() ? "" : "; ") + line;
    }
    return unexpected{SweepProblem{setting.pos, std::move(text)}};
  }

  [[nodiscard]] expected<Model, SweepProblem> workload(std::span<const Setting> settings) const {
    if (const auto error = unknown(settings)) {
      return unexpected{problem_of(*error, settings, &Setting::key_pos)};
    }
    Loaded<Model> bound = bind_model(model_, settings);
    if (!bound) return unexpected{problem_of(bound.error(), settings)};
    return std::move(*bound);
  }

  expected<Design, SweepProblem> design(std::span<const Setting> settings) {
    if (const auto error = unknown(settings)) {
      return unexpected{problem_of(*error, settings, &Setting::key_pos)};
    }
    Loaded<Design> bound = bind_design(arch_, settings, technologies_);
    if (!bound) return unexpected{problem_of(bound.error(), settings)};
    return std::move(*bound);
  }

  InputFile arch_;
  InputFile model_;
  Technologies technologies_;
};

std::string located(const InputFile& file, const std::vector<SweepProblem>& problems) {
  Diagnostics diagnostics{file.file, file.text};
  for (const SweepProblem& problem : problems) {
    const bool whole_text = !problem.message.empty() && problem.message.back() == '\n';
    std::string message = whole_text ? problem.message : printable(problem.message);
    if (whole_text) message.pop_back();
    diagnostics.error(problem.pos, std::move(message));
  }
  std::ostringstream text;
  text << diagnostics;
  return text.str();
}

/// The files that a sweep names. One that cannot be had is a fault of the sweep's file.
expected<SweepSources, Failure> sources_of(const InputFile& file, const SweepSpec& spec) {
  Loaded<InputFile> arch = find_input(Shelf::kArchs, spec.arch);
  Loaded<InputFile> model = find_input(Shelf::kWorkloads, spec.workload);
  std::vector<SweepProblem> missing;
  const auto check = [&](const Loaded<InputFile>& named, SourcePos pos) {
    if (!named && named.error().cause == InputError::Cause::kUnreadable) {
      missing.push_back({pos, named.error().text});
    }
  };
  check(arch, spec.arch_pos);
  check(model, spec.workload_pos);
  if (!missing.empty()) return unexpected{Failure{ExitCode::kBadInput, located(file, missing)}};
  if (!arch) return unexpected{failure_of(arch.error())};
  if (!model) return unexpected{failure_of(model.error())};
  SweepSources sources{std::move(*arch), std::move(*model)};
  if (auto failure = sources.check()) return unexpected{std::move(*failure)};
  return sources;
}

/// A sweep whose points are few, or for each axis of a large one sweeps along it, the others at their first
/// value: of so many values that what they become is soon forgotten.
std::vector<SweepSpec> parts_of(const SweepSpec& spec) {
  constexpr std::size_t kFewPoints = 10'000;
  if (grid_size(spec) <= kFewPoints) return {spec};
  SweepSpec first = spec;
  for (Axis& axis : first.axes) axis.values.resize(std::min<std::size_t>(axis.values.size(), 1));
  std::vector<SweepSpec> parts;
  for (std::size_t a = 0; a < spec.axes.size(); ++a) {
    const std::vector<AxisValue>& values = spec.axes[a].values;
    for (std::size_t begin = 0; begin < values.size(); begin += kFewPoints) {
      const std::size_t end = std::min(begin + kFewPoints, values.size());
      parts.push_back(first);
      parts.back().axes[a].values.assign(values.begin() + static_cast<std::ptrdiff_t>(begin),
                                         values.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
  return parts;
}

void drop_repeated(std::vector<SweepProblem>& problems) {
  const auto key = [](const SweepProblem& problem) { return std::tie(problem.pos, problem.message); };
  std::sort(problems.begin(), problems.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = [&](const auto& a, const auto& b) { return key(a) == key(b); };
  problems.erase(std::unique(problems.begin(), problems.end(), same), problems.end());
}

/// Settings of the command line join the sweep's `set:`, unless an axis would override them.
std::optional<Failure> add_settings(SweepSpec& spec, const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    const auto axis = std::find_if(spec.axes.begin(), spec.axes.end(),
                                   [&](const Axis& candidate) { return sets(candidate, setting.key); });
    if (axis != spec.axes.end()) {
      return Failure{ExitCode::kUsage, fmt::format("error: --set {}={}: the sweep's axis '{}' sets '{}'\n",
                                                   setting.key, setting.value, axis->name, setting.key)};
    }
    spec.fixed.push_back(setting);
  }
  return std::nullopt;
}

}  // namespace

expected<LoadedSweep, Failure> load_sweep(const std::string& name_or_path,
                                          const std::vector<std::string>& texts) {
  const expected<std::vector<Setting>, Failure> settings = parse_settings(texts);
  if (!settings) return unexpected{settings.error()};
  const Loaded<InputFile> file = find_input(Shelf::kSweeps, name_or_path);
  if (!file) return unexpected{failure_of(file.error())};
  Loaded<SweepSpec> spec = bind_sweep_spec(*file);
  if (!spec) return unexpected{failure_of(spec.error())};

  expected<SweepSources, Failure> sources = sources_of(*file, *spec);
  if (!sources) return unexpected{std::move(sources.error())};
  if (auto failure = sources->check(*settings)) return unexpected{std::move(*failure)};
  if (auto failure = add_settings(*spec, *settings)) return unexpected{std::move(*failure)};
  if (auto failure = generation_failure(*spec, *settings)) return unexpected{std::move(*failure)};
  sources->set_defaults(*file, *spec);

  expected<BoundSweep, std::vector<SweepProblem>> bound = bind_sweep(*spec, sources->binder());
  if (!bound) return unexpected{Failure{ExitCode::kBadInput, located(*file, bound.error())}};
  return LoadedSweep{std::move(*spec), std::move(*bound)};
}

std::optional<Failure> check_sweep(const InputFile& file) {
  Loaded<SweepSpec> spec = bind_sweep_spec(file);
  if (!spec) return failure_of(spec.error());
  expected<SweepSources, Failure> sources = sources_of(file, *spec);
  if (!sources) return std::move(sources.error());
  sources->set_defaults(file, *spec);
  std::vector<SweepProblem> problems;
  for (const SweepSpec& part : parts_of(*spec)) {
    const auto bound = bind_sweep(part, sources->binder());
    if (!bound) problems.insert(problems.end(), bound.error().begin(), bound.error().end());
  }
  drop_repeated(problems);
  if (problems.empty()) return std::nullopt;
  return Failure{ExitCode::kBadInput, located(file, problems)};
}

}  // namespace fusescape
