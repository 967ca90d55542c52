#include "fusescape/search/sweep_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "for_all.hpp"

namespace fusescape::sweep_answer_test {
namespace {

using test_plans::Dice;
using test_plans::for_all;

const Strategy kAny{.name = "any", .summary = "", .build = nullptr};

struct Study {
  SweepSpec spec;
  BoundSweep bound;
  SweepResult result;
};

Axis axis(const std::string& name, std::int64_t count) {
  Axis made{.name = name, .values = {}};
  for (std::int64_t i = 0; i < count; ++i)
    made.values.push_back({.label = std::to_string(i), .settings = {}});
  return made;
}

PointOutcome random_outcome(Dice& dice) {
  PointOutcome made;
  made.status = dice.one_in(4) ? PointOutcome::Status::kInfeasible : PointOutcome::Status::kFeasible;
  made.cost.latency = Cycles{dice.in(1, 20)};
  return made;
}

/// Three scenarios of a slow design axis and a fast one; areas are 1 ... 10 mm2, the baseline's is 5.
Study random_study(Dice& dice) {
  Study made;
  const std::int64_t slow = dice.in(1, 4);
  const std::int64_t fast = dice.in(1, 4);
  made.spec.axes = {axis("slow", slow), axis("scenario", 3), axis("fast", fast)};
  made.spec.scenario = {"scenario"};
  made.spec.baselines = {{.name = "reference", .settings = {}}};
  made.spec.budget = Budget{.baseline = "reference", .tolerance = 0.25};
  made.bound.workloads.emplace_back();
  made.bound.strategies = {&kAny};
  for (int area = 1; area <= 10; ++area) {
    made.bound.designs.emplace_back().area.total = SquareMm{static_cast<double>(area)};
  }
  for (std::size_t id = 0; id < grid_size(made.spec); ++id) {
    const auto design = static_cast<std::uint32_t>(dice.in(0, 9));
    made.bound.points.push_back({.workload = 0, .design = design, .strategy = 0});
    made.result.points.push_back(random_outcome(dice));
  }
  made.bound.baselines.assign(3, DesignPoint{.workload = 0, .design = 4, .strategy = 0});
  for (int scenario = 0; scenario < 3; ++scenario) made.result.baselines.push_back(random_outcome(dice));
  return made;
}

/// Of each point its area and cycles, if it is feasible.
std::string text_of(const Study& study) {
  std::string text;
  for (std::size_t id = 0; id < study.result.points.size(); ++id) {
    const PointOutcome& outcome = study.result.points[id];
    text += fmt::format("{} mm2: {}; ", study.bound.points[id].design + 1,
                        outcome.feasible() ? std::to_string(outcome.cost.latency.value()) : "does not fit");
  }
  return text;
}

/// 5 mm2 and a quarter allow 6.
bool may_be_best(const Study& study, std::size_t id) {
  return study.result.points[id].feasible() &&
         study.bound.designs[study.bound.points[id].design].area.total->value() <= 6.0;
}

/// Of the best, which there must be.
Cycles cycles_of(const ScenarioAnswer& scenario) {
  return Cycles{std::get<std::int64_t>(scenario.figures.figure("latency_cycles")->number)};
}

TEST_CASE("The best of a scenario is what looking at every point of it finds") {
  for_all(200, [](Dice& dice) {
    const Study study = random_study(dice);
    CAPTURE(text_of(study));
    const SweepAnswer found = answer(study.spec, study.bound, study.result);
    REQUIRE(found.scenarios.size() == 3);
    for (std::size_t scenario = 0; scenario < 3; ++scenario) {
      std::optional<std::size_t> best;
      for (std::size_t id = 0; id < study.result.points.size(); ++id) {
        if (coordinates_of(study.spec, id)[1] != scenario || !may_be_best(study, id)) continue;
        if (!best || study.result.points[id].cost.latency < study.result.points[*best].cost.latency)
          best = id;
      }
      CHECK(found.scenarios[scenario].best == best);
    }
  });
}

TEST_CASE("With constraints, best and trade-off are those of the points that keep to them") {
  for_all(100, [](Dice& dice) {
    Study study = random_study(dice);
    const std::int64_t least = dice.in(1, 10);
    const std::int64_t most = dice.in(5, 20);
    study.spec.constraints = {
        {.metric = "latency_cycles", .relation = Constraint::Relation::kAtLeast, .limit = Ratio{least}},
        {.metric = "latency_cycles", .relation = Constraint::Relation::kLess, .limit = Ratio{most}}};
    CAPTURE(text_of(study), least, most);
    const SweepAnswer constrained = answer(study.spec, study.bound, study.result);
    for (PointOutcome& point : study.result.points) {
      const std::int64_t cycles = point.cost.latency.value();
      if (cycles < least || cycles >= most) point.status = PointOutcome::Status::kInfeasible;
    }
    study.spec.constraints.clear();
    const SweepAnswer filtered = answer(study.spec, study.bound, study.result);
    for (std::size_t scenario = 0; scenario < 3; ++scenario) {
      CHECK(constrained.scenarios[scenario].best == filtered.scenarios[scenario].best);
      CHECK(constrained.scenarios[scenario].pareto == filtered.scenarios[scenario].pareto);
      CHECK(constrained.scenarios[scenario].pareto_knee == filtered.scenarios[scenario].pareto_knee);
      CHECK(constrained.scenarios[scenario].near.designs == filtered.scenarios[scenario].near.designs);
    }
  });
}

TEST_CASE("The best is on the trade-off, and its latency is the trade-off's least") {
  for_all(100, [](Dice& dice) {
    const Study study = random_study(dice);
    CAPTURE(text_of(study));
    for (const ScenarioAnswer& scenario : answer(study.spec, study.bound, study.result).scenarios) {
      REQUIRE(scenario.best.has_value() == (scenario.pareto.count() > 0));
      if (!scenario.best) continue;
      const std::vector<std::size_t> kept = scenario.pareto.ids();
      for (const std::size_t id : kept) {
        CHECK(may_be_best(study, id));
        CHECK(study.result.points[id].cost.latency >= cycles_of(scenario));
      }
      // Of equally fast designs the trade-off keeps the smallest, the best is the first.
      const bool least_is_kept = std::any_of(kept.begin(), kept.end(), [&](std::size_t id) {
        return study.result.points[id].cost.latency == cycles_of(scenario);
      });
      CHECK(least_is_kept);
    }
  });
}

TEST_CASE("The trade-off of many points is what no other point of the scenario beats, ties and all") {
  for_all(60, [](Dice& dice) {
    Study study = random_study(dice);
    const auto count = static_cast<std::size_t>(dice.in(1, 200));
    study.spec.axes = {axis("design", static_cast<std::int64_t>(count)), axis("scenario", 3)};
    study.bound.points.clear();
    study.result.points.clear();
    for (std::size_t id = 0; id < 3 * count; ++id) {
      study.bound.points.push_back(
          {.workload = 0, .design = static_cast<std::uint32_t>(dice.in(0, 9)), .strategy = 0});
      study.result.points.push_back(random_outcome(dice));
    }
    const SweepAnswer found = answer(study.spec, study.bound, study.result);
    const auto beats = [&](std::size_t a, std::size_t b) {
      const Cycles x = study.result.points[a].cost.latency;
      const Cycles y = study.result.points[b].cost.latency;
      const std::uint32_t i = study.bound.points[a].design;
      const std::uint32_t j = study.bound.points[b].design;
      return x <= y && i <= j && (x < y || i < j);
    };
    for (std::size_t scenario = 0; scenario < 3; ++scenario) {
      std::vector<std::size_t> kept;
      for (std::size_t id = scenario; id < 3 * count; id += 3) {
        bool beaten = !may_be_best(study, id);
        for (std::size_t other = scenario; other < 3 * count && !beaten; other += 3) {
          beaten = may_be_best(study, other) && beats(other, id);
        }
        if (!beaten) kept.push_back(id);
      }
      CHECK(found.scenarios[scenario].pareto.ids() == kept);
    }
  });
}

TEST_CASE("Which order the points come in changes no best figure and no trade-off") {
  for_all(100, [](Dice& dice) {
    Study study = random_study(dice);
    for (std::size_t d = 0; d < study.bound.designs.size(); ++d) {
      study.bound.designs[d].accelerator.clock = Hertz{static_cast<double>(dice.in(1, 3)) * 4e8};
    }
    study.spec.axes = {axis("design", static_cast<std::int64_t>(study.bound.points.size()))};
    study.spec.scenario.clear();
    study.bound.baselines.resize(1);
    study.result.baselines.resize(1);
    const auto figures = [](const Study& of) {
      const ScenarioAnswer found = answer(of.spec, of.bound, of.result).scenarios.front();
      std::vector<std::pair<double, std::uint32_t>> kept;  // Time and area of the trade-off.
      for (const std::size_t id : found.pareto.ids()) {
        const DesignPoint& point = of.bound.points[id];
        const MetricValue time =
            find_metric("latency_s")->value(evaluated_point(of.bound, point, of.result.points[id]));
        kept.emplace_back(magnitude(*time), point.design);
      }
      std::sort(kept.begin(), kept.end());
      return std::pair{found.best ? magnitude(*found.figures.figure("latency_s")) : -1.0, kept};
    };
    const auto before = figures(study);
    std::reverse(study.bound.points.begin(), study.bound.points.end());
    std::reverse(study.result.points.begin(), study.result.points.end());
    CHECK(figures(study) == before);
  });
}

TEST_CASE("A larger budget never makes the best design slower") {
  for_all(100, [](Dice& dice) {
    Study study = random_study(dice);
    CAPTURE(text_of(study));
    const SweepAnswer tight = answer(study.spec, study.bound, study.result);
    study.spec.budget->tolerance = 0.65;
    const SweepAnswer loose = answer(study.spec, study.bound, study.result);
    for (std::size_t scenario = 0; scenario < 3; ++scenario) {
      if (!tight.scenarios[scenario].best) continue;
      REQUIRE(loose.scenarios[scenario].best);
      CHECK(cycles_of(loose.scenarios[scenario]) <= cycles_of(tight.scenarios[scenario]));
    }
  });
}

}  // namespace
}  // namespace fusescape::sweep_answer_test
