#include "fusescape/report/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "fusescape/report/figures.hpp"
#include "json_value.hpp"
#include "null_reasons.hpp"

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
  const std::array<Field, 11> known{
      Field{"strategy", named.name},
      {"latency_cycles", limit.latency.value()},
      {"compute_cycles", limit.compute.value()},
      {"dram_bytes", (limit.dram_read + limit.dram_write).value()},
      {"dram_read_bytes", limit.dram_read.value()},
      {"dram_write_bytes", limit.dram_write.value()},
      {"ops", limit.ops.value()},
      {"bound", std::string{name_of(limit.bound)}},
      {"model", std::string{"bound"}},
      {"reason", std::string{"a bound, not a plan"}},
      {"speedup", reference == nullptr ? Value{}
                                       : Value{static_cast<double>(reference->outcome->cost.latency.value()) /
                                               static_cast<double>(limit.latency.value())}}};
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

/// A column of the text, of falling importance: what does not fit the terminal is left out from the end.
struct Shown {
  std::string_view column;
  std::string_view title;
};
constexpr std::array kShown{Shown{"latency_cycles", "cycles"},
                            Shown{"speedup", "speedup"},
                            Shown{"bound", "bound"},
                            Shown{"dram_bytes", "DRAM bytes"},
                            Shown{"utilization", "PEs busy"},
                            Shown{"latency_ms_per_token", "ms/token"},
                            Shown{"peak_onchip_bytes", "peak bytes"},
                            Shown{"energy_pj_per_token", "mJ/token"}};
/// Of a stack, whose layers have no block in common.
constexpr std::array kShownOfStack{Shown{"latency_ms", "ms"}, Shown{"speedup", "speedup"},
                                   Shown{"latency_ms_per_token", "ms/token"},
                                   Shown{"energy_pj_per_token", "mJ/token"}};

/// Of a prompt with a generation.
constexpr std::array kShownOfGeneration{Shown{"generation_total_ms", "total ms"}, Shown{"speedup", "speedup"},
                                        Shown{"ttft_ms", "ms to first token"},
                                        Shown{"generation_tpot_ms", "ms/token after"},
                                        Shown{"generation_energy_pj", "total mJ"}};

std::span<const Shown> shown_of(const std::vector<EvaluationReport>& reports) {
  if (reports.front().generation) return kShownOfGeneration;
  if (reports.front().layers.size() > 1) return kShownOfStack;
  return kShown;
}

/// Strategies with equal values in all columns that are shown.
struct Line {
  double latency = 0;  ///< What they are sorted by.
  std::vector<std::string> names;
  std::vector<Value> values;
};

Value shown_value(const Field& field) {
  const double* const number = std::get_if<double>(&field.value);
  if (number != nullptr && field.name == "utilization") return fmt::format("{:5.1f}%", 100.0 * *number);
  const bool is_energy = field.name == "energy_pj_per_token" || field.name == "generation_energy_pj";
  if (number != nullptr && is_energy) return *number * kMillijoulesPerPicojoule;
  return field.value;
}

Line line_of(const std::vector<Field>& row, std::span<const Shown> columns) {
  const auto find = [&](std::string_view name) {
    return *std::find_if(row.begin(), row.end(), [&](const Field& field) { return field.name == name; });
  };
  Line line;
  line.names = {std::get<std::string>(find("strategy").value)};
  for (const Shown& shown : columns) line.values.push_back(shown_value(find(shown.column)));
  return line;
}

/// Cycles of one block; of a stack, which has several, of the whole model; of a generation its time in ms.
double latency_of(const EvaluationReport& report) {
  if (report.generation) return *report.generation->total_ms;
  if (report.outcome) return static_cast<double>(report.outcome->cost.latency.value());
  return report.whole ? static_cast<double>(report.whole->sums.latency.value())
                      : std::numeric_limits<double>::infinity();
}

/// The plans that run, fastest first, then the bounds as they are.
std::vector<Line> lines_of(const std::vector<EvaluationReport>& reports,
                           const std::vector<NamedLimit>& limits) {
  const std::vector<std::vector<Field>> rows = comparison_rows(reports, limits);
  const std::span<const Shown> columns = shown_of(reports);
  std::vector<Line> lines;
  for (std::size_t r = 0; r < reports.size(); ++r) {
    if (!reports[r].feasible()) continue;
    Line line = line_of(rows[r], columns);
    line.latency = latency_of(reports[r]);
    const auto same = std::find_if(lines.begin(), lines.end(),
                                   [&](const Line& other) { return other.values == line.values; });
    if (same == lines.end()) {
      lines.push_back(std::move(line));
    } else {
      same->names.push_back(std::move(line.names.front()));
    }
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.latency < b.latency; });
  if (!lines.empty()) lines.front().names.front() = "* " + lines.front().names.front();
  for (std::size_t r = reports.size(); r < rows.size(); ++r) lines.push_back(line_of(rows[r], columns));
  return lines;
}

