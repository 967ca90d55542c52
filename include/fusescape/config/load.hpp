// How does a file become a workload, an accelerator, a technology, a plan, a sweep or COREY's chain? Read,
// parse once, bind often.
//
// parse_input and the bind functions are pure; only read_input and find_input touch the file system. A sweep
// parses each file once and binds it for every point with that point's settings.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/design.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/config/yaml_document.hpp"
#include "fusescape/corey/chain.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/search/sweep_spec.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

enum class FileKind : unsigned char { kAccelerator, kTechnology, kCascade, kModel, kPlan, kSweep, kCorey };
[[nodiscard]] std::string_view name_of(FileKind kind);

/// A setting that could not be used: its position in the list it came from, and why.
struct SettingFault {
  std::size_t setting = 0;
  std::string message;
};

/// Why there is no value. `text` is complete, one or more lines with their newlines, ready for stderr.
struct InputError {
  enum class Cause : unsigned char {
    kUsage,       ///< A bad setting (exit code 2); then `settings` says which.
    kBadFile,     ///< Located errors in a file (exit code 3).
    kUnreadable,  ///< Missing, unreadable, or no shipped file of that name (exit code 6).
  } cause{};
  std::string text;
  std::vector<SettingFault> settings{};
};

/// A parsed file: YAML of a known kind and version; its keys are not checked yet.
struct InputFile {
  FileKind kind{};
  std::string file;  ///< As shown in messages.
  std::shared_ptr<const std::string> text;
  YamlNode root;
  bool settings_applied = false;  ///< The settings are in `root` already: it is a part of another file.
};

template <class T>
using Loaded = expected<T, InputError>;

[[nodiscard]] Loaded<InputFile> parse_input(std::string file, std::string text);

/// Reads a path. A directory or an unfit file is kBadFile, a missing or unreadable one kUnreadable.
[[nodiscard]] Loaded<InputFile> read_input(const std::string& path);

/// Folders that shipped names are looked up in.
enum class Shelf : unsigned char { kArchs, kTechs, kWorkloads, kSweeps, kPlans, kCorey };

/// The path of what a user named, as find_input would read it; nothing if a name stands for no file.
[[nodiscard]] std::optional<std::string> path_of_input(Shelf shelf, const std::string& name_or_path);

/// Reads what a user named: a path (it has a '/' or ends in .yaml), or the name of a shipped file.
[[nodiscard]] Loaded<InputFile> find_input(Shelf shelf, const std::string& name_or_path);

/// Names on a shelf, sorted, without ".yaml".
[[nodiscard]] std::vector<std::string> shipped_names(Shelf shelf);

// Settings: `--set KEY=VALUE`, the axes of a sweep.

/// "KEY=VALUE" -> a setting; kUsage if it is not of that form.
[[nodiscard]] Loaded<Setting> parse_setting(std::string_view assignment);

/// True if `key` names something in `input`: a key of its kind, a path such as sram.capacity, a rank.
[[nodiscard]] bool takes_setting(const InputFile& input, std::string_view key);

/// An error if some setting is taken by none of `inputs`, with the nearest key that one would take.
[[nodiscard]] std::optional<InputError> unknown_settings(std::span<const Setting> settings,
                                                         std::span<const InputFile* const> inputs);

/// Technology tables by name or path. Each file is read once, by the first that asks.
class Technologies {
 public:
  [[nodiscard]] Loaded<std::shared_ptr<const Technology>> named(const std::string& name_or_path);

 private:
  std::map<std::string, std::shared_ptr<const Technology>> known_;
};

// Binding. Each applies the settings that the file takes, and ignores the others. A file of another kind is
// kBadFile.
/// Ports without a common time base are an error, too: no time could be told.
[[nodiscard]] Loaded<Accelerator> bind_accelerator(const InputFile& input,
                                                   std::span<const Setting> settings = {});
/// Same, under the technology table that the accelerator names, if it names one.
[[nodiscard]] Loaded<Design> bind_design(const InputFile& input, std::span<const Setting> settings,
                                         Technologies& technologies);
/// Without the energies of the technology that its `energy_from` names: take_energy adds them.
[[nodiscard]] Loaded<Technology> bind_technology(const InputFile& input);
/// Replaces the energies of `technology`, which `input` holds, by those of the file that its `energy_from`
/// names, if it names one. That file must be there, be at the same node, and hold energies of its own.
[[nodiscard]] std::optional<InputError> take_energy(const InputFile& input, Technology& technology);
/// Of a model or a cascade file. A stack of several kinds of layers, which has no single block, is kBadFile.
[[nodiscard]] Loaded<Workload> bind_workload(const InputFile& input, std::span<const Setting> settings = {});
/// Same, of any model: a cascade or a model of one family is one without kinds.
[[nodiscard]] Loaded<Model> bind_model(const InputFile& input, std::span<const Setting> settings = {});
/// Its names must be those of `cascade`; whether it is legal, lay_out says.
[[nodiscard]] Loaded<Plan> bind_plan(const InputFile& input, const Cascade& cascade);
/// Same, and legal on `accelerator`, whose own rules map operators to hardware where the file does not: every
/// violation is an error at the operator, the buffer or the retention that it is about.
[[nodiscard]] Loaded<Plan> bind_legal_plan(const InputFile& input, const Cascade& cascade,
                                           const Accelerator& accelerator);
[[nodiscard]] Loaded<SweepSpec> bind_sweep_spec(const InputFile& input,
                                                std::span<const Setting> settings = {});

[[nodiscard]] Loaded<CoreyChain> bind_corey_chain(const InputFile& input);

/// Checks a file on its own: everything but a plan's names, which need a cascade.
[[nodiscard]] std::optional<InputError> check_input(const InputFile& input);

// find_input, then bind.
[[nodiscard]] Loaded<Accelerator> load_accelerator(const std::string& name_or_path,
                                                   std::span<const Setting> settings = {});
[[nodiscard]] Loaded<Design> load_design(const std::string& name_or_path,
                                         std::span<const Setting> settings = {});
[[nodiscard]] Loaded<Technology> load_technology(const std::string& name_or_path);
[[nodiscard]] Loaded<Workload> load_workload(const std::string& name_or_path,
                                             std::span<const Setting> settings = {});
[[nodiscard]] Loaded<Model> load_model(const std::string& name_or_path,
                                       std::span<const Setting> settings = {});

/// A plan file that reads back to the same plan, with a line for people if there is a `description`. Expects
/// a well-formed tree whose root holds no buffers.
[[nodiscard]] std::string write_plan(const Cascade& cascade, const Plan& plan,
                                     std::string_view description = {});

}  // namespace fusescape
