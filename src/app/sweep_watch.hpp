// How does whoever waits for a sweep see how far it is, and stop it?
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "fusescape/app/arguments.hpp"
#include "fusescape/search/sweep.hpp"

namespace fusescape {

/// While it lives, Ctrl-C and SIGTERM request a stop (a second one ends the program). One at a time.
class SweepWatch {
 public:
  explicit SweepWatch(OutputArguments output);
  SweepWatch(const SweepWatch&) = delete;
  SweepWatch(SweepWatch&&) = delete;
  SweepWatch& operator=(const SweepWatch&) = delete;
  SweepWatch& operator=(SweepWatch&&) = delete;
  ~SweepWatch();

  /// From now on progress is shown by time, whatever a point costs: on a terminal one line, elsewhere a line
  /// a minute, with -q none. A signal that came before requests the stop now.
  void begin();

  [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }
  [[nodiscard]] SweepProgress& progress() { return progress_; }

 private:
  void watch(const std::stop_token& over);

  OutputArguments output_;
  std::stop_source stop_;
  SweepProgress progress_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::jthread thread_;  ///< Last: it uses the others.
};

}  // namespace fusescape
