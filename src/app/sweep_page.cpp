#include "sweep_page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "design_command.hpp"
#include "fusescape/report/document.hpp"
#include "json_tables.hpp"

namespace fusescape {
namespace {

std::string text_of(const OrderedJson& object, std::string_view key) {
  return object.at(std::string{key}).get<std::string>();
}

std::vector<std::string> texts_of(const OrderedJson& object, std::string_view key) {
  return object.at(std::string{key}).get<std::vector<std::string>>();
}

/// Scenario, chosen axes, figures and gains: what the terminal shows.
Table best_table(const OrderedJson& summary) {
  std::vector<OrderedJson> rows;
  for (const OrderedJson& scenario : summary.at("scenarios")) {
    OrderedJson row = OrderedJson::object();
    if (scenario.contains("scenario")) row.update(scenario.at("scenario"));
    if (scenario.at("chosen").is_object()) row.update(scenario.at("chosen"));
    const OrderedJson& best = scenario.at("best");
    for (const char* name : {"array", "onchip_capacity_bytes", "area_mm2", "latency_cycles"}) {
      row[name] = best.is_object() && best.contains(name) ? best.at(name) : OrderedJson(nullptr);
    }
    const std::string minimized = text_of(summary, "minimize");
    row[minimized] = best.is_object() && best.contains(minimized) ? best.at(minimized) : OrderedJson(nullptr);
    row["bound"] = best.is_object() && best.contains("bound") ? best.at("bound") : OrderedJson(nullptr);
    for (const OrderedJson& baseline : scenario.at("baselines")) {
      row[fmt::format("gain over {}", baseline.at("name").get<std::string>())] = baseline.at("gain");
    }
    row["point"] = scenario.at("best_point");
    rows.push_back(std::move(row));
  }
  return table_of_objects(rows);
}

/// "memory_fraction 0.80, strategy optimal".
std::string chosen_text(const OrderedJson& baseline) {
  std::vector<std::string> chosen;
  for (const auto& [axis, value] : baseline.at("chosen").items()) {
    if (value.is_string()) chosen.push_back(axis + " " + value.get<std::string>());
  }
  return fmt::format("{}", fmt::join(chosen, ", "));
}

OrderedJson gain_row(const OrderedJson& scenario, const OrderedJson& baseline) {
  OrderedJson row = OrderedJson::object();
  if (scenario.contains("scenario")) row.update(scenario.at("scenario"));
  row["baseline"] = baseline.at("name");
  row["gain over it"] = baseline.at("gain");
  row["best there"] = chosen_text(baseline);
  for (const char* name :
       {"strategy", "array", "onchip_capacity_bytes", "area_mm2", "latency_cycles", "bound"}) {
    row[name] = baseline.contains(name) ? baseline.at(name) : OrderedJson(nullptr);
  }
  return row;
}

/// By how much the best design is better than each baseline, and what that one chose.
Table gain_table(const OrderedJson& summary) {
  std::vector<OrderedJson> rows;
  for (const OrderedJson& scenario : summary.at("scenarios")) {
    for (const OrderedJson& baseline : scenario.at("baselines")) rows.push_back(gain_row(scenario, baseline));
  }
  return table_of_objects(rows);
}

Table tried_table(const OrderedJson& summary) {
  Table table{.columns = {"axis", "number of values", "values"}, .rows = {}};
  for (const auto& [axis, values] : summary.at("tried").items()) {
    std::vector<std::string> words;
    for (const OrderedJson& value : values)
      words.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    table.rows.push_back(
        {axis, static_cast<std::int64_t>(words.size()), fmt::format("{}", fmt::join(words, ", "))});
  }
  return table;
}

PageSection best_section(const FinishedSweep& sweep) {
  const OrderedJson& summary = sweep.summary.json;
  PageSection section{.title = "Best designs", .paragraphs = {}, .provenance = "modelled"};
  section.paragraphs.push_back(fmt::format("{} on {}: in each scenario, the design with the least {}.",
                                           text_of(summary, "workload"), text_of(summary, "arch"),
                                           text_of(summary, "minimize")));
  section.tables.push_back({"The best design of each scenario", best_table(summary)});
  if (!summary.at("published").empty()) {
    section.tables.push_back({"Published figures, for comparison", table_of_list(summary.at("published"))});
  }
  return section;
}

/// What the best designs are compared with, and the commands that evaluate them.
PageSection baselines_section(const FinishedSweep& sweep) {
  const OrderedJson& scenarios = sweep.summary.json.at("scenarios");
  PageSection section{.title = "Baselines and commands", .provenance = "modelled", .is_open = false};
  Table gains = gain_table(sweep.summary.json);
  if (!gains.rows.empty())
    section.tables.push_back({"The best designs against the baselines", std::move(gains)});
  section.paragraphs = {
      "The commands evaluate the best design of each scenario, in their order. With --json -o FILE, and FILE "
      "given to "
      "report too, the page says why it takes what it takes; so does report --explain for one of them."};
  for (const OrderedJson& scenario : scenarios) {
    if (scenario.at("chosen").is_object())
      section.commands.push_back(
          command_of(sweep.spec, settings_of_design(sweep.spec, labels_of_scenario(scenario))));
  }
  return section;
}

std::string points_sentence(const FinishedSweep& sweep, std::size_t held) {
  const auto counted = [&](const char* key) {
    return with_thousands(sweep.summary.json.at(key).get<std::int64_t>());
  };
  std::string text =
      fmt::format("{} points were priced: {} feasible, {} infeasible, {} failed.", counted("points"),
                  counted("feasible"), counted("infeasible"), counted("failed"));
  const std::size_t all = sweep.points.size() - 1;
  if (held < all) {
    text += fmt::format(
        " This page holds {} of them: every best design, every point of a front, and of the others those "
        "whose numbers a fixed hash puts first. {}/points.csv has all.",
        with_thousands(static_cast<std::int64_t>(held)), sweep.folder);
  }
  return text;
}

PageSection tried_section(const FinishedSweep& sweep, std::size_t held) {
  const OrderedJson& summary = sweep.summary.json;
  PageSection section{.title = "What was tried and assumed", .paragraphs = {points_sentence(sweep, held)}};
  section.list = texts_of(summary, "assumptions");
  for (std::string& note : texts_of(summary, "notes")) section.list.push_back(std::move(note));
  section.list.push_back(fmt::format("data type {}, area table {}", text_of(summary, "dtype"),
                                     summary.at("technology").get<std::string>()));
  section.tables.push_back({"Axes of the designs", tried_table(summary)});
  section.paragraphs.push_back(fmt::format(
      "Priced by fusescape {}, as the command below the tables runs it again.", text_of(summary, "version")));
  section.commands.push_back(fmt::format("fusescape sweep {} --out {}",
                                         shell_word(sweep.folder + "/resolved.yaml"),
                                         shell_word(sweep.folder + "-again")));
  return section;
}

/// Cells that are numbers as such.
Table csv_table(const std::vector<CsvRow>& rows) {
  Table table{.columns = rows.front().cells, .rows = {}};
  for (std::size_t r = 1; r < rows.size(); ++r) {
    std::vector<Value>& row = table.rows.emplace_back();
    for (const std::string& cell : rows[r].cells) row.push_back(value_of_cell(cell));
  }
  return table;
}

OrderedJson table_json(const Table& table) {
  return OrderedJson::parse(json(document_of(table)));
}

}  // namespace

AxisLabels labels_of_scenario(const OrderedJson& scenario) {
  AxisLabels values;
  for (const char* part : {"scenario", "chosen"}) {
    if (!scenario.contains(part) || !scenario.at(part).is_object()) continue;
    for (const auto& [axis, value] : scenario.at(part).items()) {
      if (value.is_string()) values[axis] = value.get<std::string>();
    }
  }
  return values;
}

void add_sweep(const FinishedSweep& sweep, const std::string& key, Page& page, OrderedJson& data) {
  const OrderedJson& summary = sweep.summary.json;
  const std::vector<std::size_t> rows = chosen_rows(sweep);
  const std::vector<std::string> sentences = texts_of(summary, "conclusion");
  page.conclusion.insert(page.conclusion.end(), sentences.begin(), sentences.end());
  page.sections.push_back(best_section(sweep));
  page.sections.push_back(
      {.title = "Design space", .charts = {"space"}, .source = key, .provenance = "modelled"});
  page.sections.push_back(baselines_section(sweep));
  OrderedJson& entry = data["sweeps"][key];
  entry = {{"name", summary.at("sweep")},          {"minimize", summary.at("minimize")},
           {"pareto", summary.at("pareto")},       {"tolerance", summary.at("budget_tolerance")},
           {"scenario_axes", sweep.spec.scenario}, {"scenarios", summary.at("scenarios")},
           {"published", summary.at("published")}, {"command", command_json(sweep.spec)},
           {"points", points_json(sweep, rows)}};
  if (!sweep.sensitivity.empty()) {
    PageSection section{.title = "Sensitivity", .provenance = "modelled"};
    section.paragraphs = {
        "What the answer becomes when one input moves from its low to its high value, the others as they "
        "are."};
    section.charts = {"tornado"};
    section.source = key;
    const Table table = csv_table(sweep.sensitivity);
    entry["sensitivity"] = table_json(table);
    section.tables.push_back({"Sensitivity", table});
    page.sections.push_back(std::move(section));
  }
  page.sections.push_back(tried_section(sweep, rows.size()));
}

}  // namespace fusescape
