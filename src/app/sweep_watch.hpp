// How does whoever waits for a sweep see how far it is, and stop it?
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "fusescape/app/arguments.hpp"
#include "fusescape/search/sweep.hpp"

namespace fusescape {

/// What whoever watches may ask of a run, on the watching thread.
struct WatchedRun {
  std::function<void()> tick;  ///< From time to time: writes what was done. Null: nothing runs yet.
  std::function<std::string()> best_text;  ///< The best so far, or nothing.
  /// Before the program ends in the middle: writes and says what was done. Without it, only that.
  std::function<void()> give_up;
};

/// While it lives, Ctrl-C and SIGTERM request a stop. A run that does not end by itself soon after is ended:
/// exit code 130. One at a time.
class SweepWatch {
 public:
  explicit SweepWatch(OutputArguments output);
  SweepWatch(const SweepWatch&) = delete;
  SweepWatch(SweepWatch&&) = delete;
  SweepWatch& operator=(const SweepWatch&) = delete;
  SweepWatch& operator=(SweepWatch&&) = delete;
  ~SweepWatch();

  /// From now on progress is shown by time, whatever a point costs: on a terminal one line, elsewhere a line
  /// a minute, with -q none. Until `end`.
  void begin(WatchedRun run);
  void end();

  [[nodiscard]] std::stop_source& stop() { return stop_; }
  [[nodiscard]] SweepProgress& progress() { return progress_; }

 private:
  void watch(const std::stop_token& over);

  OutputArguments output_;
  std::stop_source stop_;
  SweepProgress progress_;
  std::mutex mutex_;  ///< Guards `run_`.
  WatchedRun run_;
  std::condition_variable_any woken_;
  std::jthread thread_;  ///< Last: it uses the others.
};

}  // namespace fusescape
