// Does a simulation's timeline become a trace whose rows, names and times are those of the simulation?
#include "fusescape/report/simulation_trace.hpp"

#include <catch2/catch.hpp>

#include "../trace_checker.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape::simulation_trace_test {
namespace {

/// y = exp(x).
Cascade one_exp() {
  CascadeBuilder make{"one-exp", DataType::kFp32};
  const RankId l = make.rank("L", Elements{4});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId y = make.tensor("y", {l}, TensorKind::kOutput);
  make.make("exp", OpKind::kExp, y, {make.at(x)});
  CheckedCascade checked = make.finish();
  REQUIRE(checked.problems.empty());
  return checked.cascade;
}

/// A core and a DRAM port that run one tile and what it needs, twice and then as often as before.
SimResult known_result() {
  SimResult result;
  result.resources.resize(2);
  result.resources[0].name = "pe";
  result.resources[0].busy = Ticks{24};
  result.resources[1].kind = SimResourceKind::kDramRead;
  result.resources[1].name = "dram";
  result.resources[1].bytes = Bytes{32};
  result.tiles.push_back({0, kRoot, 0, {OpId{0}}, 4});
  result.skipped = 2;
  return result;
}

SimEvent span(SimEventKind kind, std::int64_t start, std::int64_t end, TensorId tensor) {
  SimEvent event;
  event.kind = kind;
  event.start = Ticks{start};
  event.end = Ticks{end};
  event.resource = kind == SimEventKind::kTile ? 0 : 1;
  event.tensor = tensor;
  event.bytes = Bytes{kind == SimEventKind::kTile ? 0 : 4};
  return event;
}

void replay(SimulationTrace& trace) {
  const TensorId x{0};
  const TensorId y{1};
  trace.event(span(SimEventKind::kLoad, 0, 4, x));
  trace.memory({Ticks{4}, x, Bytes{4}, Bytes{8}});
  trace.event(span(SimEventKind::kTile, 4, 10, y));
  trace.event(span(SimEventKind::kStore, 10, 14, y));
  trace.memory({Ticks{14}, x, Bytes{0}, Bytes{4}});
  trace.skipped(Ticks{14}, Ticks{34}, 2);
}

std::string traced(std::int64_t most_events, Ticks* complete = nullptr) {
  std::string text;
  TraceWriter writer{TraceClock{TickScale{}, Hertz{1e9}}, [&](std::string_view piece) { text += piece; },
                     most_events};
  const Cascade cascade = one_exp();
  const SimResult known = known_result();
  SimulationTrace trace{cascade, known, writer};
  replay(trace);
  writer.finish({});
  if (complete != nullptr) *complete = trace.complete_until();
  return text;
}

/// The first event of this phase and name; null if there is none.
nlohmann::json event_named(const std::string& trace, const std::string& phase, const std::string& name) {
  const nlohmann::json root = nlohmann::json::parse(trace);
  for (const nlohmann::json& event : root["traceEvents"]) {
    if (event["ph"] == phase && event["name"] == name) return event;
  }
  return {};
}

TEST_CASE("A simulation's trace obeys the format: cores, ports, memory and what was skipped") {
  const std::string text = traced(100);
  const TraceChecker checker{text};
  CAPTURE(checker.faults());
  CHECK(checker.faults().empty());
  CHECK(checker.slices() == 4);
  CHECK(checker.counters() == 4);
  const nlohmann::json tile = event_named(text, "X", "exp");
  CHECK(tile["ts"] == 0.004);
  CHECK(tile["dur"] == 0.006);
  const nlohmann::json load = event_named(text, "X", "load x");
  CHECK(load["args"]["bytes"] == 4);
  CHECK(load["pid"] != tile["pid"]);
  CHECK(event_named(text, "X", "store y")["tid"] == load["tid"]);
  CHECK(event_named(text, "C", "x, bytes")["args"]["value"] == 4);
  CHECK(event_named(text, "C", "all tensors, bytes")["args"]["value"] == 8);
  CHECK(event_named(text, "X", "2 periods equal to those before")["dur"] == 0.02);
}

TEST_CASE("A trace that is full says until when it is complete") {
  Ticks complete;
  const TraceChecker checker{traced(3, &complete)};
  CHECK(checker.faults().empty());
  CHECK(checker.slices() + checker.counters() == 3);
  CHECK(complete == Ticks{4});  // The load and its two counters; the tile that follows is left out.
  (void)traced(100, &complete);
  CHECK(complete == Ticks{14});
}

}  // namespace
}  // namespace fusescape::simulation_trace_test
