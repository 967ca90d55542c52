// How does what a profiler measured stand beside what a group is modelled to take?
#include <array>

#include "fusescape/report/evaluation.hpp"

namespace fusescape {
namespace {

/// One figure of a group or of all: what the model says, and what was measured.
struct Pair {
  Value modelled;
  Value measured;

  [[nodiscard]] Value ratio() const {
    if (measured.index() == 0 || number_of(modelled) == 0.0) return {};
    return number_of(measured) / number_of(modelled);
  }
  void add(const Pair& other) {
    modelled = sum(modelled, other.modelled);
    measured = measured.index() == 0 || other.measured.index() == 0 ? Value{} : sum(measured, other.measured);
  }

 private:
  static Value sum(const Value& a, const Value& b) {
    const auto* whole = std::get_if<std::int64_t>(&a);
    return whole == nullptr ? Value{number_of(a) + number_of(b)} : Value{*whole + std::get<std::int64_t>(b)};
  }
};

constexpr std::array<std::string_view, 3> kFigures{"time_us", "dram_read_bytes", "dram_write_bytes"};
using Pairs = std::array<Pair, kFigures.size()>;

/// Parallel to kFigures.
Pairs pairs_of(const GroupReport& group, Hertz clock) {
  constexpr double kMicrosecondsPerSecond = 1e6;
  const MeasuredGroup& measured = *group.measured;
  return {Pair{duration(group.latency, clock).value() * kMicrosecondsPerSecond, measured.time_us},
          Pair{group.dram_read, measured.dram_read}, Pair{group.dram_write, measured.dram_write}};
}

std::vector<Value> row_of(std::string name, const Pairs& pairs) {
  std::vector<Value> row{std::move(name)};
  for (const Pair& pair : pairs) row.insert(row.end(), {pair.modelled, pair.measured, pair.ratio()});
  return row;
}

}  // namespace

void add_measured(const GroupReport& group, Hertz clock, Record& record) {
  if (!group.measured) return;
  const Pairs pairs = pairs_of(group, clock);
  Record measured;
  Record ratio;
  for (std::size_t i = 0; i < kFigures.size(); ++i) {
    measured.push_back({std::string{kFigures[i]}, pairs[i].measured});
    ratio.push_back({std::string{kFigures[i]}, pairs[i].ratio()});
  }
  append(record, {{"measured", std::move(measured)}, {"ratio", std::move(ratio)}});
}

Table measured_table(const EvaluationReport& report) {
  Table table{.columns = {"group"}, .rows = {}};
  for (const std::string_view figure : kFigures) {
    const std::string name{figure};
    table.columns.insert(table.columns.end(), {name, "measured_" + name, "ratio_" + name});
  }
  const Hertz clock{magnitude(*report.figure("clock_hz"))};
  std::optional<Pairs> all;
  for (const GroupReport& group : report.outcome->groups) {
    const Pairs pairs = pairs_of(group, clock);
    table.rows.push_back(row_of(group.name, pairs));
    for (std::size_t i = 0; all && i < pairs.size(); ++i) (*all)[i].add(pairs[i]);
    if (!all) all = pairs;
  }
  if (all) table.rows.push_back(row_of("all", *all));
  return table;
}

}  // namespace fusescape
