// What does the folder of a sweep hold, so that it is complete or says that it is not?
//
// In this order: a lock, run.json (which run it is of), resolved.yaml, points.csv and baselines.csv (grown in
// grid order), pareto.csv, and last summary.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "appended_file.hpp"
#include "folder_lock.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/support/expected.hpp"
#include "sweep_identity.hpp"

namespace fusescape {

[[nodiscard]] std::string path_in(const std::string& folder, std::string_view file);

/// What run.json of a folder says; an error if it has none or one that cannot be read.
[[nodiscard]] expected<RunFile, Failure> run_in(const std::string& folder);

class SweepFolder {
 public:
  /// Makes the folder, and takes its lock.
  [[nodiscard]] static expected<SweepFolder, Failure> take(const std::string& folder);

  /// Takes away what an earlier run left, which is said if --resume could go on from it, then says which run
  /// is to come.
  [[nodiscard]] std::optional<Failure> begin(const RunFile& run, std::string_view resolved) const;
  /// The same if there is nothing to go on from. Else only what does not grow is taken away; an error if it
  /// is of another run.
  [[nodiscard]] std::optional<Failure> resume(const RunFile& run, std::string_view resolved) const;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  SweepFolder(std::string path, FolderLock lock) : path_{std::move(path)}, lock_{std::move(lock)} {}

  /// Says how many rows of the same run, without an answer, are there.
  [[nodiscard]] std::optional<Failure> tell_discarded(const RunFile& run) const;
  [[nodiscard]] std::optional<Failure> remove(std::string_view file) const;

  std::string path_;
  FolderLock lock_;
};

}  // namespace fusescape
