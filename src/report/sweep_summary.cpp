// What is the answer of a sweep, as JSON and on one screen?
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/figures.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/printable.hpp"
#include "fusescape/support/version.hpp"
#include "json_value.hpp"

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

std::string array_text(const DesignFigures& figures) {
  const auto side = [&](std::string_view name) { return text(value_of(figures.figure(name))); };
  const std::string shape = fmt::format("{}x{}", side("rows"), side("cols"));
  return figures.cores > 1 ? fmt::format("{} of {}", figures.cores, shape) : shape;
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
  object["bound"] = feasible(figures) ? Json(name_of(figures.bound)) : Json(nullptr);
  return object;
}

Json values_json(const std::vector<std::string>& axes, const std::vector<std::string>& values) {
  Json object = Json::object();
  for (std::size_t a = 0; a < values.size(); ++a) object[axes[a]] = values[a];
  return object;
}

Json scenario_json(const SweepAnswer& answer, const ScenarioAnswer& scenario) {
  Json object;
  if (!scenario.values.empty()) object["scenario"] = values_json(answer.scenario_axes, scenario.values);
  object["budget_mm2"] = area_json(scenario.budget);
  object["feasible_over_budget"] = scenario.over_budget;
  object["best_point"] = json_or_null(scenario.best);
  object["chosen"] = scenario.best ? values_json(answer.design_axes, scenario.chosen) : Json(nullptr);
  object["best"] = scenario.best ? figures_json(scenario.figures, answer.minimize) : Json(nullptr);
  object["within_1_percent"] = scenario.best
                                   ? Json{{"points", scenario.near.designs},
                                          {"least_onchip_capacity_bytes", scenario.near.least_sram.value()},
                                          {"most_onchip_capacity_bytes", scenario.near.most_sram.value()}}
                                   : Json(nullptr);
  object["baselines"] = Json::array();
  for (const Comparison& comparison : scenario.comparisons) {
    Json baseline{{"name", comparison.baseline},
                  {"speedup", json_or_null(comparison.speedup)},
                  {"gain", json_or_null(comparison.gain)}};
    baseline.update(figures_json(comparison.figures, answer.minimize));
    object["baselines"].push_back(baseline);
  }
  object["pareto_points"] = scenario.pareto;
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

std::string sram_text(const DesignFigures& figures) {
  return short_bytes(std::get<std::int64_t>(figures.figure("onchip_capacity_bytes")->number));
}

/// Energy is shown in mJ where people read.
constexpr double kMillijoulesPerPicojoule = 1e-9;

std::string minimized_title(const SweepAnswer& answer) {
  if (answer.minimize == "energy_pj") return "mJ";
  if (answer.minimize == "energy_pj_per_token") return "mJ/token";
  return answer.minimize;
}

Value minimized_value(const SweepAnswer& answer, const DesignFigures& best) {
  const MetricValue& figure = best.figure(answer.minimize);
  const bool in_pj = figure && find_metric(answer.minimize)->unit == "pJ";
  return in_pj ? Value{magnitude(*figure) * kMillijoulesPerPicojoule} : value_of(figure);
}

/// Axes of the design that the fixed columns do not show.
std::vector<std::size_t> other_design_axes(const SweepAnswer& answer) {
  constexpr std::array<std::string_view, 4> kShown{"strategy", "memory_fraction", "sram.capacity",
                                                   "sram.banks"};
  std::vector<std::size_t> others;
  for (std::size_t a = 0; a < answer.design_axes.size(); ++a) {
    if (std::find(kShown.begin(), kShown.end(), answer.design_axes[a]) == kShown.end()) others.push_back(a);
  }
  return others;
}

/// Times are minimised by these names; every other one has a column of its own.
bool minimizes_time(const SweepAnswer& answer) {
  return find_metric(answer.minimize)->name.substr(0, 7) == "latency";
}

std::vector<std::string> summary_columns(const SweepAnswer& answer) {
  std::vector<std::string> columns = answer.scenario_axes;
  for (const std::size_t axis : other_design_axes(answer)) columns.push_back(answer.design_axes[axis]);
  for (const char* column :
       {"PEs", "array", "SRAM", "within 1%", "strategy", "cycles", "ms/token", "bound"}) {
    columns.emplace_back(column);
  }
  if (!minimizes_time(answer)) columns.push_back(minimized_title(answer));
  if (!answer.scenarios.empty()) {
    for (const Comparison& comparison : answer.scenarios.front().comparisons) {
      columns.push_back(fmt::format("vs {}", comparison.baseline));
    }
  }
  return columns;
}

/// The SRAM of all designs that are nearly as fast as the best one.
std::string near_text(const NearBest& near) {
  if (near.least_sram == near.most_sram) return short_bytes(near.least_sram.value());
  return fmt::format("{} - {}", short_bytes(near.least_sram.value()), short_bytes(near.most_sram.value()));
}

std::vector<Value> summary_row(const SweepAnswer& answer, const ScenarioAnswer& scenario) {
  std::vector<Value> row;
  for (const std::string& value : scenario.values) row.emplace_back(value);
  const DesignFigures& best = scenario.figures;
  const std::vector<std::size_t> axes = other_design_axes(answer);
  if (scenario.best) {
    const auto figure = [&](std::string_view name) { return value_of(best.figure(name)); };
    for (const std::size_t axis : axes) row.emplace_back(scenario.chosen[axis]);
    row.insert(row.end(), {figure("pes"), array_text(best), sram_text(best), near_text(scenario.near),
                           std::string{best.strategy}, figure("latency_cycles"),
                           figure("latency_ms_per_token"), std::string{name_of(best.bound)}});
    if (!minimizes_time(answer)) row.push_back(minimized_value(answer, best));
  } else {
    row.insert(row.end(), axes.size() + 8 + (minimizes_time(answer) ? 0 : 1), Value{});
  }
  for (const Comparison& comparison : scenario.comparisons) {
    row.push_back(comparison.gain ? Value{fmt::format("{:.2f}x", *comparison.gain)}
                                  : Value{std::string{"n/a"}});
  }
  return row;
}

/// What the speed-ups are over. A baseline's silicon may depend on the scenario: the first one's is shown.
std::string baselines_text(const SweepAnswer& answer) {
  std::string out;
  if (answer.scenarios.empty()) return out;
  for (const Comparison& comparison : answer.scenarios.front().comparisons) {
    const DesignFigures& design = comparison.figures;
    const MetricValue& area = design.figure("area_mm2");
    out += fmt::format("vs {}: {} PEs as {}, {} of SRAM{}, {}\n", comparison.baseline,
                       text(value_of(design.figure("pes"))), array_text(design), sram_text(design),
                       area ? fmt::format(", {:.1f} mm2", magnitude(*area)) : "", design.strategy);
  }
  return out;
}

std::string assumptions_text(const SweepAnswer& answer) {
  std::string out;
  for (const std::string& line : answer.assumptions) out += printable(line) + "\n";
  for (const std::string& line : answer.notes) out += printable(line) + "\n";
  out += fmt::format("modelled: data type {}, area table {}", answer.dtype,
                     answer.technology.empty() ? "none" : printable(answer.technology));
  if (!answer.scenarios.empty() && answer.scenarios.front().budget) {
    out += fmt::format(", budget {:.1f} mm2 (+{:.1f}%)", answer.scenarios.front().budget->value(),
                       100.0 * answer.tolerance);
  }
  const SweepCounts& counts = answer.counts;
  const std::size_t points = counts.feasible + counts.infeasible + counts.failed + counts.skipped;
  out += fmt::format("; {} points: {} feasible, {} infeasible, {} failed\n", points, counts.feasible,
                     counts.infeasible, counts.failed);
  return out;
}

std::string published_text(const SweepAnswer& answer) {
  std::string out;
  for (const PublishedFigure& figure : answer.published) {
    out += fmt::format("published: {}x, {}; beside 'vs {}' ({}){}\n", figure.value, printable(figure.name),
                       figure.baseline, printable(figure.source),
                       figure.note.empty() ? "" : fmt::format("; {}", printable(figure.note)));
  }
  return out;
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
              {"minimize", answer.minimize},
              {"budget_tolerance", answer.tolerance},
              {"pareto", spec.pareto},
              {"points", spec.axes.empty() ? 0 : grid_size(spec)},
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
    object["scenarios"].push_back(scenario_json(answer, scenario));
  }
  return json_text(object, 2) + "\n";
}

std::string summary_text(const SweepAnswer& answer, TextStyle style) {
  Table table{.columns = summary_columns(answer), .rows = {}};
  for (const ScenarioAnswer& scenario : answer.scenarios) table.rows.push_back(summary_row(answer, scenario));
  const std::string title = fmt::format("{} on {}: the design with the least {}, per block and modelled",
                                        answer.model, answer.arch, answer.minimize);
  return fmt::format("{}\n\n{}\n{}{}{}", bold(title, style), text(table, style), baselines_text(answer),
                     assumptions_text(answer), published_text(answer));
}

}  // namespace fusescape
