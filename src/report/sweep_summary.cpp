// What is the answer of a sweep, as JSON?
#include <nlohmann/json.hpp>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/figures.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/version.hpp"
#include "json_value.hpp"
#include "sweep_words.hpp"

namespace fusescape {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json area_json(const std::optional<SquareMm>& area) {
  return area ? Json(area->value()) : Json(nullptr);
}

bool feasible(const DesignFigures& figures) {
  return figures.status == PointOutcome::Status::kFeasible;
}

/// `minimized` is shown beside the figures that every design has.
Json figures_json(const DesignFigures& figures, std::string_view minimized) {
  Json object{{"feasible", feasible(figures)}, {"strategy", figures.strategy}};
  const auto add = [&](std::string_view name) {
    object[std::string{name}] = json_value(value_of(figures.figure(name)));
  };
  add("pes");
  object["array"] = array_text(figures);
  for (const std::string_view name :
       {"onchip_capacity_bytes", "onchip_read_bits_per_cycle", "dram_bits_per_cycle", "clock_hz", "area_mm2",
        "latency_cycles", "latency_s", "latency_ms_per_token"}) {
    add(name);
  }
  add(minimized);
  object["bound"] = figures.bound ? Json(name_of(*figures.bound)) : Json(nullptr);
  return object;
}

Json chosen_json(const SweepAnswer& answer, const ScenarioAnswer& scenario) {
  Json object = Json::object();
  for (std::size_t a = 0; a < answer.tried.size(); ++a) object[answer.tried[a].name] = scenario.chosen[a];
  return object;
}

/// What was chosen for a baseline that leaves axes open, and what that choice gains over one that closes
/// them.
Json choice_json(const std::vector<AnsweredBaseline>& baselines, std::size_t position,
                 const Comparison& comparison) {
  const AnsweredBaseline& baseline = baselines[position];
  Json object{{"designs", baseline.designs}, {"chosen", Json::object()}};
  for (std::size_t a = 0; a < baseline.open.size(); ++a) {
    object["chosen"][baseline.open[a]] = comparison.chosen[a];
  }
  if (!baseline.refines) return object;
  object["refines"] = baselines[*baseline.refines].name;
  object["choice_gain"] = json_or_null(comparison.choice_gain);
  return object;
}

Json tried_json(const SweepAnswer& answer) {
  Json object = Json::object();
  for (const TriedAxis& axis : answer.tried) object[axis.name] = axis.values;
  return object;
}

/// Of a trade-off in the summary. Ties may be as many as the points of the sweep.
constexpr std::size_t kMostPointsListed = 10'000;

Json scenario_json(const SweepSpec& spec, const SweepAnswer& answer, const ScenarioAnswer& scenario) {
  Json object;
  for (std::size_t a = 0; a < answer.scenario_axes.size(); ++a) {
    object["scenario"][answer.scenario_axes[a]] = scenario.values[a];
  }
  object["budget_mm2"] = area_json(scenario.budget);
  object["feasible_over_budget"] = scenario.over_budget;
  if (!spec.constraints.empty()) object["feasible_beyond_constraints"] = scenario.beyond_constraints;
  object["best_point"] = json_or_null(scenario.best);
  object["chosen"] = scenario.best ? chosen_json(answer, scenario) : Json(nullptr);
  object["best"] = scenario.best ? figures_json(scenario.figures, answer.minimize) : Json(nullptr);
  object["within_1_percent"] = scenario.best
                                   ? Json{{"points", scenario.near.designs},
                                          {"least_onchip_capacity_bytes", scenario.near.least_sram.value()},
                                          {"most_onchip_capacity_bytes", scenario.near.most_sram.value()}}
                                   : Json(nullptr);
  object["baselines"] = Json::array();
  for (std::size_t b = 0; b < scenario.comparisons.size(); ++b) {
    const Comparison& comparison = scenario.comparisons[b];
    Json baseline{{"name", comparison.baseline},
                  {"speedup", json_or_null(comparison.speedup)},
                  {"gain", json_or_null(comparison.gain)}};
    baseline.update(choice_json(answer.baselines, b, comparison));
    baseline.update(figures_json(comparison.figures, answer.minimize));
    object["baselines"].push_back(baseline);
  }
  object["pareto_points"] = scenario.pareto.ids(kMostPointsListed);
  if (const std::size_t all = scenario.pareto.count(); all > kMostPointsListed) {
    object["pareto_points_left_out"] = all - kMostPointsListed;  // pareto.csv has them.
  }
  object["pareto_least"] = Json::object();
  for (std::size_t c = 0; c < scenario.pareto_least.size(); ++c) {
    object["pareto_least"][spec.pareto[c]] = scenario.pareto_least[c];
  }
  object["pareto_knee"] = json_or_null(scenario.pareto_knee);
  return object;
}

Json published_json(const std::vector<PublishedFigure>& published) {
  Json list = Json::array();
  for (const PublishedFigure& figure : published) {
    list.push_back({{"provenance", "published"},
                    {"name", figure.name},
                    {"value", figure.value},
                    {"baseline", figure.baseline},
                    {"source", figure.source},
                    {"note", figure.note}});
  }
  return list;
}

}  // namespace

std::string summary_json(const SweepSpec& spec, const SweepAnswer& answer) {
  Json object{{"sweep", spec.name},
              {"workload", answer.model},
              {"arch", answer.arch},
              {"technology", answer.technology},
              {"dtype", answer.dtype},
              {"assumptions", answer.assumptions},
              {"notes", answer.notes},
              {"conclusion", conclusion(answer)},
              {"tried", tried_json(answer)},
              {"minimize", answer.minimize},
              {"budget_tolerance", answer.tolerance},
              {"pareto", spec.pareto},
              {"points", grid_size(spec)},
              {"feasible", answer.counts.feasible},
              {"infeasible", answer.counts.infeasible},
              {"failed", answer.counts.failed},
              {"skipped", answer.counts.skipped},
              {"provenance", "modelled"},
              {"model", "closed"},
              {"version", kVersion},
              {"scenarios", Json::array()},
              {"published", published_json(answer.published)}};
  for (const ScenarioAnswer& scenario : answer.scenarios) {
    object["scenarios"].push_back(scenario_json(spec, answer, scenario));
  }
  return json_text(object, 2) + "\n";
}

}  // namespace fusescape
