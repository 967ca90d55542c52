#include "sweep_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include "fusescape/app/output.hpp"

namespace fusescape {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};  ///< Between two looks at the signals.
constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kLine{60};

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // A signal handler may set it.

extern "C" void note_signal(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);
}

/// How far a run is, on standard error.
class ProgressText {
 public:
  explicit ProgressText(const OutputArguments& output)
      : terminal_{shows_progress(output)}, silent_{output.quiet} {}

  void show(const SweepProgress& progress) {
    const Clock::time_point now = Clock::now();
    const std::size_t done = progress.done;
    const std::size_t total = progress.total;
    if (silent_ || total == 0 || now - shown_ < (terminal_ ? Clock::duration{kRedraw} : kLine)) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(done) / seconds;
    const std::string left = done > 0 ? fmt::format(", {:.3g} points/s, {:.0f} s left", rate,
                                                    static_cast<double>(total - done) / rate)
                                      : fmt::format(", {:.0f} s so far", seconds);
    const std::string line = fmt::format("{}/{} points{}", done, total, left);
    complain(terminal_ ? "\r" + line + " \x1b[K" : line + "\n");
    drawn_ = terminal_;
  }

  void clear() const {
    if (drawn_) complain("\r\x1b[K");
  }

 private:
  bool terminal_;
  bool silent_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
};

}  // namespace

SweepWatch::SweepWatch(OutputArguments output) : output_{std::move(output)} {
  interrupted = false;
  std::signal(SIGINT, note_signal);
  std::signal(SIGTERM, note_signal);
}

void SweepWatch::begin() {
  if (interrupted) stop_.request_stop();
  thread_ = std::jthread{[this](const std::stop_token& over) { watch(over); }};
}

SweepWatch::~SweepWatch() {
  thread_ = {};  // Stops and joins it.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

void SweepWatch::watch(const std::stop_token& over) {
  ProgressText text{output_};
  std::unique_lock lock{mutex_};
  while (!over.stop_requested()) {
    woken_.wait_for(lock, over, kLook, [] { return false; });
    if (interrupted) stop_.request_stop();
    if (!stop_.stop_requested()) text.show(progress_);
  }
  text.clear();
}

}  // namespace fusescape
