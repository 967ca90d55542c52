#include "fusescape/report/optimal_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "json_value.hpp"
#include "optimal_json.hpp"

namespace fusescape {
namespace {

using Json = nlohmann::ordered_json;

/// "2,332,408 cycles".
std::string with_unit(const Value& value, const std::string& metric) {
  const std::string_view unit = metric == "latency_cycles" ? " cycles"
                                : metric == "dram_bytes"   ? " B"
                                : metric == "energy_pj"    ? " pJ"
                                                           : " J*s";
  return std::holds_alternative<std::monostate>(value) ? "n/a" : text(value).append(unit);
}

double number(const Value& value) {
  const auto* whole = std::get_if<std::int64_t>(&value);
  return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value);
}

/// "2,000 cycles, 10 less (0.500%)".
std::string against(const Value& value, const Value& before, const std::string& metric) {
  if (std::holds_alternative<std::monostate>(value)) return "no plan runs";
  const double difference = number(value) - number(before);
  const std::string shown = with_unit(value, metric);
  if (difference == 0.0) return shown + ", the same";
  const auto* whole = std::get_if<std::int64_t>(&value);
  const Value apart =
      whole != nullptr ? Value{static_cast<std::int64_t>(std::abs(difference))} : Value{std::abs(difference)};
  return fmt::format("{}, {} {} ({:.3f}%)", shown, text(apart), difference < 0 ? "less" : "more",
                     100.0 * std::abs(difference) / number(before));
}

/// "12,300 cycles of DRAM traffic saved", or "added".
std::string part_text(std::int64_t cycles, std::string_view what, std::string_view gained,
                      std::string_view lost) {
  return fmt::format("{} cycles of {} {}", with_thousands(std::abs(cycles)), what,
                     cycles < 0 ? lost : gained);
}

std::string gap_text(const GapReport& gap) {
  std::string line =
      fmt::format("        the gap: {} cycles in which tiles and transfers of a group wait for each other",
                  with_thousands(gap.waits.value()));
  if (gap.busier == Cycles{}) return line + '\n';
  return line +
         fmt::format(";\n        {} by which the busiest resources of {} are busy less, if nothing waited\n",
                     with_thousands(gap.busier.value()), gap.partition);
}

Json trade_json(const TradeOffReport& trade) {
  return {{"latency_cycles", trade.latency.value()},
          {"energy_pj", trade.energy_pj},
          {"dram_bytes", trade.moved.value()},
          {"winner", trade.winner}};
}

}  // namespace

Table trade_off_table(const OptimalReport& optimal) {
  Table table{.columns = {"latency_cycles", "energy_pj", "dram_bytes", "winner"}, .rows = {}};
  for (const TradeOffReport& trade : optimal.trades) {
    table.rows.push_back({trade.latency.value(), trade.energy_pj, trade.moved.value(), trade.winner});
  }
  return table;
}

nlohmann::ordered_json optimal_json(const OptimalReport& optimal) {
  Json object{
      {"class", optimal.over},
      {"winner", optimal.winner},
      {"minimize", optimal.minimize},
      {"value", json_value(optimal.value)},
      {"bound", json_value(optimal.bound)},
      {"gap", optimal.gap},
      {"gap_parts", nullptr},
      {"physical_limit", json_value(optimal.physical)},
      {"simulated_latency_cycles", optimal.simulated ? Json(optimal.simulated->value()) : Json(nullptr)},
      {"tried", {{"groups", optimal.laid_out}, {"strategies", optimal.compared}}}};
  if (optimal.parts) {
    object["gap_parts"] = {{"waits_cycles", optimal.parts->waits.value()},
                           {"busier_cycles", optimal.parts->busier.value()},
                           {"partition_of_bound", optimal.parts->partition}};
  }
  if (optimal.trades.empty()) return object;
  object["pareto"] = Json::array();
  for (const TradeOffReport& trade : optimal.trades) object["pareto"].push_back(trade_json(trade));
  return object;
}

std::string optimal_explanation_text(const OptimalExplanation& explanation) {
  const std::string& metric = explanation.minimize;
  std::string out;
  if (const auto& split = explanation.split) {
    out += fmt::format("Over unfused ({} cycles) it gains {}: {}; {}; {}.\n", with_thousands(split->unfused),
                       with_thousands(split->traffic + split->work + split->overlap),
                       part_text(split->traffic, "DRAM traffic", "saved", "added"),
                       part_text(split->work, "PEs and on-chip ports", "saved", "added"),
                       part_text(split->overlap, "overlap", "gained", "lost"));
  }
  if (const auto& next = explanation.next) {
    out += fmt::format(
        "The next best plan cuts elsewhere, {} instead of {}: {}; {} cycles and {} B moved, "
        "against {} and {}.\n",
        next->groups, next->instead_of, against(next->value, explanation.value, metric),
        with_thousands(next->latency.value()), with_thousands(next->moved.value()),
        with_thousands(explanation.latency.value()), with_thousands(explanation.moved.value()));
  }
  for (const MarginalReport& one : explanation.marginal) {
    out += fmt::format("With {}: {}.\n", one.change, against(one.value, explanation.value, metric));
  }
  return out + "Each of these was searched again.\n";
}

std::string optimal_text(const OptimalReport& optimal, TextStyle style) {
  std::string out = fmt::format(
      "optimal plan of {}; {:.1f}% above the bound of its class, {}; physical limit {};\n"
      "        simulated {} cycles; tried {} groups and the plans of {} other strategies\n",
      optimal.winner, 100.0 * optimal.gap, with_unit(optimal.bound, optimal.minimize),
      with_unit(optimal.physical, optimal.minimize),
      optimal.simulated ? with_thousands(optimal.simulated->value()) : "n/a",
      with_thousands(optimal.laid_out), optimal.compared);
  if (optimal.parts && optimal.gap > kExplainedGap) out += gap_text(*optimal.parts);
  out += fmt::format("        over {}\n", optimal.over);
  if (optimal.trades.empty()) return out;
  return out + fmt::format("\nPlans that none beats in both latency and energy:\n{}",
                           text(trade_off_table(optimal), style));
}

}  // namespace fusescape
