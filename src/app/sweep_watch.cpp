#include "sweep_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include "fusescape/app/output.hpp"

namespace fusescape {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};  ///< Between two looks at the signals.
constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kLine{60};
constexpr std::chrono::milliseconds kPatience{500};  ///< With a run that was asked to stop.

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

  /// What was done before does not count for the rate.
  void begin(std::size_t done) {
    if (begun_) return;
    begun_ = true;
    before_ = done;
    start_ = shown_ = Clock::now();
  }

  void show(const SweepProgress& progress, const std::function<std::string()>& best_text) {
    const Clock::time_point now = Clock::now();
    const std::size_t done = progress.done;
    const std::size_t total = progress.total;
    if (silent_ || total == 0 || now - shown_ < (terminal_ ? Clock::duration{kRedraw} : kLine)) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(done - before_) / seconds;
    const std::string left = done > before_ ? fmt::format(", {:.3g} points/s, {:.0f} s left", rate,
                                                          static_cast<double>(total - done) / rate)
                                            : fmt::format(", {:.0f} s so far", seconds);
    const std::string best = best_text ? best_text() : "";
    const std::string line =
        fmt::format("{}/{} points{}{}{}", done, total, left, best.empty() ? "" : ", best ", best);
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
  bool begun_ = false;
  std::size_t before_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
};

}  // namespace

SweepWatch::SweepWatch(OutputArguments output) : output_{std::move(output)} {
  interrupted = false;
  std::signal(SIGINT, note_signal);
  std::signal(SIGTERM, note_signal);
  thread_ = std::jthread{[this](const std::stop_token& over) { watch(over); }};
}

void SweepWatch::begin(WatchedRun run) {
  const std::lock_guard lock{mutex_};
  run_ = std::move(run);
}

void SweepWatch::end() {
  const std::lock_guard lock{mutex_};
  run_ = {};
}

SweepWatch::~SweepWatch() {
  thread_ = {};  // Stops and joins it.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

void SweepWatch::watch(const std::stop_token& over) {
  ProgressText text{output_};
  std::optional<Clock::time_point> asked;
  std::unique_lock lock{mutex_};
  while (!over.stop_requested()) {
    woken_.wait_for(lock, over, kLook, [] { return false; });
    if (run_.tick) {
      text.begin(progress_.done);
      run_.tick();
    }
    if (interrupted && !asked) asked = Clock::now();
    if (asked) stop_.request_stop();
    if (!asked && run_.tick) text.show(progress_, run_.best_text);
    if (!asked || over.stop_requested() || Clock::now() - *asked < kPatience) continue;
    text.clear();
    if (run_.give_up) {
      run_.give_up();
    } else {
      complain("interrupted\n");
    }
    std::_Exit(static_cast<int>(ExitCode::kInterrupted));
  }
  text.clear();
}

}  // namespace fusescape
