// What is the answer of a sweep, on one screen?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/figures.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "sweep_words.hpp"

namespace fusescape {
namespace {

constexpr double kMebi = 1024.0 * 1024.0;

std::string mebibytes(Bytes bytes) {
  return fmt::format("{:.4g}", static_cast<double>(bytes.value()) / kMebi);
}

Bytes sram_of(const DesignFigures& figures) {
  return Bytes{std::get<std::int64_t>(figures.figure("onchip_capacity_bytes")->number)};
}

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

/// What the `cycles` column does not show has a column of its own.
bool minimizes_cycles(const SweepAnswer& answer) {
  return answer.minimize == "latency_cycles";
}

std::string gain_text(const std::optional<double>& gain) {
  return gain ? fmt::format("{:.2f}x", *gain) : "n/a";
}

/// Per scenario: what was chosen, and what it comes to.
Table design_table(const SweepAnswer& answer) {
  Table table{.columns = answer.scenario_axes, .rows = {}};
  for (const TriedAxis& axis : answer.tried) table.columns.push_back(axis.name);
  for (const char* column : {"array", "SRAM MiB", "cycles", "bound"}) table.columns.emplace_back(column);
  if (!minimizes_cycles(answer)) table.columns.push_back(minimized_title(answer));
  for (const ScenarioAnswer& scenario : answer.scenarios) {
    std::vector<Value>& row = table.rows.emplace_back();
    for (const std::string& value : scenario.values) row.emplace_back(value);
    if (!scenario.best) {
      row.resize(table.columns.size());
      continue;
    }
    for (const std::string& value : scenario.chosen) row.emplace_back(value);
    const DesignFigures& best = scenario.figures;
    row.insert(row.end(),
               {array_text(best), mebibytes(sram_of(best)), value_of(best.figure("latency_cycles")),
                best.bound ? Value{std::string{name_of(*best.bound)}} : Value{}});
    if (!minimizes_cycles(answer)) row.push_back(minimized_value(answer, best));
  }
  return table;
}

/// The SRAM of all designs that are nearly as good as the best one.
std::string near_text(const NearBest& near) {
  if (near.least_sram == near.most_sram) return mebibytes(near.least_sram);
  return fmt::format("{}-{}", mebibytes(near.least_sram), mebibytes(near.most_sram));
}

/// The first baseline that refines another stands beside that one: what the choice gains there, so that the
/// two gains are apart. Other baselines stand beside the best design.
std::optional<std::size_t> first_refining(const std::vector<AnsweredBaseline>& baselines) {
  for (std::size_t b = 0; b < baselines.size(); ++b) {
    if (baselines[b].refines) return b;
  }
  return std::nullopt;
}

std::vector<std::string> gain_columns(const SweepAnswer& answer) {
  std::vector<std::string> columns = answer.scenario_axes;
  const auto refining = first_refining(answer.baselines);
  for (std::size_t b = 0; b < answer.baselines.size(); ++b) {
    const AnsweredBaseline& baseline = answer.baselines[b];
    columns.push_back(b == refining
                          ? fmt::format("{} vs {}", answer.baselines[*baseline.refines].name, baseline.name)
                          : fmt::format("vs {}", baseline.name));
    if (!baseline.open.empty()) columns.push_back("best on " + baseline.name);
  }
  columns.emplace_back("near MiB");
  return columns;
}

/// Per scenario: by how much the best design is better than each baseline, and how much the choice matters.
Table gain_table(const SweepAnswer& answer) {
  Table table{.columns = gain_columns(answer), .rows = {}};
  const auto refining = first_refining(answer.baselines);
  for (const ScenarioAnswer& scenario : answer.scenarios) {
    std::vector<Value>& row = table.rows.emplace_back();
    for (const std::string& value : scenario.values) row.emplace_back(value);
    for (std::size_t b = 0; b < scenario.comparisons.size(); ++b) {
      const Comparison& comparison = scenario.comparisons[b];
      row.emplace_back(gain_text(b == refining ? comparison.choice_gain : comparison.gain));
      if (!answer.baselines[b].open.empty())
        row.emplace_back(fmt::format("{}", fmt::join(comparison.chosen, ", ")));
    }
    row.push_back(scenario.best ? Value{near_text(scenario.near)} : Value{});
  }
  return table;
}

/// What the gains are over. A baseline's silicon may depend on the scenario: the first one's is shown.
void add_baselines(const SweepAnswer& answer, Findings& found) {
  for (std::size_t b = 0; b < answer.baselines.size() && !answer.scenarios.empty(); ++b) {
    const AnsweredBaseline& baseline = answer.baselines[b];
    const DesignFigures& design = answer.scenarios.front().comparisons[b].figures;
    const std::string under =
        baseline.open.empty()
            ? std::string{design.strategy}
            : fmt::format("the best {} of {}", fmt::join(baseline.open, " and "), baseline.designs);
    const MetricValue& area = design.figure("area_mm2");
    found.push_back(
        {baseline.name, fmt::format("{} PEs as {}, {} of SRAM{}, {}", text(value_of(design.figure("pes"))),
                                    array_text(design), short_bytes(sram_of(design).value()),
                                    area ? fmt::format(", {:.1f} mm2", magnitude(*area)) : "", under)});
  }
}

void add_tried(const SweepAnswer& answer, Findings& found) {
  for (const TriedAxis& axis : answer.tried) {
    found.push_back(
        {"tried", fmt::format("{} of {}: {}", axis.values.size(), axis.name, fmt::join(axis.values, ", "))});
  }
}

void add_assumptions(const SweepAnswer& answer, Findings& found) {
  for (const std::string& line : answer.assumptions) found.push_back({"", line});
  for (const std::string& line : answer.notes) found.push_back({"", line});
  std::string modelled = fmt::format("data type {}, area table {}", answer.dtype,
                                     answer.technology.empty() ? "none" : answer.technology);
  if (!answer.scenarios.empty() && answer.scenarios.front().budget) {
    modelled += fmt::format(", budget {:.1f} mm2 (+{:.1f}%)", answer.scenarios.front().budget->value(),
                            100.0 * answer.tolerance);
  }
  const SweepCounts& counts = answer.counts;
  const std::size_t points = counts.feasible + counts.infeasible + counts.failed + counts.skipped;
  found.push_back({"modelled", fmt::format("{}; {} points: {} feasible, {} infeasible, {} failed", modelled,
                                           points, counts.feasible, counts.infeasible, counts.failed)});
}

void add_published(const SweepAnswer& answer, Findings& found) {
  for (const PublishedFigure& figure : answer.published) {
    found.push_back({"published", fmt::format("{}x, {}; beside 'vs {}' ({}){}", figure.value, figure.name,
                                              figure.baseline, figure.source,
                                              figure.note.empty() ? "" : fmt::format("; {}", figure.note))});
  }
}

}  // namespace

std::string array_text(const DesignFigures& figures) {
  const auto side = [&](std::string_view name) { return text(value_of(figures.figure(name))); };
  const std::string shape = fmt::format("{}x{}", side("rows"), side("cols"));
  return figures.cores > 1 ? fmt::format("{} of {}", figures.cores, shape) : shape;
}

namespace {

/// Of what the minimised figure is: "per block and ", "of the whole model, " or, of a design, nothing.
std::string_view scope_of(const SweepAnswer& answer) {
  switch (find_metric(answer.minimize)->of) {
    case MetricOf::kBlock:
      return "per block and ";
    case MetricOf::kModel:
      return "of the whole model and ";
    case MetricOf::kDesign:
      break;
  }
  return "";
}

}  // namespace

Document document_of(const SweepAnswer& answer) {
  Document document;
  Findings concluded;
  for (std::string& sentence : conclusion(answer)) concluded.push_back({"", std::move(sentence)});
  if (!concluded.empty()) document.sections.emplace_back(std::move(concluded));
  document.sections.emplace_back(
      Heading{fmt::format("{} on {}: the design with the least {}, {}modelled", answer.model, answer.arch,
                          answer.minimize, scope_of(answer))});
  document.sections.emplace_back(Grid{.table = design_table(answer)});
  if (!answer.baselines.empty()) {
    document.sections.emplace_back(
        Grid{.table = gain_table(answer),
             .notes = {fmt::format("near: the SRAM of all designs within {:.0f}% of the best",
                                   100.0 * kNearBest)}});
  }
  Findings about;
  add_baselines(answer, about);
  add_tried(answer, about);
  add_assumptions(answer, about);
  add_published(answer, about);
  document.sections.emplace_back(std::move(about));
  return document;
}

}  // namespace fusescape
