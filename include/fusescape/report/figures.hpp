// How do the figures of the metrics table look in a report? (cost/metrics.hpp)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/report/table.hpp"

namespace fusescape {

/// Empty where the figure is null; the word `unlimited` where it has no limit.
[[nodiscard]] Value value_of(const MetricValue& figure);

/// All figures, parallel to metrics().
[[nodiscard]] std::vector<MetricValue> figures_of(const Evaluated& evaluated);

/// The one of this name among figures_of. Expects a name of metrics().
[[nodiscard]] const MetricValue& figure_named(const std::vector<MetricValue>& figures, std::string_view name);

/// Sums over a whole model as fields: whole_latency_cycles, whole_dram_bytes, whole_ops, whole_energy_pj.
/// Empty where there is no sum; `sums` may be null.
[[nodiscard]] std::vector<Field> whole_fields(const WholeModel* sums, std::optional<double> energy_pj);

/// One row per metric: name, unit, of (block | model | design), better (less | more), meaning.
[[nodiscard]] Table metric_table();

/// "256 B/cycle", "12 bit/cycle" if those are no whole bytes, or "unlimited".
[[nodiscard]] std::string width_text(BitsPerCycle width);

/// Energy is shown in mJ where people read.
inline constexpr double kMillijoulesPerPicojoule = 1e-9;

/// "12.3 mJ", or "n/a (WHY)".
[[nodiscard]] std::string energy_text(const MetricValue& picojoules);

}  // namespace fusescape