std::string title_of(const EvaluationReport& report) {
  std::string title = fmt::format("{} on {}", report.subject.workload, report.subject.arch);
  if (!report.generation) return title;
  return fmt::format("{}: a prompt of {} tokens, {} generated", title,
                     with_thousands(report.generation->prompt), with_thousands(report.generation->tokens));
}

constexpr std::size_t kNameWidth = 44;

/// The columns beside the names, which are folded into lines.
std::string table_text(const std::vector<Line>& lines, std::span<const Shown> columns, TextStyle style) {
  Table table{.columns = {"strategy"}, .rows = {}};
  for (const Shown& shown : columns) table.columns.emplace_back(shown.title);
  std::vector<std::vector<std::string>> folded;
  for (const Line& line : lines) {
    folded.push_back(folded_lines(fmt::format("{}", fmt::join(line.names, ", ")), kNameWidth));
    std::vector<Value>& row = table.rows.emplace_back(std::vector<Value>{folded.back().front()});
    row.insert(row.end(), line.values.begin(),
               line.values.begin() + static_cast<std::ptrdiff_t>(columns.size()));
  }
  const std::string whole = text(table, style);
  std::string out;
  std::size_t at = 0;
  for (std::size_t row = 0; row <= lines.size(); ++row) {
    const std::size_t end = whole.find('\n', at) + 1;
    out += whole.substr(at, end - at);
    at = end;
    if (row == 0) continue;
    for (std::size_t i = 1; i < folded[row - 1].size(); ++i) out += "    " + folded[row - 1][i] + '\n';
  }
  return out;
}

std::size_t widest_line(std::string_view text) {
  std::size_t widest = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    widest = std::max(widest, end);
    text.remove_prefix(end + 1);
  }
  return widest;
}

/// `paragraph`, folded if a width is given, with an end of line.
std::string note(std::string_view paragraph, TextStyle style) {
  const std::size_t width = style.width == 0 ? std::numeric_limits<std::size_t>::max() : style.width;
  return fmt::format("{}\n", fmt::join(folded_lines(paragraph, width), "\n"));
}

/// As many columns as the terminal has room for, and which are left out.
std::string fitted_table(const std::vector<Line>& lines, std::span<const Shown> all, TextStyle style) {
  constexpr std::size_t kFewest = 2;
  for (std::size_t count = all.size(); count >= kFewest; --count) {
    const std::span<const Shown> columns = all.first(count);
    const bool fits = style.width == 0 || widest_line(table_text(lines, columns, TextStyle{})) <= style.width;
    if (!fits && count > kFewest) continue;
    std::vector<std::string_view> hidden;
    for (const Shown& shown : all.subspan(count)) hidden.push_back(shown.title);
    std::string table = table_text(lines, columns, style);
    if (hidden.empty()) return table;
    return table + note(fmt::format("(no room for {}; --csv has them)", fmt::join(hidden, ", ")), style);
  }
  return "";
}

}  // namespace

Table comparison_table(const std::vector<EvaluationReport>& reports, const std::vector<NamedLimit>& limits) {
  return table_of(comparison_rows(reports, limits));
}

std::string comparison_json(const std::vector<EvaluationReport>& reports,
                            const std::vector<NamedLimit>& limits) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const std::vector<Field>& fields : comparison_rows(reports, limits))
    rows.push_back(json_object(fields));
  for (std::size_t r = 0; r < reports.size(); ++r) {
    add_null_reasons(reports[r], rows[r]);
    rows[r]["assumptions"] = reports[r].subject.assumptions;
  }
  return json_text(rows, 2) + '\n';
}

std::string comparison_text(const std::vector<EvaluationReport>& reports,
                            const std::vector<NamedLimit>& limits, TextStyle style) {
  const Subject& subject = reports.front().subject;
  std::vector<std::string> assumptions;
  for (const EvaluationReport& report : reports) {
    for (const std::string& line : report.subject.assumptions) {
      if (std::find(assumptions.begin(), assumptions.end(), line) == assumptions.end())
        assumptions.push_back(line);
    }
  }
  std::string out = fmt::format("{}\n\n{}", bold(title_of(reports.front()), style),
                                fitted_table(lines_of(reports, limits), shown_of(reports), style));
  const EvaluationReport* reference = first_feasible(reports);
  if (reference != nullptr) {
    out += note(
        fmt::format("* the fastest; speed-ups are over {}{}", reference->subject.strategy,
                    limits.empty() ? "" : "; ideal and alg-min are bounds, not plans (docs/model/limits.md)"),
        style);
  }
  for (const EvaluationReport& report : reports) {
    if (report.feasible()) continue;
    out += '\n' + note(fmt::format("{} is infeasible: {}", report.subject.strategy, report.reason), style);
  }
  return out + '\n' +
         note(fmt::format("modelled{}, assuming: {}", subject.model == "sim" ? " by simulation" : "",
                          fmt::join(assumptions, "; ")),
              style);
}

}  // namespace fusescape
