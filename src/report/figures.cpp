#include "fusescape/report/figures.hpp"

#include <fmt/format.h>

#include "fusescape/support/contract.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {

Value value_of(const MetricValue& figure) {
  if (!figure) return {};
  return std::visit(overloaded{[](std::int64_t number) { return Value{number}; },
                               [](double number) { return Value{number}; },
                               [](Unlimited) { return Value{std::string{"unlimited"}}; }},
                    figure->number);
}

std::vector<MetricValue> figures_of(const Evaluated& evaluated) {
  std::vector<MetricValue> figures;
  figures.reserve(metrics().size());
  for (const Metric& metric : metrics()) figures.push_back(metric.value(evaluated));
  return figures;
}

const MetricValue& figure_named(const std::vector<MetricValue>& figures, std::string_view name) {
  const Metric* metric = find_metric(name);
  FUSESCAPE_EXPECTS(metric != nullptr && figures.size() == metrics().size());
  return figures[static_cast<std::size_t>(metric - metrics().data())];
}

std::vector<Field> whole_fields(const WholeModel* sums, std::optional<double> energy_pj) {
  const auto sum = [&](auto get) { return sums == nullptr ? Value{} : Value{get(*sums)}; };
  return {{"whole_latency_cycles", sum([](const WholeModel& whole) { return whole.latency; })},
          {"whole_dram_bytes", sum([](const WholeModel& whole) { return whole.dram(); })},
          {"whole_ops", sum([](const WholeModel& whole) { return whole.ops; })},
          {"whole_energy_pj", energy_pj}};
}

Table metric_table() {
  Table table{.columns = {"name", "unit", "of", "better", "meaning"}, .rows = {}};
  for (const Metric& metric : metrics()) {
    table.rows.push_back(
        {metric.name, metric.unit, name_of(metric.of), name_of(metric.better), metric.meaning});
  }
  return table;
}

std::string width_text(BitsPerCycle width) {
  constexpr std::int64_t kBitsPerByte = 8;
  if (width.unlimited()) return "unlimited";
  return width.value % kBitsPerByte == 0 ? fmt::format("{} B/cycle", width.value / kBitsPerByte)
                                         : fmt::format("{} bit/cycle", width.value);
}

std::string energy_text(const MetricValue& picojoules) {
  if (!picojoules) return fmt::format("n/a ({})", picojoules.error());
  return fmt::format("{} mJ", text(Value{magnitude(*picojoules) * kMillijoulesPerPicojoule}));
}

}  // namespace fusescape
