#include "fusescape/search/sweep_answer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace fusescape::sweep_answer_test {
namespace {

using namespace literals;

const Strategy kFused{.name = "fused", .summary = "", .build = nullptr};

Axis design_axis(std::size_t count) {
  Axis axis{.name = "memory_fraction", .values = {}};
  for (std::size_t i = 0; i < count; ++i) {
    const std::string label = std::to_string(i);
    axis.values.push_back({.label = label, .settings = {{.key = axis.name, .value = label}}});
  }
  return axis;
}

/// One scenario; design i has area `areas[i]` and latency `latencies[i]`, zero meaning that it does not fit.
/// The baseline is `reference`, a design of its own.
struct Study {
  SweepSpec spec;
  BoundSweep bound;
  SweepResult result;
};

PointOutcome outcome(std::int64_t latency) {
  PointOutcome made;
  made.status = latency > 0 ? PointOutcome::Status::kFeasible : PointOutcome::Status::kInfeasible;
  made.cost.latency = Cycles{latency};
  return made;
}

Design design(std::optional<double> area) {
  Design made;
  made.accelerator.cores.push_back({.name = "array", .count = 1, .rows = 64, .cols = 128, .spatial = {}});
  made.accelerator.sram.capacity = 24_MiB;
  if (area) made.area.total = SquareMm{*area};
  return made;
}

Study study(const std::vector<std::optional<double>>& areas, const std::vector<std::int64_t>& latencies,
            std::int64_t reference_latency) {
  Study made;
  made.spec.axes = {design_axis(areas.size())};
  made.spec.baselines = {{.name = "reference", .settings = {{.key = "memory_fraction", .value = "0.8"}}}};
  made.spec.budget = Budget{.baseline = "reference", .tolerance = 0.01};
  Workload model;
  model.n_layer = 64;
  model.tokens = Elements{16};
  made.bound.workloads = {model};
  made.bound.strategies = {&kFused};
  for (std::size_t i = 0; i < areas.size(); ++i) {
    made.bound.designs.push_back(design(areas[i]));
    made.bound.points.push_back({.workload = 0, .design = static_cast<std::uint32_t>(i), .strategy = 0});
    made.result.points.push_back(outcome(latencies[i]));
  }
  made.bound.baselines = {{.workload = 0, .design = static_cast<std::uint32_t>(areas.size()), .strategy = 0}};
  made.bound.designs.push_back(design(222.0));
  made.result.baselines = {outcome(reference_latency)};
  return made;
}

ScenarioAnswer only_scenario(const Study& s) {
  const SweepAnswer made = answer(s.spec, s.bound, s.result);
  REQUIRE(made.scenarios.size() == 1);
  return made.scenarios.front();
}

TEST_CASE("The best design is the fastest that fits the chip and the budget") {
  // 0 does not fit, 1 is 10% over budget, 3 is as fast as 2 but comes later.
  const auto best = only_scenario(study({222.0, 244.2, 222.0, 200.0, 222.0}, {0, 50, 100, 100, 300}, 150));
  REQUIRE(best.best);
  CHECK(*best.best == 2);
  CHECK(best.over_budget == 1);
  CHECK(best.budget->value() == 222.0);
}

TEST_CASE("A design may lie above the budget by the stated tolerance and no more") {
  // 1% of 222 mm2 are 2.22 mm2.
  CHECK(only_scenario(study({224.21}, {100}, 150)).best);
  CHECK_FALSE(only_scenario(study({224.23}, {100}, 150)).best);
}

TEST_CASE("A design whose area the table does not know cannot be the best under a budget") {
  Study unknown = study({std::nullopt}, {100}, 150);
  CHECK_FALSE(only_scenario(unknown).best);
  unknown.spec.budget.reset();
  CHECK(only_scenario(unknown).best);
}

TEST_CASE("A scenario without a best design says why") {
  CHECK(only_scenario(study({222.0}, {0}, 150)).why_none == "no point runs");
  CHECK(only_scenario(study({300.0, 301.0}, {100, 50}, 150)).why_none ==
        "none of the points that run (2) is known to lie within the budget of 222 mm2");
  Study unpriced = study({222.0}, {100}, 150);
  unpriced.spec.minimize = "energy_pj";
  CHECK(only_scenario(unpriced).why_none == "energy_pj is not known: no technology is named");
  unpriced.bound.designs.back().area.total.reset();
  CHECK(only_scenario(unpriced).why_none == "the area of baseline reference is not known");
}

TEST_CASE("Designs near the best are counted however many figures they have") {
  // 10,000 figures from 10^9 on, 500 apart: within 0.5%; as many from 1.02 x 10^9 on: none within 1%.
  std::vector<std::int64_t> latencies;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    latencies.push_back(1'000'000'000 + 500 * i);
    latencies.push_back(1'020'000'000 + 500 * i);
  }
  for (const bool falls : {false, true}) {
    if (falls) std::reverse(latencies.begin(), latencies.end());
    Study many = study(std::vector<std::optional<double>>(latencies.size(), 222.0), latencies, 150);
    many.bound.designs.front().accelerator.sram.capacity = 8_MiB;
    many.bound.designs.at(19'998).accelerator.sram.capacity = 8_MiB;
    const ScenarioAnswer found = only_scenario(many);
    CHECK(found.near.designs == 10'000);
    CHECK(found.near.least_sram == (falls ? 24_MiB : 8_MiB));
    CHECK(found.near.most_sram == 24_MiB);
  }
}

TEST_CASE("A speed-up is the baseline's latency over the best's, and none where either does not fit") {
  const auto faster = only_scenario(study({222.0}, {100}, 150));
  CHECK(faster.comparisons.front().speedup == 1.5);
  CHECK_FALSE(only_scenario(study({222.0}, {100}, 0)).comparisons.front().speedup);
  CHECK_FALSE(only_scenario(study({222.0}, {0}, 150)).comparisons.front().speedup);
}

TEST_CASE("A baseline that leaves an axis open stands for the best of its designs, the first of equals") {
  // The reference at 150 cycles is one of four, of which the first does not fit and two are fastest.
  Study open = study({222.0, 222.0, 222.0, 222.0}, {100, 50, 60, 70}, 150);
  open.spec.baselines.push_back({.name = "any", .settings = {}});
  open.spec.baselines.push_back({.name = "any too", .settings = {}});
  for (const std::int64_t latency : {0, 150, 75, 75}) {
    open.bound.baselines.push_back(open.bound.baselines.front());
    open.result.baselines.push_back(outcome(latency));
  }
  for (int i = 0; i < 4; ++i) {  // Of the last one nothing fits.
    open.bound.baselines.push_back(open.bound.baselines.front());
    open.result.baselines.push_back(outcome(0));
  }
  const ScenarioAnswer found = only_scenario(open);
  CHECK(found.chosen == std::vector<std::string>{"1"});
  REQUIRE(found.comparisons.size() == 3);
  const Comparison& any = found.comparisons[1];
  CHECK(std::get<std::int64_t>(any.figures.figure("latency_cycles")->number) == 75);
  CHECK(any.chosen == std::vector<std::string>{"2"});
  CHECK(any.speedup == 1.5);  // 75 / 50
  CHECK_FALSE(any.choice_gain);
  // 150 / 50 over the best is 1.5 of the design, times 150 / 75 of the choice.
  CHECK(found.comparisons[0].speedup == 3.0);
  CHECK(found.comparisons[0].choice_gain == 2.0);
  CHECK_FALSE(found.comparisons[2].speedup);
}

TEST_CASE("Designs within 1% of the best are counted, with the range of SRAM that they span") {
  // 1010 of 1000 cycles are in, 1011 are not, and what is over budget is not counted.
  Study flat = study({222.0, 200.0, 222.0, 300.0}, {1000, 1010, 1011, 1000}, 1);
  const std::vector<std::int64_t> mebibytes{12, 3, 20, 28};
  for (std::size_t i = 0; i < 4; ++i) flat.bound.designs[i].accelerator.sram.capacity = mebibytes[i] * 1_MiB;
  const NearBest near = only_scenario(flat).near;
  CHECK(near.designs == 2);
  CHECK(near.least_sram == 3_MiB);
  CHECK(near.most_sram == 12_MiB);
}

TEST_CASE("Milliseconds per token cover all layers and one token") {
  // 1,000,000 cycles a block at 1 GHz are 1 ms; x 64 layers / 16 tokens = 4 ms.
  const auto found = only_scenario(study({222.0}, {1'000'000}, 1));
  CHECK(magnitude(*found.figures.figure("latency_ms_per_token")) == 4.0e-3);
}

TEST_CASE("A clock of 1.2 GHz with 2% more cycles beats one of 500 MHz, whatever time is called") {
  // 1020 cycles at 1.2 GHz are 850 ns, 1000 at 500 MHz are 2000 ns; the baseline's 1020 at 1 GHz are 1020 ns.
  Study clocks = study({222.0, 222.0}, {1000, 1020}, 1020);
  clocks.bound.designs[0].accelerator.clock = Hertz{5e8};
  clocks.bound.designs[1].accelerator.clock = Hertz{1.2e9};
  clocks.spec.pareto = {};
  clocks.spec.minimize = GENERATE("latency_s", "latency_cycles", "latency_ms", "area_delay");
  const SweepAnswer found = answer(clocks.spec, clocks.bound, clocks.result);
  CHECK(found.scenarios[0].best == 1U);
  CHECK(found.scenarios[0].comparisons.front().speedup == Approx(1.2));
  CHECK(found.scenarios[0].near.designs == 1);
  CHECK(found.notes.empty() == (clocks.spec.minimize != "latency_cycles"));
}

TEST_CASE("A budget in mm2 needs no baseline") {
  Study fixed = study({100.0, 101.0, 102.0}, {300, 200, 100}, 1);
  fixed.spec.budget = Budget{.baseline = {}, .tolerance = 0.01, .area = SquareMm{100.0}};
  const ScenarioAnswer found = only_scenario(fixed);
  CHECK(found.best == 1U);  // 101 mm2 are 1% above.
  CHECK(found.budget->value() == 100.0);
  CHECK(found.over_budget == 1);
}

TEST_CASE("The answer holds the best's value on every axis that was chosen") {
  const ScenarioAnswer found = only_scenario(study({222.0, 222.0}, {100, 90}, 150));
  CHECK(found.chosen == std::vector<std::string>{"1"});
}

TEST_CASE("The trade-off of a scenario keeps what nothing in budget dominates") {
  // (100, 222) and (120, 180) trade; (130, 200) loses to the latter; (90, 300) is over budget.
  const auto found = only_scenario(study({222.0, 180.0, 200.0, 300.0}, {100, 120, 130, 90}, 150));
  CHECK(found.pareto.ids() == std::vector<std::size_t>{0, 1});
}

TEST_CASE("Published figures are passed on and change nothing that is modelled") {
  Study with = study({222.0, 200.0}, {100, 90}, 150);
  const auto without = only_scenario(with);
  with.spec.published = {{.name = "x", .value = 1.78, .baseline = "reference", .source = "y", .note = ""}};
  CHECK(only_scenario(with).best == without.best);
  CHECK(only_scenario(with).comparisons.front().speedup == without.comparisons.front().speedup);
  CHECK(answer(with.spec, with.bound, with.result).published.size() == 1);
}

}  // namespace
}  // namespace fusescape::sweep_answer_test
