#include "sweep_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "entropy_source.hpp"
#include "fusescape/arch/area.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/support/diagnostics.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

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
    if (const auto error = unknown(settings)) return failure_of(*error);
    const Loaded<Accelerator> arch = bind_accelerator(arch_, settings);
    if (!arch && arch.error().cause == InputError::Cause::kUsage) return failure_of(arch.error());
    const Loaded<Workload> model = bind_workload(model_, settings);
    if (!model && model.error().cause == InputError::Cause::kUsage) return failure_of(model.error());
    return std::nullopt;
  }

  [[nodiscard]] std::optional<InputError> unknown(std::span<const Setting> settings) const {
    const std::array files{&arch_, &model_};
    return unknown_settings(settings, files);
  }

  SweepBinder binder() {
    return {.sets_workload = [this](std::string_view key) { return takes_setting(model_, key); },
            .workload = [this](std::span<const Setting> settings) { return workload(settings); },
            .accelerator = [this](std::span<const Setting> settings) { return accelerator(settings); },
            .entropy = entropy};
  }

 private:
  static SweepProblem problem_of(const InputError& error, std::span<const Setting> settings) {
    if (error.settings.empty()) return {{}, error.text};
    const SettingFault& fault = error.settings.front();
    return {settings[fault.setting].pos, fault.message};
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

  [[nodiscard]] expected<Workload, SweepProblem> workload(std::span<const Setting> settings) const {
    if (const auto error = unknown(settings)) return unexpected{problem_of(*error, settings)};
    Loaded<Workload> bound = bind_workload(model_, settings);
    if (!bound) return unexpected{problem_of(bound.error(), settings)};
    return std::move(*bound);
  }

  expected<PricedAccelerator, SweepProblem> accelerator(std::span<const Setting> settings) {
    if (const auto error = unknown(settings)) return unexpected{problem_of(*error, settings)};
    Loaded<Accelerator> bound = bind_accelerator(arch_, settings);
    if (!bound) return unexpected{problem_of(bound.error(), settings)};
    PricedAccelerator priced{std::move(*bound), {}};
    if (priced.accelerator.technology.empty()) return priced;
    const auto [known, is_new] = technologies_.try_emplace(priced.accelerator.technology);
    if (is_new) {
      Loaded<Technology> technology = load_technology(known->first);
      if (!technology) return unexpected{SweepProblem{{}, technology.error().text}};
      known->second = std::move(*technology);
    }
    priced.area = area_of(priced.accelerator, known->second).total;
    return priced;
  }

  InputFile arch_;
  InputFile model_;
  std::map<std::string, Technology> technologies_;
};

std::string located(const InputFile& file, const std::vector<SweepProblem>& problems) {
  Diagnostics diagnostics{file.file, file.text};
  for (const SweepProblem& problem : problems) diagnostics.error(problem.pos, problem.message);
  std::ostringstream text;
  text << diagnostics;
  return text.str();
}

bool sets(const Axis& axis, const std::string& key) {
  return std::any_of(axis.values.begin(), axis.values.end(), [&](const AxisValue& value) {
    return std::any_of(value.settings.begin(), value.settings.end(),
                       [&](const Setting& setting) { return setting.key == key; });
  });
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

  Loaded<InputFile> arch = find_input(Shelf::kArchs, spec->arch);
  if (!arch) return unexpected{failure_of(arch.error())};
  Loaded<InputFile> model = find_input(Shelf::kWorkloads, spec->workload);
  if (!model) return unexpected{failure_of(model.error())};
  SweepSources sources{std::move(*arch), std::move(*model)};
  if (auto failure = sources.check()) return unexpected{std::move(*failure)};
  if (auto failure = sources.check(*settings)) return unexpected{std::move(*failure)};
  if (auto failure = add_settings(*spec, *settings)) return unexpected{std::move(*failure)};

  expected<BoundSweep, std::vector<SweepProblem>> bound = bind_sweep(*spec, sources.binder());
  if (!bound) return unexpected{Failure{ExitCode::kBadInput, located(*file, bound.error())}};
  return LoadedSweep{std::move(*spec), std::move(*bound)};
}

}  // namespace fusescape
