// What is the answer of a sweep, as JSON and on one screen?
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "fusescape/report/evaluation.hpp"
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
  const std::string shape = fmt::format("{}x{}", figures.rows, figures.cols);
  return figures.cores > 1 ? fmt::format("{} of {}", figures.cores, shape) : shape;
}

Json figures_json(const DesignFigures& figures) {
  const bool runs = feasible(figures);
  return {{"feasible", runs},
          {"strategy", figures.strategy},
          {"pes", figures.pes},
          {"array", array_text(figures)},
          {"onchip_capacity_bytes", figures.sram.value()},
          {"onchip_read_bits_per_cycle", json_value(width_value(figures.onchip_read))},
          {"area_mm2", area_json(figures.area)},
          {"latency_cycles", runs ? Json(figures.latency.value()) : Json(nullptr)},
          {"latency_ms_per_token", json_or_null(figures.ms_per_token)},
          {"bound", runs ? Json(name_of(figures.bound)) : Json(nullptr)}};
}

Json scenario_json(const SweepAnswer& answer, const ScenarioAnswer& scenario) {
  Json object;
  for (std::size_t a = 0; a < answer.scenario_axes.size(); ++a) {
    object["scenario"][answer.scenario_axes[a]] = scenario.values[a];
  }
  object["budget_mm2"] = area_json(scenario.budget);
  object["feasible_over_budget"] = scenario.over_budget;
  object["best_point"] = json_or_null(scenario.best);
  object["best"] = scenario.best ? figures_json(scenario.figures) : Json(nullptr);
  object["within_1_percent"] = scenario.best
                                   ? Json{{"points", scenario.near.designs},
                                          {"least_onchip_capacity_bytes", scenario.near.least_sram.value()},
                                          {"most_onchip_capacity_bytes", scenario.near.most_sram.value()}}
                                   : Json(nullptr);
  object["baselines"] = Json::array();
  for (const Comparison& comparison : scenario.comparisons) {
    Json baseline{{"name", comparison.baseline}, {"speedup", json_or_null(comparison.speedup)}};
    baseline.update(figures_json(comparison.figures));
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

std::vector<std::string> summary_columns(const SweepAnswer& answer) {
  std::vector<std::string> columns = answer.scenario_axes;
  for (const char* column :
       {"PEs", "array", "SRAM", "within 1%", "strategy", "cycles", "ms/token", "bound"}) {
    columns.emplace_back(column);
  }
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

std::vector<Value> summary_row(const ScenarioAnswer& scenario) {
  std::vector<Value> row;
  for (const std::string& value : scenario.values) row.emplace_back(value);
  const DesignFigures& best = scenario.figures;
  if (scenario.best) {
    row.insert(row.end(),
               {best.pes, array_text(best), short_bytes(best.sram.value()), near_text(scenario.near),
                std::string{best.strategy}, best.latency.value(),
                best.ms_per_token ? Value{*best.ms_per_token} : Value{}, std::string{name_of(best.bound)}});
  } else {
    row.insert(row.end(), 8, Value{});
  }
  for (const Comparison& comparison : scenario.comparisons) {
    row.push_back(comparison.speedup ? Value{fmt::format("{:.2f}x", *comparison.speedup)}
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
    out += fmt::format("vs {}: {} PEs as {}, {} of SRAM{}, {}\n", comparison.baseline,
                       with_thousands(design.pes), array_text(design), short_bytes(design.sram.value()),
                       design.area ? fmt::format(", {:.1f} mm2", design.area->value()) : "", design.strategy);
  }
  return out;
}

std::string assumptions_text(const SweepAnswer& answer) {
  std::string out;
  for (const std::string& line : answer.assumptions) out += printable(line) + "\n";
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
  for (const ScenarioAnswer& scenario : answer.scenarios) table.rows.push_back(summary_row(scenario));
  const std::string title = fmt::format("{} on {}: the design with the least {}, per block and modelled",
                                        answer.model, answer.arch, answer.minimize);
  return fmt::format("{}\n\n{}\n{}{}{}", bold(title, style), text(table, style), baselines_text(answer),
                     assumptions_text(answer), published_text(answer));
}

}  // namespace fusescape
