#include "own_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fusescape/app/output.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {
namespace {

/// What a command reads and writes, by path.
struct Files {
  std::vector<NamedOutput> outputs;
  std::vector<std::string> inputs;

  /// What is given as a path, or as a word that is none.
  void reads(const std::string& path) {
    if (!path.empty()) inputs.push_back(path);
  }
  /// `FILE.csv` or `shuffled:SEED:FILE.csv`.
  void reads_entropy(const std::string& source) {
    reads(source);
    constexpr std::string_view kShuffled = "shuffled:";
    const std::size_t colon =
        source.starts_with(kShuffled) ? source.find(':', kShuffled.size()) : source.npos;
    if (colon != source.npos) reads(source.substr(colon + 1));
  }
  void reads(Shelf shelf, const std::string& name) {
    if (name.empty()) return;
    if (auto path = path_of_input(shelf, name)) inputs.push_back(std::move(*path));
  }
};

/// And the technology table that the accelerator names.
void add_accelerator(const std::string& name, Files& files) {
  files.reads(Shelf::kArchs, name);
  const Loaded<Accelerator> accelerator = load_accelerator(name);
  if (accelerator) files.reads(Shelf::kTechs, accelerator->technology);
}

Files files_of(const InputArguments& input, const OutputArguments& output, const std::string& plan = {}) {
  Files files{.outputs = {{"-o", output.file}}, .inputs = {}};
  add_accelerator(input.arch, files);
  files.reads(Shelf::kWorkloads, input.workload);
  files.reads(Shelf::kPlans, plan);
  files.reads_entropy(input.entropy);
  return files;
}

Files files_of(const EvaluateArguments& c) {
  Files files = files_of(c.input, c.output, c.plan_file);
  files.reads(c.measured_file);
  return files;
}

Files files_of(const SensitivityArguments& c) {
  Files files{.outputs = {{"-o", c.output.file}}, .inputs = {}};
  for (const std::string_view name : kSweepFiles) {
    if (name != kSensitivityFile) files.reads(fmt::format("{}/{}", c.folder, name));
  }
  return files;
}

/// A result may be a file or the folder of a sweep.
Files files_of(const ReportArguments& c) {
  Files files{{{"-o", c.output.file}}, c.results};
  for (const std::string& result : c.results) {
    for (const std::string_view name : kSweepFiles) {
      files.inputs.push_back(fmt::format("{}/{}", result, name));
    }
  }
  return files;
}

Files files_of(const Command& command) {
  return std::visit(
      overloaded{[](const EvaluateArguments& c) { return files_of(c); },
                 [](const CompareArguments& c) { return files_of(c.input, c.output); },
                 [](const VerifyArguments& c) { return files_of(c.input, c.output, c.plan_file); },
                 [](const SimulateArguments& c) {
                   Files files = files_of(c.input, c.output, c.plan_file);
                   if (!c.trace.empty()) files.outputs.push_back({"--trace", c.trace});
                   return files;
                 },
                 [](const RooflineArguments& c) { return files_of(c.input, c.output); },
                 // They know what they read once they have read it, and write nothing before.
                 [](const SweepArguments&) { return Files{}; }, [](const MergeArguments&) { return Files{}; },
                 [](const SensitivityArguments& c) { return files_of(c); },
                 [](const ParetoArguments& c) {
                   return Files{{{"-o", c.output.file}}, {c.file}};
                 },
                 [](const ReportArguments& c) { return files_of(c); },
                 [](const ListArguments&) { return Files{}; },
                 [](const ValidateArguments& c) {
                   return Files{{{"-o", c.output.file}}, c.files};
                 },
                 [](const ImportArguments& c) {
                   return Files{{{"-o", c.output.file}}, {c.config}};
                 },
                 [](const CoreyReproduceArguments& c) {
                   Files files{.outputs = {{"-o", c.output.file}}, .inputs = {}};
                   files.reads(Shelf::kCorey, c.chain);
                   return files;
                 },
                 [](const CoreyEntropyArguments& c) {
                   return Files{{{"-o", c.output.file}}, c.files};
                 },
                 [](const CoreyRotateArguments& c) {
                   return Files{{{"-o", c.output.file}, {"-o", c.rotated}}, {c.file}};
                 },
                 [](const PrintArguments&) { return Files{}; }},
      command);
}

/// Most commands write nothing but standard output: then no file needs to be opened to know.
bool writes_files(const Command& command) {
  const auto named = [](const OutputArguments& output) { return output.file != "-"; };
  return std::visit(
      overloaded{[&](const SimulateArguments& c) { return named(c.output) || !c.trace.empty(); },
                 [](const CoreyRotateArguments&) { return true; },
                 [&](const auto& c) { return named(c.output); }},
      command);
}

}  // namespace

std::optional<Failure> overwritten_input(const Command& command) {
  if (!writes_files(command)) return std::nullopt;
  const Files files = files_of(command);
  return clash_with_inputs(files.outputs, files.inputs);
}

}  // namespace fusescape
