// How is a long row of independent work spread over cores, while what comes of it is taken in order?
//
// Source -> make -> take: parts of the row are made on all threads, and taken one at a time from the first
// on. Only so much lies between the two as is made ahead of the slowest part.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "fusescape/search/parallel_for.hpp"

namespace fusescape {

/// Where a part lies in the row.
struct Span {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// `Part make(worker, span)` may return fewer than it was asked for if the run is being stopped, and says how
/// many by `part.count()`; `take(Part)` is called by one thread at a time, in order.
template <class Part>
class InOrder {
 public:
  InOrder(Span all, int threads, std::stop_token stop)
      : next_{all.first},
        taken_{all.first},
        end_{all.first + all.count},
        threads_{threads},
        stop_{std::move(stop)} {}

  /// How many were taken. An exception of `make` or `take` leaves when all threads have ended.
  template <class Make, class Take>
  std::size_t run(const Make& make, const Take& take) {
    const std::size_t first = taken_;
    const auto work = [&](std::size_t worker) {
      try {
        bool goes_on = true;
        while (goes_on) goes_on = work_on_next(worker, make, take);
      } catch (...) {
        end();
        throw;
      }
    };
    parallel_for(static_cast<std::size_t>(threads_), threads_, work);
    return taken_ - first;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kMostAhead = 32'768;  ///< Made, and not taken yet.
  static constexpr std::size_t kLongest = 2048;
  static constexpr std::chrono::milliseconds kSpan{50};  ///< What a part shall take.

  /// False: there is nothing left to make.
  template <class Make, class Take>
  bool work_on_next(std::size_t worker, const Make& make, const Take& take) {
    const std::optional<Span> span = next_span();
    if (!span) return false;
    const auto start = Clock::now();
    Part part = make(worker, *span);
    adapt(*span, Clock::now() - start);
    hand_over(*span, std::move(part), take);
    return true;
  }

  void end() {
    const std::lock_guard lock{mutex_};
    over_ = true;
    woken_.notify_all();
  }

  std::optional<Span> next_span() {
    std::unique_lock lock{mutex_};
    // The part that is waited for is being made: parts are given out in order.
    woken_.wait(lock, [&] { return over_ || stop_.stop_requested() || next_ - taken_ < kMostAhead; });
    if (over_ || stop_.stop_requested() || next_ == end_) return std::nullopt;
    const Span span{next_, std::min(length_, end_ - next_)};
    next_ += span.count;
    return span;
  }

  void adapt(const Span& span, Clock::duration spent) {
    const double ratio = std::chrono::duration<double>(kSpan) /
                         std::max(std::chrono::duration<double>(spent), std::chrono::duration<double>(1e-6));
    const double wanted = static_cast<double>(span.count) * std::min(ratio, 2.0);
    const std::lock_guard lock{mutex_};
    length_ = std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 1, kLongest);
  }

  template <class Take>
  void hand_over(const Span& span, Part part, const Take& take) {
    std::unique_lock lock{mutex_};
    waiting_.emplace(span.first, std::pair{span, std::move(part)});
    if (taking_) return;  // Whoever takes will come to it.
    taking_ = true;
    while (!over_ && !waiting_.empty() && waiting_.begin()->first == taken_) {
      auto [whole, ready] = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      const std::size_t count = ready.count();
      lock.unlock();
      take(std::move(ready));
      lock.lock();
      taken_ += count;
      over_ = over_ || count < whole.count;
      woken_.notify_all();
    }
    taking_ = false;
  }

  std::mutex mutex_;
  std::condition_variable woken_;
  std::map<std::size_t, std::pair<Span, Part>> waiting_;
  std::size_t next_;
  std::size_t taken_;
  std::size_t end_;
  std::size_t length_ = 1;  ///< Of the next part.
  bool taking_ = false;
  bool over_ = false;
  int threads_;
  std::stop_token stop_;
};

}  // namespace fusescape
