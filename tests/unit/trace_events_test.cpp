// Is what the trace writer writes a trace, in the time that was simulated?
#include "fusescape/report/trace_events.hpp"

#include <catch2/catch.hpp>

#include "../trace_checker.hpp"

namespace fusescape::trace_events_test {
namespace {

TickScale scale_of(std::int64_t bits_per_cycle) {
  TickScale scale;
  REQUIRE(scale.include(BitsPerCycle{bits_per_cycle}));
  return scale;
}

/// A writer into a string.
struct Recorder {
  std::string text;
  TraceWriter writer;

  Recorder(TickScale scale, double hertz, std::int64_t most)
      : writer{TraceClock{scale, Hertz{hertz}}, [this](std::string_view piece) { text += piece; }, most} {}
};

TEST_CASE("A cycle of 1 GHz is a thousandth of a microsecond, and a third of one is cut at a picosecond") {
  const TraceClock clock{scale_of(3), Hertz{1e9}};
  CHECK(microseconds(clock.picoseconds(Ticks{3})) == "0.001");
  CHECK(microseconds(clock.picoseconds(Ticks{1})) == "0.000333");
  CHECK(microseconds(clock.picoseconds(Ticks{2})) == "0.000666");
  CHECK(microseconds(clock.picoseconds(Ticks{3 * 414})) == "0.414");
  CHECK(microseconds(clock.picoseconds(Ticks{0})) == "0");
  CHECK(microseconds(clock.picoseconds(Ticks{Int128{3} * 1'000'000'000})) ==
        "1000000");  // 10^9 cycles: a second.
}

TEST_CASE("A clock of 700 MHz divides no second evenly, and long simulations stay exact") {
  // 7 cycles are 10 ns. 7 x 10^17 cycles of 2^52 ticks are 10^9 s = 10^15 us, beyond what a double holds.
  const TraceClock clock{TickScale{}, Hertz{7e8}};
  CHECK(microseconds(clock.picoseconds(Ticks{7})) == "0.01");
  CHECK(microseconds(clock.picoseconds(Ticks{1})) == "0.001428");
  const TraceClock fine{scale_of(std::int64_t{1} << 52), Hertz{7e8}};
  const Int128 cycles = 700'000'000'000'000'000;
  CHECK(microseconds(fine.picoseconds(Ticks{cycles * (Int128{1} << 52)})) == "1000000000000000");
}

TEST_CASE("Names, slices and counters become events of the format") {
  Recorder recorder{TickScale{}, 1e9, 10};
  recorder.writer.name_process(1, "cores");
  recorder.writer.name_thread({1, 2}, "pe \"2\"");
  recorder.writer.slice({1, 2}, "dBx", Ticks{100}, Ticks{142}, {{"tile", std::int64_t{3}}});
  recorder.writer.counter(4, "h", Ticks{142}, 1'310'720);
  recorder.writer.finish({{"workload", std::string{"tiny"}}});
  CHECK(
      recorder.text ==
      "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
      "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"tid\":0,\"args\":{\"name\":\"cores\"}},\n"
      "{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":1,\"tid\":0,\"args\":{\"sort_index\":1}},\n"
      "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":2,\"args\":{\"name\":\"pe \\\"2\\\"\"}},\n"
      "{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":1,\"tid\":2,\"args\":{\"sort_index\":2}},\n"
      "{\"ph\":\"X\",\"name\":\"dBx\",\"pid\":1,\"tid\":2,\"ts\":0.1,\"dur\":0.042,\"args\":{\"tile\":3}},\n"
      "{\"ph\":\"C\",\"name\":\"h\",\"pid\":4,\"tid\":0,\"ts\":0.142,\"args\":{\"value\":1310720}}\n"
      "],\"otherData\":{\"workload\":\"tiny\"}}\n");
  CHECK(TraceChecker{recorder.text}.faults().empty());
}

TEST_CASE("A full trace counts what it leaves out and is still a trace") {
  Recorder recorder{TickScale{}, 1e9, 2};
  recorder.writer.name_thread({1, 1}, "pe");
  for (int i = 0; i < 5; ++i) recorder.writer.slice({1, 1}, "t", Ticks{i}, Ticks{i + 1}, {});
  recorder.writer.counter(1, "h", Ticks{9}, 1);
  recorder.writer.finish({});
  CHECK(recorder.writer.full());
  CHECK(recorder.writer.left_out() == 4);
  const TraceChecker checker{recorder.text};
  CHECK(checker.faults().empty());
  CHECK(checker.slices() == 2);
}

TEST_CASE("Back-to-back transfers of a fraction of a cycle do not overlap in decimals") {
  // 512 B at 724 bit/cycle: 5.657 cycles each.
  const TickScale scale = scale_of(724);
  Recorder recorder{scale, 7e8, 1'000};
  recorder.writer.name_thread({1, 1}, "dram");
  const Int128 ticks = 512 * scale.ticks_per_byte(BitsPerCycle{724});
  for (int i = 0; i < 500; ++i)
    recorder.writer.slice({1, 1}, "x", Ticks{i * ticks}, Ticks{(i + 1) * ticks}, {});
  recorder.writer.finish({});
  CHECK(TraceChecker{recorder.text}.faults().empty());
}

TEST_CASE("The checker finds each kind of fault") {
  const auto faults = [](const std::string& events) {
    return TraceChecker{
        R"({"traceEvents":[{"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"a"}})" + events +
        "]}"}
        .faults()
        .size();
  };
  CHECK(faults("") == 0);
  CHECK(TraceChecker{"[]"}.faults().size() == 1);
  CHECK(TraceChecker{"{"}.faults().size() == 1);
  CHECK(faults(R"(,{"ph":"X","name":"a","tid":1,"ts":1,"dur":1})") == 1);           // No pid.
  CHECK(faults(R"(,{"ph":"X","name":"a","pid":1,"tid":1,"dur":1})") == 1);          // No ts.
  CHECK(faults(R"(,{"ph":"X","name":"a","pid":1,"tid":1,"ts":1})") == 1);           // No dur.
  CHECK(faults(R"(,{"ph":"X","name":"a","pid":1,"tid":1,"ts":1,"dur":-1})") == 1);  // Ends before it starts.
  CHECK(faults(R"(,{"ph":"X","name":"a","pid":1,"tid":2,"ts":1,"dur":1})") == 1);  // A thread without a name.
  CHECK(faults(R"(,{"ph":"B","name":"a","pid":1,"tid":1,"ts":1})") == 1);          // We write no such phase.
  CHECK(faults(R"(,{"ph":"M","name":"process_name","pid":1,"tid":1,"args":{}})") == 1);
  CHECK(faults(R"(,{"ph":"C","name":"a","pid":1,"tid":0,"ts":1,"args":{"v":"1"}})") == 1);
  const std::string slice = R"(,{"ph":"X","name":"a","pid":1,"tid":1,"ts":2,"dur":2})";
  CHECK(faults(slice + R"(,{"ph":"X","name":"b","pid":1,"tid":1,"ts":4,"dur":2})") == 0);
  CHECK(faults(slice + R"(,{"ph":"X","name":"b","pid":1,"tid":1,"ts":3,"dur":2})") == 1);
  const std::string counter = R"(,{"ph":"C","name":"a","pid":1,"tid":0,"ts":5,"args":{"v":1}})";
  CHECK(faults(counter + R"(,{"ph":"C","name":"a","pid":1,"tid":0,"ts":5,"args":{"v":1}})") == 0);
  CHECK(faults(counter + R"(,{"ph":"C","name":"a","pid":1,"tid":0,"ts":4,"args":{"v":1}})") == 1);
}

}  // namespace
}  // namespace fusescape::trace_events_test
