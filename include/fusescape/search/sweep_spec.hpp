// What should a sweep explore? Axes of settings, the baselines to compare with, and what "best" means: as
// text, before any file is opened.
//
// Settings are `--set KEY=VALUE` pairs in the words of the user; config reads them (`kind: sweep`,
// docs/formats.md) and binds them to workloads and accelerators. docs/model/sweep.md defines the terms.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/search/constraint.hpp"
#include "fusescape/search/sweep_sample.hpp"
#include "fusescape/support/diagnostics.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// One KEY=VALUE, as on the command line: `L`, `d_state`, `phase` (workload), `memory_fraction`,
/// `sram.capacity`, `technology` (accelerator), or `strategy`. Later ones override earlier ones.
struct Setting {
  std::string key;
  std::string value;
  SourcePos pos{};      ///< Of the value in the sweep's file.
  SourcePos key_pos{};  ///< Of the key there.
};

/// One position on an axis: usually one setting, but a named case may change several things at once.
struct AxisValue {
  std::string label;  ///< What points.csv shows: the value, or the case's name.
  std::vector<Setting> settings;
};

/// `- {key: L, values: [1, 64]}`, or `- {name: onchip, cases: {wide: {KEY: VALUE, ...}, ...}}`.
struct Axis {
  std::string name;  ///< The key, or the name: its column in points.csv.
  std::vector<AxisValue> values;
  SourcePos pos{};  ///< Of its key or name in the sweep's file.
};

/// A design to compare with, in every scenario. A design axis of which it sets no key is open: the baseline
/// then stands for the best of its designs over that axis.
struct Baseline {
  std::string name;
  std::vector<Setting> settings;  ///< Over `fixed` and the scenario's: of a design axis every key, or none.
  SourcePos pos{};
};

/// The largest area that a best design may have.
struct Budget {
  std::string baseline;  ///< Its area under the same table is the budget, unless `area` is given.
  double tolerance =
      0.0;          ///< Share of the budget that a design may lie above it (arrays come in whole rows).
  SourcePos pos{};  ///< Of the baseline's name.
  std::optional<SquareMm> area{};
};

/// A number from the literature, shown beside the results and never mixed with them.
struct PublishedFigure {
  std::string name;
  double value = 0.0;
  std::string baseline;  ///< Which baseline's speed-up it stands beside.
  std::string source;
  std::string note;  ///< What its source leaves open.
  SourcePos pos{};   ///< Of the baseline's name.
};

struct SweepSpec {
  std::string name;
  std::string arch;      ///< Path or shipped name.
  std::string workload;  ///< Path or shipped name.
  std::string plan;  ///< Path or shipped name: every point runs it, none a strategy. Empty: there is none.
  SourcePos arch_pos{};
  SourcePos workload_pos{};
  SourcePos plan_pos{};
  std::vector<Setting> fixed;         ///< `set:`, the same at every point.
  std::vector<Axis> axes;             ///< Grid order: the last varies fastest. One of them sets `strategy`,
                                      ///< unless `fixed` does.
  std::vector<std::string> scenario;  ///< Axes whose values are given, not chosen; the others are the design.
  std::string minimize = "latency_cycles";  ///< A metric: what the best design of a scenario has least of.
  std::vector<std::string> pareto{"latency_cycles", "area_mm2"};  ///< Metrics of pareto.csv's trade-off.
  std::vector<Baseline> baselines;
  std::optional<Budget> budget;
  std::vector<Constraint> constraints{};  ///< What the best design and all of the trade-off keep to.
  std::optional<SweepSample> sample{};
  std::vector<std::uint64_t> sampled{};  ///< Of `sample`: positions in the whole grid, ascending. Empty: all.
  std::vector<PublishedFigure> published;
  SourcePos axes_pos{};
  SourcePos scenario_pos{};
  SourcePos minimize_pos{};
  SourcePos pareto_pos{};
  std::vector<SourcePos> pareto_places{};  ///< Of its columns; empty: they have none.
};

/// True if points.csv has a column of this name beside those of the axes. An axis of that name would be taken
/// for it, unless both hold the same words: `strategy`, `technology`, `phase` and `dtype` as keys.
[[nodiscard]] bool is_point_column(std::string_view name);
[[nodiscard]] bool is_word_column(std::string_view key);

/// Points of the sweep: of the whole grid (zero if an axis is empty, and at most kMaxGridSize + 1), or of its
/// sample.
inline constexpr std::size_t kMaxGridSize = 100'000'000;
[[nodiscard]] std::size_t grid_size(const SweepSpec& spec);

/// Position in the whole grid of point `id` of the sweep. Expects id < grid_size.
[[nodiscard]] std::size_t grid_position(const SweepSpec& spec, std::size_t id);

/// Position on each axis of point `id`, which counts the sweep's points in grid order from 0. Expects id <
/// grid_size.
[[nodiscard]] std::vector<std::size_t> coordinates_of(const SweepSpec& spec, std::size_t id);

/// Whether a value of the axis sets the key; whether `set` or an axis does.
[[nodiscard]] bool sets(const Axis& axis, std::string_view key);
[[nodiscard]] bool sets(const SweepSpec& spec, std::string_view key);
/// Whether points are prompts with a generation: `set` or an axis sets one of kGenerationKeys.
[[nodiscard]] bool asks_for_generation(const SweepSpec& spec);

[[nodiscard]] bool is_scenario_axis(const SweepSpec& spec, std::string_view axis);

/// Scenarios are the grid of the scenario axes alone, in the order of `axes`.
[[nodiscard]] std::size_t scenario_count(const SweepSpec& spec);
[[nodiscard]] std::size_t scenario_of(const SweepSpec& spec, std::size_t id);

/// The scenario's position on each scenario axis, in the order of `axes`: nullptr for a design axis.
[[nodiscard]] std::vector<const AxisValue*> scenario_values(const SweepSpec& spec, std::size_t scenario);

/// Positions in `axes` of those that `baseline` leaves open.
[[nodiscard]] std::vector<std::size_t> open_axes(const SweepSpec& spec, const Baseline& baseline);

/// Designs of one baseline in one scenario: the grid of its open axes, in the order of `axes`, the last one
/// fastest. Counted scenario by scenario, in each baseline by baseline.
struct BaselineDesigns {
  std::size_t first = 0;
  std::size_t count = 0;
};
[[nodiscard]] BaselineDesigns baseline_designs(const SweepSpec& spec, std::size_t scenario,
                                               std::size_t baseline);

/// The values that the `design`th of them has on the open axes.
[[nodiscard]] std::vector<const AxisValue*> open_values(const SweepSpec& spec, const Baseline& baseline,
                                                        std::size_t design);

/// Position of the first baseline whose open axes `baseline` closes, so that it is one of its designs, or
/// stands for some of them. None if there is none.
[[nodiscard]] std::optional<std::size_t> refined_baseline(const SweepSpec& spec, const Baseline& baseline);

/// What is wrong with a setting or a name, at its place in the sweep's file.
struct SweepProblem {
  SourcePos pos;
  std::string message;
};

/// What can be wrong before any setting is understood: too large a grid, names that name nothing, a key on
/// two axes, a baseline that leaves a key of a design axis open.
[[nodiscard]] std::vector<SweepProblem> problems_of(const SweepSpec& spec);

}  // namespace fusescape
