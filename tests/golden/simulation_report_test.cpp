// The exact bytes of what a simulation tells, for a result made by hand.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fusescape/report/simulation.hpp"
#include "samples.hpp"

namespace fusescape::simulation_report_test {
namespace {

using golden::check_golden;

SimGroupReport group(std::string name, std::int64_t start, std::int64_t end, std::int64_t closed) {
  SimGroupReport report;
  report.name = std::move(name);
  report.start = Cycles{start};
  report.end = Cycles{end};
  report.compute = Cycles{60};
  report.dram_read = Bytes{640};
  report.dram_write = Bytes{128};
  report.peak = Bytes{448};
  report.closed_latency = Cycles{closed};
  report.closed_dram_read = Bytes{640};
  report.closed_dram_write = Bytes{128};
  report.closed_peak = Bytes{448};
  return report;
}

ResourceReport resource(std::string name, SimResourceKind kind, std::int64_t busy, std::int64_t bytes) {
  ResourceReport report;
  report.name = std::move(name);
  report.kind = kind;
  report.busy = Cycles{busy};
  report.utilization = static_cast<double>(busy) / 164.0;
  report.bytes = Bytes{bytes};
  return report;
}

/// y of the second group did not find room for 32 of its 128 bytes.
SimTensorReport evicted() {
  SimTensorReport report;
  report.group = "exp";
  report.name = "y";
  report.read = Bytes{160};
  report.written = Bytes{32};
  report.reloaded = Bytes{32};
  report.evicted = Bytes{32};
  report.closed_read = Bytes{128};
  return report;
}

SimulationReport simulated() {
  SimulationReport report{.evaluation = golden::unfused(), .options = options_of({}), .details = {}};
  report.evaluation.subject.model = "sim";
  const Cost ran = golden::cost(164);
  report.evaluation.outcome->cost = ran;
  report.evaluation.figures = golden::figures(&ran);
  report.evaluation.whole = golden::whole(164);
  SimulationDetails details;
  details.latency = Cycles{164};
  details.closed_latency = Cycles{160};
  details.closed_dram_read = Bytes{768};
  details.closed_dram_write = Bytes{256};
  details.closed_peak = Bytes{448};
  details.groups = {group("proj", 0, 104, 100), group("exp", 104, 164, 60)};
  details.resources = {resource("pe", SimResourceKind::kCore, 124, 0),
                       resource("sram read", SimResourceKind::kOnChipRead, 14, 2560),
                       resource("dram", SimResourceKind::kDramRead, 130, 1088)};
  details.resources[0].stall = {Cycles{30}, Cycles{6}, Cycles{0}, Cycles{4}};
  SimTensorReport same;
  same.group = "proj";
  same.name = "W";
  same.read = same.closed_read = Bytes{512};
  details.tensors = {same, evicted()};
  details.events = 14;
  details.skipped = 2;
  details.why = "most of it in proj: +4 cycles";
  report.details = std::move(details);
  return report;
}

SimulationReport refused() {
  SimulationReport report{.evaluation = golden::infeasible(), .options = options_of({}), .details = {}};
  report.evaluation.subject.model = "sim";
  return report;
}

TEST_CASE("A simulation's JSON, CSV and text keep their bytes") {
  check_golden("simulation.json", json(document_of(simulated())));
  check_golden("simulation.csv", csv(document_of(simulated())));
  check_golden("simulation.txt", text(document_of(simulated()), {}));
  check_golden("simulation-infeasible.json", json(document_of(refused())));
  check_golden("simulation-infeasible.txt", text(document_of(refused()), {}));
}

TEST_CASE("A simulation's JSON has every field of an evaluation's, and says which model it is") {
  const auto evaluation = nlohmann::json::parse(json(document_of(golden::unfused())));
  const auto simulation = nlohmann::json::parse(json(document_of(simulated())));
  for (const auto& [key, value] : evaluation.items()) {
    CAPTURE(key);
    CHECK(simulation.contains(key));
  }
  CHECK(evaluation["model"] == "closed");
  CHECK(simulation["model"] == "sim");
  // 100 x (164 / 160 - 1).
  CHECK(simulation["difference_percent"].get<double>() == Approx(2.5));
}

TEST_CASE("A simulation that has a result and one that has none have the same columns") {
  const auto header = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  CHECK(header(csv(document_of(simulated()))) == header(csv(document_of(refused()))));
}

}  // namespace
}  // namespace fusescape::simulation_report_test
