#include "sweep_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "fusescape/app/output.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/printable.hpp"
#include "write_fault.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kRunFile = "run.json";

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

/// How `run` differs from the one before, in words; empty: it is the same.
std::string changes_between(const RunFile& before, const RunFile& run) {
  std::string changes = changes_between(before.identity, run.identity);
  if (before.shard != run.shard) {
    changes += fmt::format("{}it was shard {}/{} and is {}/{}", changes.empty() ? "" : ", ",
                           before.shard.number, before.shard.of, run.shard.number, run.shard.of);
  }
  return changes;
}

}  // namespace

std::string path_in(const std::string& folder, std::string_view file) {
  return fmt::format("{}/{}", folder, file);
}

expected<RunFile, Failure> run_in(const std::string& folder) {
  const std::string path = path_in(folder, kRunFile);
  std::ifstream file{path};
  if (!file) {
    return unexpected{
        Failure{ExitCode::kFileAccess,
                fmt::format("{}: error: no run of this version is here (there is no run.json)\n",
                            printable(folder))}};
  }
  std::ostringstream text;
  text << file.rdbuf();
  expected<RunFile, std::string> run = read_identity(text.str());
  if (run) return std::move(*run);
  return unexpected{Failure{ExitCode::kBadInput,
                            fmt::format("{}:1:1: error: {}\n", printable(path), printable(run.error()))}};
}

MadeFolders::MadeFolders(const std::string& folder) {
  for (std::filesystem::path path = folder; !path.empty() && !exists(path.string());
       path = path.parent_path()) {
    if (path.has_filename()) paths_.push_back(path.string());
  }
}

void MadeFolders::remove() {
  for (const std::string& path : std::exchange(paths_, {})) ::rmdir(path.c_str());
}

expected<SweepFolder, Failure> SweepFolder::take(const std::string& folder) {
  MadeFolders made{folder};
  if (auto failure = make_folder(folder)) return unexpected{std::move(*failure)};
  expected<FolderLock, Failure> lock = FolderLock::take(folder);
  if (!lock) return unexpected{std::move(lock.error())};
  SweepFolder taken{folder, std::move(made), std::move(*lock)};
  if (auto failure = taken.fault()) return unexpected{std::move(*failure)};
  return taken;
}

void SweepFolder::leave() {
  lock_.release();
  made_.remove();
}

std::optional<Failure> SweepFolder::fault() const {
  for (const std::string_view file : kSweepFiles) {
    const std::string path = path_in(path_, file);
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return cannot_write(path, EISDIR);
    if (::access(path.c_str(), W_OK) != 0 && errno != ENOENT) return cannot_write(path, errno);
  }
  return std::nullopt;
}

std::optional<Failure> SweepFolder::remove(std::string_view file) const {
  const std::string path = path_in(path_, file);
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return std::nullopt;
  return cannot_write(path, errno);
}

std::optional<Failure> SweepFolder::tell_discarded(const RunFile& run) const {
  const expected<RunFile, Failure> before = run_in(path_);
  if (!before) return std::nullopt;
  if (exists(path_in(path_, "summary.json"))) {
    if (before->identity.sweep != run.identity.sweep)
      complain(fmt::format("{}: the results of another sweep are replaced\n", printable(path_)));
    return std::nullopt;
  }
  std::size_t lines = 0;
  const auto read = read_lines(path_in(path_, "points.csv"), [&](std::string_view) { return ++lines > 0; });
  if (!read) return read.error();
  if (lines < 2) return std::nullopt;
  const std::string changes = changes_between(*before, run);
  complain(fmt::format("{}: {} rows of an interrupted run are discarded{}\n", printable(path_), lines - 1,
                       changes.empty() ? "; --resume would have gone on from them"
                                       : fmt::format(", which was another one: {}", printable(changes))));
  return std::nullopt;
}

std::optional<Failure> SweepFolder::begin(const RunFile& run, std::string_view resolved) {
  made_.keep();
  if (auto failure = tell_discarded(run)) return failure;
  // Whatever is cut off in the middle, no points stay without the run.json that is theirs.
  for (const std::string_view file :
       {"summary.json", "pareto.csv", "sensitivity.csv", "points.csv", "baselines.csv", kRunFile.data()}) {
    if (auto failure = remove(file)) return failure;
  }
  if (auto failure = write_file(path_in(path_, kRunFile), identity_json(run.identity, run.shard)))
    return failure;
  return write_file(path_in(path_, "resolved.yaml"), resolved);
}

std::optional<Failure> SweepFolder::resume(const RunFile& run, std::string_view resolved) {
  if (!exists(path_in(path_, kRunFile))) {
    const bool has_results = exists(path_in(path_, "summary.json")) || exists(path_in(path_, "points.csv"));
    if (!has_results) return begin(run, resolved);
    return Failure{ExitCode::kUsage,
                   fmt::format("error: --resume: {} holds results without a run.json, of another version; "
                               "without --resume they are made anew\n",
                               printable(path_))};
  }
  const expected<RunFile, Failure> before = run_in(path_);
  if (!before) return before.error();
  const std::string changes = changes_between(*before, run);
  if (!changes.empty()) {
    return Failure{ExitCode::kUsage,
                   fmt::format("error: --resume: {} is of another run: {}; without --resume it starts anew\n",
                               printable(path_), printable(changes))};
  }
  for (const std::string_view file : {"summary.json", "pareto.csv", "sensitivity.csv"}) {
    if (auto failure = remove(file)) return failure;
  }
  return write_file(path_in(path_, "resolved.yaml"), resolved);
}

}  // namespace fusescape
