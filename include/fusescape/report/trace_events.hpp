// How is a timeline written so that Perfetto and Chrome's viewer open it? As Trace Event Format, event by
// event.
//
// The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, of it the JSON
// object form with complete events (X), counters (C) and metadata (M). docs/simulate.md shows how to read
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/report/table.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// From ticks of a machine at a clock to the format's microseconds.
class TraceClock {
 public:
  /// Expects a clock of at least 1 Hz.
  TraceClock(TickScale scale, Hertz clock);

  /// Since the start, rounded down: monotone, so that what does not overlap in ticks does not here.
  [[nodiscard]] Int128 picoseconds(Ticks at) const;

 private:
  Int128 ticks_per_cycle_ = 1;
  Int128 hertz_ = 1;
};

/// Microseconds as a decimal number with as many digits as it needs, at most six after the point.
[[nodiscard]] std::string microseconds(Int128 picoseconds);

/// One row of the viewer: a thread of a process. Here a process is a kind of resource and a thread one of
/// them.
struct TraceTrack {
  int process = 0;
  int thread = 0;
};

/// Takes pieces of the file in order.
using TraceSink = std::function<void(std::string_view)>;

/// Writes at most `most_events` slices and counter values; those beyond are counted, not written.
class TraceWriter {
 public:
  TraceWriter(TraceClock clock, TraceSink sink, std::int64_t most_events);

  /// Viewers show processes, and their threads, in the order of their numbers.
  void name_process(int process, std::string_view name);
  void name_thread(TraceTrack track, std::string_view name);

  /// Something that occupies `track` from `start` to `end`. Slices of one track must not overlap.
  void slice(TraceTrack track, std::string_view name, Ticks start, Ticks end, const std::vector<Field>& args);

  /// The value that a counter of `process` has from `at` on.
  void counter(int process, std::string_view name, Ticks at, std::int64_t value);

  /// Ends the file. `about` is shown as the trace's metadata.
  void finish(const std::vector<Field>& about);

  [[nodiscard]] bool full() const { return written_ >= most_events_; }
  [[nodiscard]] std::int64_t left_out() const { return left_out_; }

 private:
  void event(std::string_view body);
  void name_row(std::string_view what, TraceTrack track, std::string_view name);
  /// True if one more may be written.
  [[nodiscard]] bool admit();

  TraceClock clock_;
  TraceSink sink_;
  std::int64_t most_events_ = 0;
  std::int64_t written_ = 0;
  std::int64_t left_out_ = 0;
  bool first_ = true;
};

}  // namespace fusescape
