#include "fusescape/search/sweep_spec.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>

#include "fusescape/search/sweep_binding.hpp"

namespace fusescape::sweep_spec_test {
namespace {

Axis axis(const std::string& key, const std::vector<std::string>& values) {
  Axis made{.name = key, .values = {}};
  for (const std::string& value : values) {
    made.values.push_back({.label = value, .settings = {{.key = key, .value = value}}});
  }
  return made;
}

/// Two lengths (given) by three memory shares and two strategies (chosen).
SweepSpec small_sweep() {
  SweepSpec spec;
  spec.name = "small";
  spec.axes = {axis("L", {"1", "64"}), axis("memory_fraction", {"0.2", "0.5", "0.8"}),
               axis("strategy", {"unfused", "fuse-all"})};
  spec.scenario = {"L"};
  spec.baselines = {
      {.name = "reference",
       .settings = {{.key = "memory_fraction", .value = "0.8"}, {.key = "strategy", .value = "unfused"}}}};
  return spec;
}

std::vector<std::string> messages_of(const std::vector<SweepProblem>& problems) {
  std::vector<std::string> messages;
  for (const SweepProblem& problem : problems) messages.push_back(problem.message);
  return messages;
}

TEST_CASE("Points count in grid order, the last listed axis fastest") {
  const SweepSpec spec = small_sweep();
  REQUIRE(grid_size(spec) == 2 * 3 * 2);
  std::size_t id = 0;
  for (std::size_t length = 0; length < 2; ++length) {
    for (std::size_t share = 0; share < 3; ++share) {
      for (std::size_t strategy = 0; strategy < 2; ++strategy) {
        CHECK(coordinates_of(spec, id++) == std::vector<std::size_t>{length, share, strategy});
      }
    }
  }
}

TEST_CASE("A scenario is the part of a point that is given and not chosen") {
  SweepSpec spec = small_sweep();
  spec.scenario = {"strategy", "L"};  // Their order here does not matter: the axes' order does.
  REQUIRE(scenario_count(spec) == 4);
  CHECK(scenario_of(spec, 0) == 0);          // L=1, 0.2, unfused
  CHECK(scenario_of(spec, 5) == 1);          // L=1, 0.8, fuse-all
  CHECK(scenario_of(spec, 6 + 2 + 1) == 3);  // L=64, 0.5, fuse-all
  const auto values = scenario_values(spec, 3);
  CHECK(values[0]->label == "64");
  CHECK(values[1] == nullptr);
  CHECK(values[2]->label == "fuse-all");
}

TEST_CASE("A grid too large to count is refused, and counting it does not wrap") {
  SweepSpec spec = small_sweep();
  const Axis thousand = axis("x", std::vector<std::string>(1000, "1"));
  for (int i = 0; i < 8; ++i) spec.axes.push_back(thousand);  // 12 * 10^24 points
  CHECK(grid_size(spec) == kMaxGridSize + 1);
  CHECK_THAT(messages_of(problems_of(spec)).front(), Catch::StartsWith("the grid has more than"));
}

TEST_CASE("A sample may be of a larger grid, but baselines and scenarios are run whole") {
  SweepSpec spec = small_sweep();
  const Axis thousand = axis("x", std::vector<std::string>(1000, "1"));
  for (int i = 0; i < 3; ++i) {
    spec.axes.push_back(thousand);
    spec.axes.back().name += std::to_string(i);
    for (AxisValue& value : spec.axes.back().values) value.settings.front().key = spec.axes.back().name;
  }
  spec.sample = SweepSample{.method = SampleMethod::kRandom, .count = 3, .seed = 1};
  spec.sampled = {0, 7, 11'999'999'999};
  CHECK(grid_size(spec) == 3);
  CHECK(coordinates_of(spec, 2) == std::vector<std::size_t>{1, 2, 1, 999, 999, 999});
  CHECK(
      messages_of(problems_of(spec)) ==
      std::vector<std::string>{"baseline 'reference' stands for more than 100000000 designs; set more axes"});
  spec.baselines.clear();
  CHECK(messages_of(problems_of(spec)).empty());
  spec.scenario = {"x0", "x1", "x2"};
  CHECK(messages_of(problems_of(spec)) == std::vector<std::string>{"more than 100000000 scenarios"});
}

TEST_CASE("A sound sweep has no problems") {
  CHECK(messages_of(problems_of(small_sweep())).empty());
}

TEST_CASE("Names that name nothing are all found at once") {
  SweepSpec spec = small_sweep();
  spec.scenario = {"length"};
  spec.minimize = "latency";
  spec.budget = Budget{.baseline = "marca", .tolerance = 0.01};
  spec.published = {{.name = "x", .value = 1.78, .baseline = "other", .source = "y", .note = ""}};
  const auto messages = messages_of(problems_of(spec));
  CHECK(messages == std::vector<std::string>{"scenario: there is no axis 'length'",
                                             "budget: there is no baseline 'marca'",
                                             "published: there is no baseline 'other'",
                                             "unknown metric 'latency'; did you mean 'latency_s'?"});
}

TEST_CASE("A key may be set by one axis only, and a sweep needs a strategy") {
  SweepSpec spec = small_sweep();
  spec.baselines.clear();
  spec.axes.pop_back();
  spec.axes.push_back(axis("L", {"5"}));
  CHECK(messages_of(problems_of(spec)) ==
        std::vector<std::string>{"'L' is set by two axes, 'L' and 'L'",
                                 "no strategy: add an axis with key 'strategy', or set it"});
}

/// Workloads are named after their settings, accelerators too.
SweepBinder recording_binder(int& workloads_made, int& designs_made) {
  const auto text = [](std::span<const Setting> settings) {
    std::string all;
    for (const Setting& s : settings) all += s.key + "=" + s.value + ";";
    return all;
  };
  return {
      .sets_workload = [](std::string_view key) { return key == "L"; },
      .workload = [&workloads_made,
                   text](std::span<const Setting> settings) -> expected<Model, SweepProblem> {
        ++workloads_made;
        Model model;
        model.whole.name = text(settings);
        return model;
      },
      .design = [&designs_made, text](std::span<const Setting> settings) -> expected<Design, SweepProblem> {
        ++designs_made;
        Design made;
        made.accelerator.name = text(settings);
        return made;
      }};
}

TEST_CASE("Each distinct workload and design is made once") {
  int workloads = 0;
  int designs = 0;
  SweepSpec spec = small_sweep();
  spec.fixed = {{.key = "area_fraction", .value = "1"}};
  const auto bound = bind_sweep(spec, recording_binder(workloads, designs));
  REQUIRE(bound);
  CHECK(workloads == 2);  // L
  CHECK(designs == 3);    // memory_fraction; the baseline's 0.8 is one of them.
  CHECK(bound->strategies.size() == 2);
  REQUIRE(bound->points.size() == 12);
  const DesignPoint& last = bound->points.back();
  CHECK(bound->workloads[last.workload].name == "L=64;");
  CHECK(bound->designs[last.design].accelerator.name == "area_fraction=1;memory_fraction=0.8;");
  CHECK(bound->strategies[last.strategy]->name == "fuse-all");
  REQUIRE(bound->baselines.size() == 2);  // One per length.
  CHECK(bound->baselines[1].design == last.design);
  CHECK(bound->workloads[bound->baselines[1].workload].name == "L=64;");
}

TEST_CASE("A baseline that leaves design axes open stands for one design per combination of their values") {
  int workloads = 0;
  int designs = 0;
  SweepSpec spec = small_sweep();
  spec.baselines.push_back({.name = "any", .settings = {}});
  spec.baselines.push_back({.name = "0.8", .settings = {{.key = "memory_fraction", .value = "0.8"}}});
  CHECK(messages_of(problems_of(spec)).empty());
  const auto bound = bind_sweep(spec, recording_binder(workloads, designs));
  REQUIRE(bound);
  CHECK(designs == 3);
  // Per length: the reference alone, 3 shares x 2 strategies, 2 strategies.
  REQUIRE(bound->baselines.size() == 2 * (1 + 6 + 2));
  const BaselineDesigns any = baseline_designs(spec, 1, 1);
  CHECK(any.first == 9 + 1);
  CHECK(any.count == 6);
  for (std::size_t i = 0; i < any.count; ++i) {  // The grid's points at L=64, in the same order.
    const DesignPoint& open = bound->baselines[any.first + i];
    const DesignPoint& point = bound->points[6 + i];
    CHECK(open.workload == point.workload);
    CHECK(open.design == point.design);
    CHECK(open.strategy == point.strategy);
  }
}

TEST_CASE("A baseline sets all keys of an axis or none, and the budget's has one area") {
  SweepSpec spec = small_sweep();
  spec.axes[1] = {.name = "silicon",
                  .values = {{.label = "small", .settings = {{"pes", "1"}, {"sram", "2"}}}}};
  spec.baselines = {{.name = "half", .settings = {{.key = "pes", .value = "1"}}},
                    {.name = "any", .settings = {}}};
  spec.budget = Budget{.baseline = "any"};
  CHECK(messages_of(problems_of(spec)) ==
        std::vector<std::string>{
            "baseline 'half' leaves 'sram' open: set every key of axis 'silicon', or none to "
            "stand for the best over it",
            "budget: baseline 'any' leaves axis 'silicon' open: its area is not one number"});
}

TEST_CASE("A wrong setting that many points share is reported once, at its place") {
  int workloads = 0;
  int designs = 0;
  SweepBinder binder = recording_binder(workloads, designs);
  binder.workload = [](std::span<const Setting> settings) -> expected<Model, SweepProblem> {
    return unexpected{SweepProblem{settings.front().pos, "L: expected a positive number"}};
  };
  SweepSpec spec = small_sweep();
  spec.axes[0].values[0].settings[0].pos = {.line = 7, .column = 9};
  spec.axes[0].values[1].settings[0].pos = {.line = 7, .column = 9};
  spec.axes[2].values[0].settings[0] = {
      .key = "strategy", .value = "fuse-al", .pos = {.line = 9, .column = 3}};
  const auto bound = bind_sweep(spec, binder);
  REQUIRE_FALSE(bound);
  CHECK(messages_of(bound.error()) ==
        std::vector<std::string>{"L: expected a positive number",
                                 "unknown strategy 'fuse-al'; did you mean 'fuse-all'?"});
  CHECK(bound.error()[0].pos == SourcePos{.line = 7, .column = 9});
  CHECK(messages_of(problems_of_binding(spec, binder)) == messages_of(bound.error()));
}

TEST_CASE("Of what is only checked nothing is kept") {
  int workloads = 0;
  int designs = 0;
  const auto shared = std::make_shared<const Technology>();
  long most = 0;  // Who has it, beside this test.
  SweepBinder binder = recording_binder(workloads, designs);
  binder.design = [&](std::span<const Setting>) -> expected<Design, SweepProblem> {
    ++designs;
    most = std::max(most, shared.use_count() - 1);
    return Design{.accelerator = {}, .machine = {}, .technology = shared, .area = {}};
  };
  const SweepSpec spec = small_sweep();
  CHECK(problems_of_binding(spec, binder).empty());
  CHECK(workloads == 2);
  CHECK(designs == 3);
  CHECK(most == 0);
  CHECK(shared.use_count() == 1);
  REQUIRE(bind_sweep(spec, binder));
  CHECK(most == 2);  // The designs before the last one.
}

}  // namespace
}  // namespace fusescape::sweep_spec_test
