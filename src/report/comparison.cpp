#include "fusescape/report/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "fusescape/report/figures.hpp"

namespace fusescape {
namespace {

Value speedup_of(const EvaluationReport& report, const EvaluationReport* reference) {
  if (!report.feasible() || reference == nullptr) return {};
  const std::string_view time = report.generation ? "generation_total_ms"
                                : report.outcome  ? "latency_s"
                                                  : "latency_ms";
  if (!report.figure(time) || !reference->figure(time)) return {};
  return ratio(*reference->figure(time), *report.figure(time));
}

const EvaluationReport* first_feasible(const std::vector<EvaluationReport>& reports) {
  const auto found = std::find_if(reports.begin(), reports.end(),
                                  [](const EvaluationReport& report) { return report.feasible(); });
  return found == reports.end() ? nullptr : &*found;
}

/// What a bound shares with the plans that it bounds: the question.
bool is_of_the_question(std::string_view field) {
  constexpr std::array<std::string_view, 9> kShared{"workload", "arch",   "technology", "phase",  "dtype",
                                                    "n_layer",  "params", "provenance", "version"};
  const Metric* metric = find_metric(field);
  return field.substr(0, 6) == "ranks." || (metric != nullptr && metric->of == MetricOf::kDesign) ||
         std::find(kShared.begin(), kShared.end(), field) != kShared.end();
}

std::vector<Field> row_of(const NamedLimit& named, std::vector<Field> row,
                          const EvaluationReport* reference) {
  const Limit& limit = named.limit;
  const auto faster = [&] {
    return static_cast<double>(reference->outcome->cost.latency.value()) /
           static_cast<double>(limit.latency.value());
  };
  const std::array<Field, 11> known{Field{"strategy", named.name},
                                    {"latency_cycles", limit.latency},
                                    {"compute_cycles", limit.compute},
                                    {"dram_bytes", limit.dram_read + limit.dram_write},
                                    {"dram_read_bytes", limit.dram_read},
                                    {"dram_write_bytes", limit.dram_write},
                                    {"ops", limit.ops},
                                    {"bound", name_of(limit.bound)},
                                    {"model", "bound"},
                                    {"reason", "a bound, not a plan"},
                                    {"speedup", reference == nullptr ? Value{} : Value{faster()}}};
  for (Field& field : row) {
    if (is_of_the_question(field.name)) continue;
    const auto* const found =
        std::find_if(known.begin(), known.end(), [&](const Field& k) { return k.name == field.name; });
    field.value = found == known.end() ? Value{} : found->value;
  }
  return row;
}

/// Where one strategy reads entropies, rows of others say that they have none.
void add_entropies(const std::vector<EvaluationReport>& reports, std::vector<std::vector<Field>>& rows) {
  const auto reads = [](const EvaluationReport& report) { return !report.subject.entropy.empty(); };
  const auto one = std::find_if(reports.begin(), reports.end(), reads);
  if (one == reports.end()) return;
  const std::vector<Field>& like = rows[static_cast<std::size_t>(one - reports.begin())];
  const auto at = std::find_if(like.begin(), like.end(), [](const Field& f) { return f.name == "entropy"; });
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (!reads(reports[r])) rows[r].insert(rows[r].begin() + (at - like.begin()), {"entropy", Value{}});
  }
}

std::vector<std::vector<Field>> comparison_rows(const std::vector<EvaluationReport>& reports,
                                                const std::vector<NamedLimit>& limits) {
  const EvaluationReport* reference = first_feasible(reports);
  std::vector<std::vector<Field>> rows;
  for (const EvaluationReport& report : reports) {
    rows.push_back(fields_of(report));
    rows.back().push_back({"speedup", speedup_of(report, reference)});
  }
  add_entropies(reports, rows);
  for (const NamedLimit& limit : limits) rows.push_back(row_of(limit, rows.front(), reference));
  return rows;
}

/// Columns of falling importance: what does not fit the terminal is left out from the end.
constexpr std::array kShown{Shown{"latency_cycles", "cycles"},
                            Shown{"speedup", "speedup"},
                            Shown{"bound", "bound"},
                            Shown{"dram_bytes", "DRAM bytes"},
                            Shown{"utilization", "PEs busy", ShownAs::kPercent},
                            Shown{"latency_ms_per_token", "ms/token"},
                            Shown{"peak_onchip_bytes", "peak bytes"},
                            Shown{"energy_pj_per_token", "mJ/token", ShownAs::kMillijoules}};
/// Of a stack, whose layers have no block in common.
constexpr std::array kShownOfStack{Shown{"latency_ms", "ms"}, Shown{"speedup", "speedup"},
                                   Shown{"latency_ms_per_token", "ms/token"},
                                   Shown{"energy_pj_per_token", "mJ/token", ShownAs::kMillijoules}};

/// Of a prompt with a generation.
constexpr std::array kShownOfGeneration{Shown{"generation_total_ms", "total ms"}, Shown{"speedup", "speedup"},
                                        Shown{"ttft_ms", "ms to first token"},
                                        Shown{"generation_tpot_ms", "ms/token after"},
                                        Shown{"generation_energy_pj", "total mJ", ShownAs::kMillijoules}};

std::span<const Shown> shown_of(const std::vector<EvaluationReport>& reports) {
  if (reports.front().generation) return kShownOfGeneration;
  if (reports.front().layers.size() > 1) return kShownOfStack;
  return kShown;
}

/// Cycles of one block; of a stack, which has several, of the whole model; of a generation its time in ms.
double latency_of(const EvaluationReport& report) {
  if (report.generation) return *report.generation->total_ms;
  if (report.outcome) return static_cast<double>(report.outcome->cost.latency.value());
  return report.whole ? static_cast<double>(report.whole->sums.latency.value())
                      : std::numeric_limits<double>::infinity();
}

/// The strategies whose values in all columns are equal.
struct Equals {
  double latency = 0;  ///< What they are sorted by.
  std::vector<std::string> names;
  std::vector<Value> values;
};

/// The plans that run, fastest first, then the bounds as they are: a row each of the columns that are shown.
Table sorted_table(const std::vector<EvaluationReport>& reports, const std::vector<Record>& records) {
  Table table = shown_table(records, shown_of(reports));
  std::vector<Equals> lines;
  for (std::size_t r = 0; r < reports.size(); ++r) {
    if (!reports[r].feasible()) continue;
    const auto same = std::find_if(lines.begin(), lines.end(),
                                   [&](const Equals& other) { return other.values == table.rows[r]; });
    if (same == lines.end()) {
      lines.push_back({latency_of(reports[r]), {reports[r].subject.strategy}, std::move(table.rows[r])});
    } else {
      same->names.push_back(reports[r].subject.strategy);
    }
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Equals& a, const Equals& b) { return a.latency < b.latency; });
  if (!lines.empty()) lines.front().names.front() = "* " + lines.front().names.front();
  for (std::size_t r = reports.size(); r < records.size(); ++r) {
    const Value name = value_at(records[r], "strategy");
    lines.push_back({0, {std::get<std::string>(name)}, std::move(table.rows[r])});
  }
  table.columns.insert(table.columns.begin(), "strategy");
  table.rows.clear();
  for (Equals& line : lines) {
    line.values.insert(line.values.begin(), fmt::format("{}", fmt::join(line.names, ", ")));
    table.rows.push_back(std::move(line.values));
  }
  return table;
}

