#include "sweep_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>

#include "csv_columns.hpp"
#include "entropy_source.hpp"
#include "fusescape/config/design_series.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/scaled_design.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/report/table.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/diagnostics.hpp"
#include "fusescape/support/printable.hpp"
#include "fusescape/support/version.hpp"
#include "fusescape/workload/generation_keys.hpp"
#include "generation.hpp"
#include "inputs.hpp"
#include "program_id.hpp"
#include "sweep_faults.hpp"

namespace fusescape {
namespace {

/// What is wrong, without the lines that quote the file.
std::string first_lines(const std::string& diagnostics) {
  std::istringstream lines{diagnostics};
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error: ") != std::string::npos) text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

/// The value of the last setting of `key`.
std::optional<std::string> last_value(std::span<const Setting> settings, std::string_view key) {
  const auto last = std::find_if(settings.rbegin(), settings.rend(),
                                 [&](const Setting& setting) { return setting.key == key; });
  return last == settings.rend() ? std::nullopt : std::optional{last->value};
}

/// The first value that points have of a key.
std::optional<std::string> first_value(const SweepSpec& spec, std::string_view key) {
  for (const Axis& axis : spec.axes) {
    for (const AxisValue& value : axis.values) {
      if (auto found = last_value(value.settings, key)) return found;
    }
  }
  return last_value(spec.fixed, key);
}

/// What is wrong with settings of the command line that ask for a generation, or stand beside one for which
/// the sweep's file asks; what is wrong with the file's own is told at its place.
std::optional<Failure> generation_failure(const SweepSpec& spec, const std::vector<Setting>& settings) {
  const auto value_of = [&](std::string_view key) {
    return is_of_generation(key) ? first_value(spec, key) : last_value(settings, key);
  };
  const auto asked = asked_generation(value_of);
  const auto given = asked ? std::nullopt : last_value(settings, asked.error().key);
  return given ? std::optional{failure_of(asked.error(), *given)} : std::nullopt;
}

/// The files that a sweep names, each parsed once and bound for many points.
class SweepSources {
 public:
  SweepSources(InputFile arch, InputFile model, std::optional<InputFile> plan)
      : arch_{std::move(arch)}, model_{std::move(model)}, plan_{std::move(plan)} {}

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

  /// What is wrong with the plan, if one is given, for the first point.
  [[nodiscard]] std::optional<Failure> check_plan(SweepSource& source) const {
    if (!plan_) return std::nullopt;
    SweepSource::Cursor cursor{source};
    const auto first = cursor.at(0);
    if (!first) return std::nullopt;
    const Loaded<Plan> bound = bind_legal_plan(*plan_, first->workload->block, first->design->accelerator);
    return bound ? std::nullopt : std::optional{failure_of(bound.error())};
  }

  /// May be called on any thread.
  SweepBinder binder() {
    const auto sets_workload = [this](std::string_view key) {
      return is_of_generation(key) || takes_setting(model_, key);
    };
    return {
        .sets_workload = sets_workload,
        .workload = [this](std::span<const Setting> settings) { return workload(settings); },
        .design = [this](std::span<const Setting> settings) { return design(settings); },
        .entropy = [this](const Setting& setting) { return entropy(setting); },
        .plan_name = plan_name(),
        .plan = [this](const Cascade& cascade,
                       const Accelerator& accelerator) { return plan(cascade, accelerator); },
        .varies_quickly = varies_quickly,
        .series =
            [this](std::span<const Setting> settings, std::span<const std::span<const AxisValue>> values) {
              const std::lock_guard lock{mutex_};
              return design_series(arch_, settings, values, technologies_);
            },
        .has_caches = has_caches(model_)};
  }

  /// All files that were read so far: what they held, by their names in the sweep, wherever they were found;
  /// and their paths.
  struct Read {
    std::map<std::string, std::string> digests;
    std::vector<std::string> files;

    void add(const std::string& name, const std::string& path, std::string_view text) {
      digests[name] = digest_of(text);
      files.push_back(path);
    }
  };
  [[nodiscard]] Read read(const SweepSpec& spec) const {
    Read read;
    read.add("arch " + spec.arch, arch_.file, *arch_.text);
    read.add("workload " + spec.workload, model_.file, *model_.text);
    if (plan_) read.add("plan " + spec.plan, plan_->file, *plan_->text);
    const auto add_technology = [&](const std::string& name) {
      const Loaded<InputFile> file = find_input(Shelf::kTechs, name);
      if (!file) return std::string{};
      read.add("technology " + name, file->file, *file->text);
      const YamlNode* other = find_value(file->root, "energy_from");
      return other == nullptr ? std::string{} : other->text;
    };
    for (const std::string& name : technology_names_) {
      if (const std::string other = add_technology(name); !other.empty()) add_technology(other);
    }
    for (const std::string& name : entropy_files_) {
      const expected<std::string, Failure> text = file_text(name);
      if (text) read.add("entropies " + name, name, *text);
    }
    return read;
  }

  /// With a constant scaled.
  SweepBinder binder(const WhatIf& what_if) {
    SweepBinder scaled = binder();
    scaled.varies_quickly = {};
    scaled.series = {};
    scaled.design = [this, what_if](std::span<const Setting> settings) {
      const std::lock_guard lock{mutex_};
      return settled(bind_scaled_design(arch_, settings, technologies_, what_if), settings);
    };
    return scaled;
  }

 private:
  /// At the value of the setting that is blamed, or with `at` at its key.
  static SweepProblem problem_of(const InputError& error, std::span<const Setting> settings,
                                 SourcePos Setting::*at = &Setting::pos) {
    if (error.settings.empty()) return {{}, error.text};
    const SettingFault& fault = error.settings.front();
    return {settings[fault.setting].*at, fault.message};
  }

  expected<EntropySource, SweepProblem> entropy(const Setting& setting) {
    expected<EntropySource, Failure> source = entropy_source(setting.value);
    const auto* given = source ? std::get_if<GivenEntropy>(&source->values) : nullptr;
    if (given != nullptr) entropy_files_.insert(given->file);
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
    const std::lock_guard lock{mutex_};
    return settled(bind_design(arch_, settings, technologies_), settings);
  }

  /// Expects `mutex_` to be locked.
  expected<Design, SweepProblem> settled(Loaded<Design> bound, std::span<const Setting> settings) {
    if (!bound) return unexpected{problem_of(bound.error(), settings)};
    if (!bound->accelerator.technology.empty()) technology_names_.insert(bound->accelerator.technology);
    return std::move(*bound);
  }

  [[nodiscard]] std::string plan_name() const {
    const YamlNode* name = plan_ ? find_value(plan_->root, "name") : nullptr;
    return name == nullptr ? "" : name->text;
  }

  [[nodiscard]] expected<Plan, std::string> plan(const Cascade& cascade,
                                                 const Accelerator& accelerator) const {
    FUSESCAPE_EXPECTS(plan_.has_value());
    Loaded<Plan> bound = bind_legal_plan(*plan_, cascade, accelerator);
    if (!bound) return unexpected{one_line(first_lines(bound.error().text))};
    return std::move(*bound);
  }

  InputFile arch_;
  InputFile model_;
  std::optional<InputFile> plan_;
  std::mutex mutex_;  ///< Guards all below.
  Technologies technologies_;
  std::set<std::string> technology_names_;
  std::set<std::string> entropy_files_;
};

/// The files that a sweep names. One that cannot be had is a fault of the sweep's file.
expected<std::shared_ptr<SweepSources>, Failure> sources_of(const InputFile& file, const SweepSpec& spec) {
  Loaded<InputFile> arch = find_input(Shelf::kArchs, spec.arch);
  Loaded<InputFile> model = find_input(Shelf::kWorkloads, spec.workload);
  std::optional<InputFile> plan;
  std::vector<SweepProblem> missing;
  const auto check = [&](const Loaded<InputFile>& named, SourcePos pos) {
    if (!named && named.error().cause == InputError::Cause::kUnreadable) {
      missing.push_back({pos, named.error().text});
    }
  };
  check(arch, spec.arch_pos);
  check(model, spec.workload_pos);
  if (!spec.plan.empty()) {
    Loaded<InputFile> named = find_input(Shelf::kPlans, spec.plan);
    check(named, spec.plan_pos);
    if (!named && missing.empty()) return unexpected{failure_of(named.error())};
    if (named) plan = std::move(*named);
  }
  if (!missing.empty()) return unexpected{located_failure(file, missing)};
  if (!arch) return unexpected{failure_of(arch.error())};
  if (!model) return unexpected{failure_of(model.error())};
  auto sources = std::make_shared<SweepSources>(std::move(*arch), std::move(*model), std::move(plan));
  if (auto failure = sources->check()) return unexpected{std::move(*failure)};
  return sources;
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

  const expected<std::shared_ptr<SweepSources>, Failure> found = sources_of(*file, *spec);
  if (!found) return unexpected{found.error()};
  const std::shared_ptr<SweepSources>& sources = *found;
  if (auto failure = sources->check(*settings)) return unexpected{std::move(*failure)};
  if (auto failure = add_settings(*spec, *settings)) return unexpected{std::move(*failure)};
  if (auto failure = generation_failure(*spec, *settings)) return unexpected{std::move(*failure)};
  sources->set_defaults(*file, *spec);

  SweepBinder binder = sources->binder();
  const std::vector<SweepProblem> problems = problems_of_values(*spec, binder);
  if (!problems.empty()) return unexpected{located_failure(*file, problems)};
  auto read = sources->read(*spec);
  read.files.push_back(file->file);
  SweepIdentity identity{.version = std::string{kVersion},
                         .program = std::string{kProgramId},
                         .sweep = digest_of(resolved_yaml(*spec)),
                         .inputs = std::move(read.digests)};
  binder.sets_workload = [sources, sets = std::move(binder.sets_workload)](std::string_view key) {
    return sets(key);
  };
  auto source = std::make_unique<SweepSource>(std::move(*spec), std::move(binder));
  if (auto failure = sources->check_plan(*source)) return unexpected{std::move(*failure)};
  return LoadedSweep{std::move(source), std::move(identity), std::move(read.files)};
}

expected<OpenSweep, Failure> open_sweep(const std::string& name_or_path) {
  Loaded<InputFile> file = find_input(Shelf::kSweeps, name_or_path);
  if (!file) return unexpected{failure_of(file.error())};
  Loaded<SweepSpec> spec = bind_sweep_spec(*file);
  if (!spec) return unexpected{failure_of(spec.error())};
  const expected<std::shared_ptr<SweepSources>, Failure> sources = sources_of(*file, *spec);
  if (!sources) return unexpected{sources.error()};
  (*sources)->set_defaults(*file, *spec);
  if (auto problems = problems_of(*spec); !problems.empty()) {
    return unexpected{located_failure(*file, problems)};
  }
  return OpenSweep{.file = std::move(*file),
                   .spec = std::move(*spec),
                   .binder = [shared = *sources](const WhatIf& what_if) { return shared->binder(what_if); }};
}

std::optional<Failure> check_sweep(const InputFile& file) {
  Loaded<SweepSpec> spec = bind_sweep_spec(file);
  if (!spec) return failure_of(spec.error());
  const expected<std::shared_ptr<SweepSources>, Failure> sources = sources_of(file, *spec);
  if (!sources) return sources.error();
  (*sources)->set_defaults(file, *spec);
  const std::vector<SweepProblem> problems = problems_of_values(*spec, (*sources)->binder());
  if (problems.empty()) return std::nullopt;
  return located_failure(file, problems);
}

}  // namespace fusescape
