#include "fusescape/report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "json_value.hpp"

namespace fusescape {
namespace {

Value speedup_of(const EvaluationReport& report, const EvaluationReport* reference) {
  if (!report.outcome || reference == nullptr) return {};
  return static_cast<double>(reference->outcome->latency.value()) /
         static_cast<double>(report.outcome->latency.value());
}

const EvaluationReport* first_feasible(const std::vector<EvaluationReport>& reports) {
  const auto found = std::find_if(reports.begin(), reports.end(),
                                  [](const EvaluationReport& report) { return report.outcome.has_value(); });
  return found == reports.end() ? nullptr : &*found;
}

std::vector<std::vector<Field>> comparison_rows(const std::vector<EvaluationReport>& reports) {
  const EvaluationReport* reference = first_feasible(reports);
  std::vector<std::vector<Field>> rows;
  for (const EvaluationReport& report : reports) {
    rows.push_back(fields_of(report));
    rows.back().push_back({"speedup", speedup_of(report, reference)});
  }
  return rows;
}

}  // namespace

Table comparison_table(const std::vector<EvaluationReport>& reports) {
  return table_of(comparison_rows(reports));
}

std::string comparison_json(const std::vector<EvaluationReport>& reports) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const std::vector<Field>& fields : comparison_rows(reports)) rows.push_back(json_object(fields));
  for (std::size_t r = 0; r < reports.size(); ++r) rows[r]["assumptions"] = reports[r].subject.assumptions;
  return rows.dump(2) + '\n';
}

std::string comparison_text(const std::vector<EvaluationReport>& reports, TextStyle style) {
  const Table all = comparison_table(reports);
  const std::vector<std::pair<std::string, std::string>> shown{{"strategy", "strategy"},
                                                               {"latency_cycles", "cycles"},
                                                               {"speedup", "speedup"},
                                                               {"latency_ms_per_token", "ms/token"},
                                                               {"bound", "bound"},
                                                               {"utilization", "PEs busy"},
                                                               {"dram_bytes", "DRAM bytes"},
                                                               {"peak_onchip_bytes", "peak bytes"},
                                                               {"energy_pj_per_token", "pJ/token"}};
  Table table;
  table.rows.resize(all.rows.size());
  for (const auto& [column, title] : shown) {
    const auto position =
        std::distance(all.columns.begin(), std::find(all.columns.begin(), all.columns.end(), column));
    table.columns.push_back(title);
    for (std::size_t r = 0; r < all.rows.size(); ++r) {
      table.rows[r].push_back(all.rows[r][static_cast<std::size_t>(position)]);
    }
  }
  const Subject& subject = reports.front().subject;
  std::vector<std::string> assumptions;
  for (const EvaluationReport& report : reports) {
    for (const std::string& line : report.subject.assumptions) {
      if (std::find(assumptions.begin(), assumptions.end(), line) == assumptions.end())
        assumptions.push_back(line);
    }
  }
  std::string out = fmt::format(
      "{}\n\n{}", bold(fmt::format("{} on {}", subject.workload, subject.arch), style), text(table, style));
  for (const EvaluationReport& report : reports) {
    if (!report.outcome)
      out += fmt::format("\n{} is infeasible: {}\n", report.subject.strategy, report.reason);
  }
  return out + fmt::format("\nmodelled{}, assuming: {}\n", subject.model == "sim" ? " by simulation" : "",
                           fmt::join(assumptions, "; "));
}

}  // namespace fusescape
