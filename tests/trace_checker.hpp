// Is a text a trace that Perfetto and Chrome's viewer show as it is meant? The rules of the Trace Event
// Format for the phases that we write, as a list of what breaks them.
//
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU; Perfetto's FAQ adds that
// complete events of one thread may not overlap (https://perfetto.dev/docs/faq).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace fusescape {

class TraceChecker {
 public:
  explicit TraceChecker(const std::string& text) {
    const nlohmann::json root = nlohmann::json::parse(text, nullptr, false);
    if (!root.is_object() || !root.contains("traceEvents") || !root["traceEvents"].is_array()) {
      faults_.emplace_back("not an object with an array traceEvents");
      return;
    }
    for (const nlohmann::json& event : root["traceEvents"]) check(event);
    for (const auto& [track, slices] : slices_) check_overlaps(track, slices);
    for (const auto& [track, slices] : slices_) {
      if (named_.count(track) == 0) fault("slices on a thread without a name", track.second);
    }
  }

  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  [[nodiscard]] std::size_t slices() const { return slice_count_; }
  [[nodiscard]] std::size_t counters() const { return counter_count_; }

 private:
  using Track = std::pair<std::int64_t, std::int64_t>;
  struct Slice {
    double start = 0.0;
    double end = 0.0;
  };

  template <class What>
  void fault(const char* what, const What& where) {
    faults_.push_back(fmt::format("{}: {}", what, where));
  }

  void check(const nlohmann::json& event) {
    const bool whole = event.is_object() && event.contains("ph") && event["ph"].is_string() &&
                       event.contains("name") && event["name"].is_string() && event.contains("pid") &&
                       event["pid"].is_number_integer() && event.contains("tid") &&
                       event["tid"].is_number_integer();
    if (!whole) return fault("lacks ph, name, pid or tid", event.dump());
    const std::string phase = event["ph"];
    if (phase == "M") return check_metadata(event);
    if (!event.contains("ts") || !event["ts"].is_number() || event["ts"] < 0) {
      return fault("no time from 0 on", event.dump());
    }
    if (phase == "X") return check_slice(event);
    if (phase == "C") return check_counter(event);
    fault("unknown phase", event.dump());
  }

  void check_metadata(const nlohmann::json& event) {
    const std::string name = event["name"];
    const bool names = name == "process_name" || name == "thread_name";
    const bool sorts = name == "process_sort_index" || name == "thread_sort_index";
    const nlohmann::json args = event.value("args", nlohmann::json::object());
    const bool good = (names && args.contains("name") && args["name"].is_string()) ||
                      (sorts && args.contains("sort_index") && args["sort_index"].is_number_integer());
    if (!good) return fault("metadata without its argument", event.dump());
    if (name == "thread_name") ++named_[{event["pid"], event["tid"]}];
  }

  void check_slice(const nlohmann::json& event) {
    ++slice_count_;
    if (!event.contains("dur") || !event["dur"].is_number() || event["dur"] < 0) {
      return fault("no duration from 0 on", event.dump());
    }
    const double start = event["ts"];
    const double duration = event["dur"];
    slices_[{event["pid"], event["tid"]}].push_back({start, start + duration});
  }

  void check_counter(const nlohmann::json& event) {
    ++counter_count_;
    const nlohmann::json args = event.value("args", nlohmann::json::object());
    const bool numbers = !args.empty() && std::all_of(args.begin(), args.end(),
                                                      [](const auto& value) { return value.is_number(); });
    if (!numbers) return fault("a counter without numbers", event.dump());
    double& last = counter_time_[{event["pid"], event["name"]}];
    if (event["ts"] < last) fault("a counter that goes back in time", event.dump());
    last = event["ts"];
  }

  void check_overlaps(const Track& track, std::vector<Slice> slices) {
    constexpr double kRoundOff = 1e-7;  // Microseconds: a tenth of the smallest step that is written.
    std::sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) {
      return std::pair{a.start, a.end} < std::pair{b.start, b.end};
    });
    for (std::size_t i = 1; i < slices.size(); ++i) {
      if (slices[i].start >= slices[i - 1].end - kRoundOff) continue;
      faults_.push_back(fmt::format("thread {}.{}: a slice from {} starts before {} ends", track.first,
                                    track.second, slices[i].start, slices[i - 1].end));
    }
  }

  std::vector<std::string> faults_;
  std::map<Track, std::vector<Slice>> slices_;
  std::map<Track, int> named_;
  std::map<std::pair<std::int64_t, std::string>, double> counter_time_;
  std::size_t slice_count_ = 0;
  std::size_t counter_count_ = 0;
};

}  // namespace fusescape