std::string title_of(const EvaluationReport& report) {
  std::string title = fmt::format("{} on {}", report.subject.workload, report.subject.arch);
  if (!report.generation) return title;
  return fmt::format("{}: a prompt of {} tokens, {} generated", title,
                     with_thousands(report.generation->prompt), with_thousands(report.generation->tokens));
}

/// Of all reports, each once.
std::vector<std::string> assumptions_of(const std::vector<EvaluationReport>& reports) {
  std::vector<std::string> assumptions;
  for (const EvaluationReport& report : reports) {
    for (const std::string& line : report.subject.assumptions) {
      if (std::find(assumptions.begin(), assumptions.end(), line) == assumptions.end())
        assumptions.push_back(line);
    }
  }
  return assumptions;
}

}  // namespace

Document document_of(const std::vector<EvaluationReport>& reports, const std::vector<NamedLimit>& limits) {
  const std::vector<std::vector<Field>> rows = comparison_rows(reports, limits);
  std::vector<Record> records;
  records.reserve(rows.size());
  for (const std::vector<Field>& row : rows) records.push_back(record_of(row));
  Grid grid{.table = sorted_table(reports, records), .fits_terminal = true};
  if (const EvaluationReport* reference = first_feasible(reports)) {
    grid.notes.push_back(fmt::format(
        "* the fastest; speed-ups are over {}{}", reference->subject.strategy,
        limits.empty() ? "" : "; ideal and alg-min are bounds, not plans (docs/model/limits.md)"));
  }
  Document document{
      .title = title_of(reports.front()), .sections = {std::move(grid)}, .rows = table_of(rows)};
  for (std::size_t r = 0; r < reports.size(); ++r) {
    const EvaluationReport& report = reports[r];
    add_null_reasons(report, records[r]);
    records[r].push_back({"assumptions", report.subject.assumptions});
    if (report.feasible()) continue;
    document.sections.emplace_back(
        Paragraph{fmt::format("{} is infeasible: {}", report.subject.strategy, report.reason)});
  }
  document.sections.emplace_back(
      Paragraph{assumptions_text(reports.front().subject, assumptions_of(reports))});
  document.data = records;
  return document;
}

}  // namespace fusescape
