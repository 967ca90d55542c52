#include "fusescape/report/trace_events.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "fusescape/support/contract.hpp"
#include "json_value.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kPicosecondsPerSecond = 1'000'000'000'000;
constexpr std::int64_t kPicosecondsPerMicrosecond = 1'000'000;

std::string quoted(std::string_view text) {
  return json_text(text);
}

std::string object_of(const std::vector<Field>& fields) {
  return json_text(json_of(record_of(fields)));
}

}  // namespace

TraceClock::TraceClock(TickScale scale, Hertz clock)
    : ticks_per_cycle_{scale.ticks_per_cycle()}, hertz_{std::llround(clock.value())} {
  FUSESCAPE_EXPECTS(hertz_ > 0);
}

Int128 TraceClock::picoseconds(Ticks at) const {
  // floor(at x 10^12 / (ticks_per_cycle x hertz)), in parts that stay within 128 bits.
  const Int128 cycles = at.value() / ticks_per_cycle_;
  const Int128 rest = at.value() % ticks_per_cycle_;
  const Int128 whole = cycles * kPicosecondsPerSecond;
  const Int128 below = (whole % hertz_) * ticks_per_cycle_ + rest * kPicosecondsPerSecond;
  return whole / hertz_ + below / (ticks_per_cycle_ * hertz_);
}

std::string microseconds(Int128 picoseconds) {
  const auto whole = static_cast<std::int64_t>(picoseconds / kPicosecondsPerMicrosecond);
  const auto rest = static_cast<std::int64_t>(picoseconds % kPicosecondsPerMicrosecond);
  if (rest == 0) return fmt::format("{}", whole);
  std::string text = fmt::format("{}.{:06}", whole, rest);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

TraceWriter::TraceWriter(TraceClock clock, TraceSink sink, std::int64_t most_events)
    : clock_{clock}, sink_{std::move(sink)}, most_events_{most_events} {
  sink_(R"({"displayTimeUnit":"ns","traceEvents":[)");
}

void TraceWriter::event(std::string_view body) {
  sink_(first_ ? "\n" : ",\n");
  sink_(body);
  first_ = false;
}

bool TraceWriter::admit() {
  if (full()) {
    ++left_out_;
    return false;
  }
  ++written_;
  return true;
}

void TraceWriter::name_row(std::string_view what, TraceTrack track, std::string_view name) {
  const bool process = what == "process";
  event(fmt::format(R"({{"ph":"M","name":"{}_name","pid":{},"tid":{},"args":{{"name":{}}}}})", what,
                    track.process, track.thread, quoted(name)));
  event(fmt::format(R"({{"ph":"M","name":"{}_sort_index","pid":{},"tid":{},"args":{{"sort_index":{}}}}})",
                    what, track.process, track.thread, process ? track.process : track.thread));
}

void TraceWriter::name_process(int process, std::string_view name) {
  name_row("process", {process, 0}, name);
}

void TraceWriter::name_thread(TraceTrack track, std::string_view name) {
  name_row("thread", track, name);
}

void TraceWriter::slice(TraceTrack track, std::string_view name, Ticks start, Ticks end,
                        const std::vector<Field>& args) {
  if (!admit()) return;
  const Int128 from = clock_.picoseconds(start);
  const Int128 lasting = clock_.picoseconds(end) - from;
  event(fmt::format(R"({{"ph":"X","name":{},"pid":{},"tid":{},"ts":{},"dur":{}{}}})", quoted(name),
                    track.process, track.thread, microseconds(from), microseconds(lasting),
                    args.empty() ? "" : fmt::format(",\"args\":{}", object_of(args))));
}

void TraceWriter::counter(int process, std::string_view name, Ticks at, std::int64_t value) {
  if (!admit()) return;
  event(fmt::format(R"({{"ph":"C","name":{},"pid":{},"tid":0,"ts":{},"args":{{"value":{}}}}})", quoted(name),
                    process, microseconds(clock_.picoseconds(at)), value));
}

void TraceWriter::finish(const std::vector<Field>& about) {
  sink_(fmt::format("\n],\"otherData\":{}}}\n", object_of(about)));
}

}  // namespace fusescape
