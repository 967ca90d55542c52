// What does the folder of a sweep hold, so that it is complete or says that it is not?
//
// In this order: a lock, run.json (which run it is of), resolved.yaml, points.csv and baselines.csv (grown in
// grid order), pareto.csv, and last summary.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appended_file.hpp"
#include "folder_lock.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/support/expected.hpp"
#include "sweep_identity.hpp"

namespace fusescape {

[[nodiscard]] std::string path_in(const std::string& folder, std::string_view file);

/// What run.json of a folder says; an error if it has none or one that cannot be read.
[[nodiscard]] expected<RunFile, Failure> run_in(const std::string& folder);

/// Folders that were made, inner ones first: those that are empty go with it, unless they are kept.
class MadeFolders {
 public:
  /// Of `folder` and those around it the ones that are not there yet.
  explicit MadeFolders(const std::string& folder);
  MadeFolders(const MadeFolders&) = delete;
  MadeFolders(MadeFolders&& other) noexcept : paths_{std::exchange(other.paths_, {})} {}
  MadeFolders& operator=(const MadeFolders&) = delete;
  MadeFolders& operator=(MadeFolders&&) = delete;
  ~MadeFolders() { remove(); }

  void keep() { paths_.clear(); }
  void remove();

 private:
  std::vector<std::string> paths_;
};

class SweepFolder {
 public:
  /// Makes the folder, takes its lock, and finds out whether its files can be written. If nothing begins,
  /// nothing of that is left.
  [[nodiscard]] static expected<SweepFolder, Failure> take(const std::string& folder);

  /// Takes away what an earlier run left, which is said if --resume could go on from it, then says which run
  /// is to come.
  [[nodiscard]] std::optional<Failure> begin(const RunFile& run, std::string_view resolved);
  /// The same if there is nothing to go on from. Else only what does not grow is taken away; an error if it
  /// is of another run.
  [[nodiscard]] std::optional<Failure> resume(const RunFile& run, std::string_view resolved);
  /// For a program that is about to end before anything began: as if the folder had not been taken.
  void leave();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  SweepFolder(std::string path, MadeFolders made, FolderLock lock)
      : path_{std::move(path)}, made_{std::move(made)}, lock_{std::move(lock)} {}

  /// Why one of the files cannot be written.
  [[nodiscard]] std::optional<Failure> fault() const;
  /// Says how many rows of the same run, without an answer, are there.
  [[nodiscard]] std::optional<Failure> tell_discarded(const RunFile& run) const;
  [[nodiscard]] std::optional<Failure> remove(std::string_view file) const;

  std::string path_;
  MadeFolders made_;  ///< Goes after the lock that is in it.
  FolderLock lock_;
};

}  // namespace fusescape
