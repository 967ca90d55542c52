// Is the trace of any simulation one that viewers show as it is meant, and does it add up to the result?
#include <catch2/catch.hpp>
#include <map>

#include "../trace_checker.hpp"
#include "fusescape/report/simulation_trace.hpp"
#include "random_machines.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans::trace_test {
namespace {

constexpr std::uint32_t kCases = 1500;
constexpr std::int64_t kAllEvents = 1'000'000'000;

struct Traced {
  std::string text;
  SimResult result;
};

Traced traced(const Cascade& cascade, const Plan& plan, const Layout& layout, const Accelerator& machine,
              const SimOptions& options) {
  auto result = simulate(cascade, plan, layout, machine, options);
  REQUIRE(result.has_value());
  Traced made{"", std::move(*result)};
  TraceWriter writer{TraceClock{made.result.scale, machine.clock},
                     [&](std::string_view piece) { made.text += piece; }, kAllEvents};
  SimulationTrace trace{cascade, made.result, writer};
  REQUIRE(simulate(cascade, plan, layout, machine, options, &trace).has_value());
  writer.finish({});
  return made;
}

/// Microseconds of all slices of each row, by the row's name.
std::map<std::string, double> busy_rows(const std::string& text) {
  const nlohmann::json root = nlohmann::json::parse(text);
  std::map<std::pair<int, int>, std::string> names;
  std::map<std::string, double> busy;
  for (const nlohmann::json& event : root["traceEvents"]) {
    if (event["name"] == "thread_name") names[{event["pid"], event["tid"]}] = event["args"]["name"];
  }
  for (const nlohmann::json& event : root["traceEvents"]) {
    if (event["ph"] == "X") busy[names.at({event["pid"], event["tid"]})] += event["dur"].get<double>();
  }
  return busy;
}

template <class Check>
void for_random_runs(const Check& check) {
  for_legal_plans(kCases, [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    check(cascade, plan, layout, random_machine(dice));
  });
}

TEST_CASE("Every simulation's trace obeys the format, whether periods are skipped or not") {
  for_random_runs(
      [](const Cascade& cascade, const Plan& plan, const Layout& layout, const Accelerator& machine) {
        for (const bool skips : {false, true}) {
          SimOptions options;
          options.steady_state = skips;
          const TraceChecker checker{traced(cascade, plan, layout, machine, options).text};
          CAPTURE(skips, checker.faults());
          CHECK(checker.faults().empty());
          CHECK(checker.slices() > 0);
          CHECK(checker.counters() > 0);
        }
      });
}

/// Looks every tile event up in the result.
class TileNames final : public SimObserver {
 public:
  explicit TileNames(const SimResult& known) : known_{known} {}
  void event(const SimEvent& event) override {
    if (event.kind != SimEventKind::kTile) return;
    REQUIRE(event.tile < known_.tiles.size());
    CHECK(known_.tiles[event.tile].group == event.group);
    CHECK(known_.tiles[event.tile].core == event.resource);
  }
  void memory(const MemoryChange&) override {}
  void skipped(Ticks, Ticks, std::int64_t) override {}

 private:
  const SimResult& known_;
};

TEST_CASE("The tile that an event names is one of its own group and core") {
  for_random_runs(
      [](const Cascade& cascade, const Plan& plan, const Layout& layout, const Accelerator& machine) {
        const auto known = simulate(cascade, plan, layout, machine);
        REQUIRE(known.has_value());
        TileNames names{*known};
        CHECK(simulate(cascade, plan, layout, machine, {}, &names).has_value());
      });
}

TEST_CASE("Traces under managed memory obey the format, and name tiles of their own group") {
  int spilling = 0;
  for_random_runs([&](const Cascade& cascade, const Plan& plan, const Layout& layout, Accelerator machine) {
    const auto roomy = simulate(cascade, plan, layout, machine);
    REQUIRE(roomy.has_value());
    machine.sram.banks = machine.sram.bank_count();
    machine.sram.capacity = Bytes{roomy->peak.value() * 3 / 4};
    SimOptions options;
    options.eviction = Eviction::kFurthestNextUse;
    options.keep = Keep::kAll;
    const auto known = simulate(cascade, plan, layout, machine, options);
    if (!known) return;  // One tile's slabs do not fit.
    ++spilling;
    TileNames names{*known};
    CHECK(simulate(cascade, plan, layout, machine, options, &names).has_value());
    const TraceChecker checker{traced(cascade, plan, layout, machine, options).text};
    CAPTURE(checker.faults());
    CHECK(checker.faults().empty());
  });
  CHECK(spilling > 100);
}

TEST_CASE("The slices of a row add up to the time that its core or DRAM port is busy") {
  for_random_runs(
      [](const Cascade& cascade, const Plan& plan, const Layout& layout, const Accelerator& machine) {
        SimOptions options;
        options.steady_state = false;
        const Traced run = traced(cascade, plan, layout, machine, options);
        const std::map<std::string, double> busy = busy_rows(run.text);
        const TraceClock clock{run.result.scale, machine.clock};
        for (const SimResource& resource : run.result.resources) {
          if (resource.kind == SimResourceKind::kOnChipRead || resource.kind == SimResourceKind::kOnChipWrite)
            continue;
          CAPTURE(resource.name);
          const auto row = busy.find(resource.name);
          const double shown = row == busy.end() ? 0.0 : row->second;
          const Ticks running = resource.busy + resource.stall[static_cast<std::size_t>(Stall::kOnChip)];
          const double expected = std::stod(microseconds(clock.picoseconds(running)));
          // Each slice is cut at the picosecond at both ends.
          CHECK(shown == Approx(expected).margin(1e-6 * static_cast<double>(run.result.events + 1)));
        }
      });
}

}  // namespace
}  // namespace fusescape::test_plans::trace_test
