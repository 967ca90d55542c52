#include "fusescape/report/optimal_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace fusescape {
namespace {

/// "2,332,408 cycles".
std::string with_unit(const Value& value, const std::string& metric) {
  const std::string_view unit = metric == "latency_cycles" ? " cycles"
                                : metric == "dram_bytes"   ? " B"
                                : metric == "energy_pj"    ? " pJ"
                                                           : " J*s";
  return std::holds_alternative<std::monostate>(value) ? "n/a" : text(value).append(unit);
}

/// "2,000 cycles, 10 less (0.500%)".
std::string against(const Value& value, const Value& before, const std::string& metric) {
  if (std::holds_alternative<std::monostate>(value)) return "no plan runs";
  const double difference = number_of(value) - number_of(before);
  const std::string shown = with_unit(value, metric);
  if (difference == 0.0) return shown + ", the same";
  const auto* whole = std::get_if<std::int64_t>(&value);
  const Value apart =
      whole != nullptr ? Value{static_cast<std::int64_t>(std::abs(difference))} : Value{std::abs(difference)};
  return fmt::format("{}, {} {} ({:.3f}%)", shown, text(apart), difference < 0 ? "less" : "more",
                     100.0 * std::abs(difference) / number_of(before));
}

/// "12,300 cycles of DRAM traffic saved", or "added".
std::string part_text(std::int64_t cycles, std::string_view what, std::string_view gained,
                      std::string_view lost) {
  return fmt::format("{} cycles of {} {}", with_thousands(std::abs(cycles)), what,
                     cycles < 0 ? lost : gained);
}

void add_gap(const GapReport& gap, Lines& lines) {
  std::string line = fmt::format(
      "the gap: {} cycles in which tiles and transfers of a group wait for each other", text(gap.waits));
  const bool is_all = gap.busier == Cycles{};
  lines.push_back({"", is_all ? line : line + ';'});
  if (is_all) return;
  lines.push_back({"", fmt::format("{} by which the busiest resources of {} are busy less, if nothing waited",
                                   text(gap.busier), gap.partition)});
}

}  // namespace

Table trade_off_table(const OptimalReport& optimal) {
  Table table{.columns = {"latency_cycles", "energy_pj", "dram_bytes", "winner"}, .rows = {}};
  for (const TradeOffReport& trade : optimal.trades) {
    table.rows.push_back({trade.latency, trade.energy_pj, trade.moved, trade.winner});
  }
  return table;
}

Record record_of(const OptimalReport& optimal) {
  Record record{{"class", optimal.over},
                {"winner", optimal.winner},
                {"minimize", optimal.minimize},
                {"value", optimal.value},
                {"bound", optimal.bound},
                {"gap", optimal.gap},
                {"gap_parts", Value{}},
                {"physical_limit", optimal.physical},
                {"simulated_latency_cycles", optimal.simulated},
                {"tried", Record{{"groups", optimal.laid_out}, {"strategies", optimal.compared}}}};
  if (optimal.parts) {
    *find_member(record, "gap_parts") = Record{{"waits_cycles", optimal.parts->waits},
                                               {"busier_cycles", optimal.parts->busier},
                                               {"partition_of_bound", optimal.parts->partition}};
  }
  if (!optimal.trades.empty()) record.push_back({"pareto", records_of(trade_off_table(optimal))});
  return record;
}

Findings findings_of(const OptimalExplanation& explanation) {
  const std::string& metric = explanation.minimize;
  Findings found;
  if (const auto& split = explanation.split) {
    found.push_back(
        {"", fmt::format("Over unfused ({} cycles) it gains {}: {}; {}; {}.", with_thousands(split->unfused),
                         with_thousands(split->traffic + split->work + split->overlap),
                         part_text(split->traffic, "DRAM traffic", "saved", "added"),
                         part_text(split->work, "PEs and on-chip ports", "saved", "added"),
                         part_text(split->overlap, "overlap", "gained", "lost"))});
  }
  if (const auto& next = explanation.next) {
    found.push_back(
        {"", fmt::format("The next best plan cuts elsewhere, {} instead of {}: {}; {} cycles and {} B moved, "
                         "against {} and {}.",
                         next->groups, next->instead_of, against(next->value, explanation.value, metric),
                         text(next->latency), text(next->moved), text(explanation.latency),
                         text(explanation.moved))});
  }
  for (const MarginalReport& one : explanation.marginal) {
    found.push_back(
        {"", fmt::format("With {}: {}.", one.change, against(one.value, explanation.value, metric))});
  }
  found.push_back({"", "Each of these was searched again."});
  return found;
}

void add_lines(const OptimalReport& optimal, Lines& lines) {
  lines.push_back({"optimal", fmt::format("plan of {}; {:.1f}% above the bound of {}, {}; physical limit {};",
                                          optimal.winner, 100.0 * optimal.gap,
                                          optimal.whole ? "its class" : "all groups that were laid out",
                                          with_unit(optimal.bound, optimal.minimize),
                                          with_unit(optimal.physical, optimal.minimize))});
  lines.push_back(
      {"", fmt::format("simulated {} cycles; tried {} groups and the plans of {} other strategies",
                       text(optimal.simulated), with_thousands(optimal.laid_out), optimal.compared)});
  if (optimal.parts && optimal.gap > kExplainedGap) add_gap(*optimal.parts, lines);
  lines.push_back({"", fmt::format("over {}", optimal.over)});
}

}  // namespace fusescape
