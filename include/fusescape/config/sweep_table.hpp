// What may a sweep file hold? The table of `kind: sweep`.
#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/range_table.hpp"
#include "fusescape/config/types.hpp"
#include "fusescape/search/sweep_sample.hpp"

namespace fusescape {

inline constexpr const auto& kSettings = kMapOf<kSettingText>;
using SettingsFile = std::vector<Named<SettingText>>;

struct AxisFile {
  std::optional<Word> key;
  std::optional<std::vector<SettingText>> values;
  std::optional<Word> name;
  std::optional<std::vector<Named<SettingsFile>>> cases;
};
inline constexpr std::array kAxisFields{
    optional_field<&AxisFile::key, kWord>("key", "the axis has `cases`",
                                          "A key that --set knows, or `strategy`."),
    optional_field<&AxisFile::values, kAxisValues>("values", "the axis has `cases`", "Its values, in order."),
    optional_field<&AxisFile::name, kWord>("name", "the axis has a `key`", "Name of an axis of cases."),
    optional_field<&AxisFile::cases, kMapOf<kSettings>>("cases", "the axis has a `key`",
                                                        "By name, settings that change together."),
};
inline constexpr SectionSpec kAxisSection{"axis", "`key` with `values`, or `name` with `cases`.",
                                          kAxisFields};

struct BaselineFile {
  Word name;
  SettingsFile set;
};
inline constexpr std::array kBaselineFields{
    required<&BaselineFile::name, kWord>("name", "Name in reports."),
    required<&BaselineFile::set, kSettings>(
        "set",
        "Its design. An axis outside `scenario` that it leaves out is chosen: the best over it counts."),
};
inline constexpr SectionSpec kBaselineSection{"baseline", "A design to compare with, in every scenario.",
                                              kBaselineFields};

struct BudgetFile {
  std::optional<Word> baseline;
  std::optional<SquareMicrometres> area;
  Ratio tolerance;
};
inline constexpr std::array kBudgetFields{
    optional_field<&BudgetFile::baseline, kWord>("baseline", "`area` is given",
                                                 "Its area under the same table is the budget."),
    optional_field<&BudgetFile::area, kWhole<SquareMicrometres, kAreaQuantity>>("area", "`baseline` is given",
                                                                                "The budget itself."),
    optional_field<&BudgetFile::tolerance, kRatio>("tolerance", "0",
                                                   "Share of the budget that a design may lie above it."),
};
inline constexpr SectionSpec kBudgetSection{
    "budget", "The largest area of a best design: `baseline` or `area`.", kBudgetFields};

inline constexpr std::array kSampleFields{
    required<&SweepSample::method, kChoice<SampleMethod, kSampleMethods>>(
        "method", "`random`: any points alike; `sobol`: evenly over all axes."),
    required<&SweepSample::count, kIntegerIn<1, 100'000'000>>("count", "Distinct points of the grid."),
    optional_field<&SweepSample::seed, kIntegerIn<0, std::numeric_limits<std::int64_t>::max()>>(
        "seed", "1", "Another one gives other points."),
};
inline constexpr SectionSpec kSampleSection{"sample", "Some points of the grid instead of all.",
                                            kSampleFields};

struct PublishedFile {
  std::string name;
  Ratio value;
  Word baseline;
  std::string source;
  std::optional<std::string> note;
};
inline constexpr std::array kPublishedFields{
    required<&PublishedFile::name, kText>("name", "What the number is."),
    required<&PublishedFile::value, kRatio>("value", "The number."),
    required<&PublishedFile::baseline, kWord>("baseline", "Beside whose speed-up it stands."),
    required<&PublishedFile::source, kText>("source", "Citation."),
    optional_field<&PublishedFile::note, kText>("note", "none", "What its source leaves open."),
};
inline constexpr SectionSpec kPublishedSection{
    "published", "A number from the literature, shown beside the results and never mixed with them.",
    kPublishedFields};

struct SweepFile {
  std::string name;
  std::optional<std::string> description;
  std::string arch;
  std::string workload;
  std::optional<std::string> plan;
  SettingsFile set;
  std::vector<AxisFile> axes;
  std::vector<Word> scenario;
  std::optional<std::string> minimize;
  std::optional<std::vector<std::string>> pareto;
  std::vector<BaselineFile> baselines;
  std::optional<BudgetFile> budget;
  std::optional<std::vector<std::string>> constraints;
  std::optional<SweepSample> sample;
  std::vector<PublishedFile> published;
};
inline constexpr std::array kSweepFields{
    kKindField,
    kVersionField,
    required<&SweepFile::name, kName>("name", "Name in reports."),
    optional_field<&SweepFile::description, kText>("description", "none", "One line for people."),
    required<&SweepFile::arch, kText>("arch", "Accelerator: a shipped name or a path."),
    required<&SweepFile::workload, kText>("workload", "Model or cascade: a shipped name or a path."),
    optional_field<&SweepFile::plan, kText>("plan", "every point has a strategy",
                                            "Plan that every point runs: a shipped name or a path."),
    optional_field<&SweepFile::set, kSettings>("set", "none", "Settings of every point, as for --set."),
    required<&SweepFile::axes, kListOf<kSectionOf<AxisFile, kAxisSection>>>(
        "axes", "The grid: every combination, the last axis fastest."),
    optional_field<&SweepFile::scenario, kListOf<kWord>>(
        "scenario", "none", "Axes that are given, not chosen; the others are the design."),
    optional_field<&SweepFile::minimize, kName>(
        "minimize", "latency_cycles; of a stack latency_ms",
        "What the best design has least of: a name of `fusescape list metrics`."),
    optional_field<&SweepFile::pareto, kListOf<kName>>(
        "pareto", "latency_cycles and area_mm2; of a stack latency_ms and area_mm2",
        "Objectives of the trade-off in pareto.csv, each minimised: names of `fusescape list metrics`."),
    optional_field<&SweepFile::baselines, kListOf<kSectionOf<BaselineFile, kBaselineSection>>>(
        "baselines", "none", "Designs to compare with."),
    optional_field<&SweepFile::budget, kSectionOf<BudgetFile, kBudgetSection>>(
        "budget", "none", "The largest area of a best design."),
    optional_field<&SweepFile::constraints, kListOf<kText>>(
        "constraints", "none",
        "What a best design keeps to, such as `power_w <= 10`: a name of `fusescape list metrics`, one of "
        "`<`, "
        "`<=`, `>`, `>=`, and a number in its unit."),
    optional_field<&SweepFile::sample, kSectionOf<SweepSample, kSampleSection>>(
        "sample", "every point", "Some points of the grid instead of all."),
    optional_field<&SweepFile::published, kListOf<kSectionOf<PublishedFile, kPublishedSection>>>(
        "published", "none", "Numbers from the literature to show beside the results."),
};
inline constexpr SectionSpec kSweepTable{"sweep", "A grid of designs and scenarios (docs/model/sweep.md).",
                                         kSweepFields};

}  // namespace fusescape
