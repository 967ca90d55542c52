// How do lines come to be in a file, one after another, so that a run that ends at any moment has lost
// little?
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// A file that only grows. Lines are gathered and written together, at the latest after kLongestWait, if
/// someone calls `flush_if_due` that often. What was written is synced now and then by a thread of its own:
/// a disk may take its time, and nobody who appends waits for it.
class AppendedFile {
 public:
  explicit AppendedFile(std::string path) : path_{std::move(path)} {}
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile(AppendedFile&&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;
  AppendedFile& operator=(AppendedFile&&) = delete;
  ~AppendedFile();

  /// Cuts the file, or makes it, so that it has `length` bytes; what is appended follows them.
  [[nodiscard]] std::optional<Failure> open(std::int64_t length);
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  /// On any thread, as the others. Nothing is written after an error.
  void append(std::string_view lines);
  void flush_if_due();
  /// What went wrong so far, if anything did.
  [[nodiscard]] std::optional<Failure> flush();
  /// Same, when all that was appended is on the disk.
  [[nodiscard]] std::optional<Failure> sync();

  [[nodiscard]] bool failed();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  using Clock = std::chrono::steady_clock;

  void write();
  void sync_from_time_to_time(const std::stop_token& over);

  std::string path_;
  std::mutex mutex_;
  std::string pending_;
  Clock::time_point written_ = Clock::now();
  int descriptor_ = -1;
  int error_ = 0;
  std::condition_variable_any woken_;
  std::jthread syncing_;  ///< Last: it uses the others.
};

/// Calls `line` for each whole line of the file, without its end, and where it ends, until it says no or the
/// file ends. A file that is not there has no lines. The bytes of the lines to which it said yes.
[[nodiscard]] expected<std::int64_t, Failure> read_lines(const std::string& path,
                                                         const std::function<bool(std::string_view)>& line);

}  // namespace fusescape
