// fusescape sensitivity: which constant moves a sweep's answer, and how far does the best design stay the
// best?
#include "fusescape/search/sensitivity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "csv_reader.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/sensitivity.hpp"
#include "fusescape/support/printable.hpp"
#include "sweep_faults.hpp"
#include "sweep_folder.hpp"
#include "sweep_inputs.hpp"
#include "sweep_watch.hpp"

namespace fusescape {
namespace {

/// A point and what it has of what is minimised. Less is better; of equals the first.
struct FoundPoint {
  double figure = 0.0;
  std::size_t point = 0;
  friend auto operator<=>(const FoundPoint&, const FoundPoint&) = default;
};

/// A design is what is chosen but the schedule: its values on those axes.
using DesignName = std::string;

/// Keeps the designs whose best point is among the best.
class BestDesigns {
 public:
  explicit BestDesigns(std::size_t most) : most_{most} {}

  void add(const FoundPoint& found, const DesignName& design) {
    const auto [same, is_new] = best_.try_emplace(design, found);
    if (!is_new) same->second = std::min(same->second, found);
    if (best_.size() <= most_) return;
    best_.erase(std::max_element(best_.begin(), best_.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  [[nodiscard]] bool has(const DesignName& design) const { return best_.contains(design); }

 private:
  std::size_t most_;
  std::map<DesignName, FoundPoint> best_;
};

/// Keeps the best points of each design.
class BestPoints {
 public:
  explicit BestPoints(std::size_t most) : most_{most} {}

  void add(const FoundPoint& found, const DesignName& design) {
    std::vector<FoundPoint>& points = best_[design];
    points.insert(std::upper_bound(points.begin(), points.end(), found), found);
    if (points.size() > most_) points.pop_back();
  }
  /// Ascending.
  [[nodiscard]] std::vector<std::size_t> points() const {
    std::vector<std::size_t> points;
    for (const auto& [design, found] : best_) {
      for (const FoundPoint& one : found) points.push_back(one.point);
    }
    std::sort(points.begin(), points.end());
    return points;
  }

 private:
  std::size_t most_;
  std::map<DesignName, std::vector<FoundPoint>> best_;
};

/// Positions of the columns of points.csv that say which designs are the best.
struct PointColumns {
  std::size_t point = 0;
  std::size_t feasible = 0;
  std::size_t figure = 0;
  std::size_t clock = 0;
  bool has_cycles = false;          ///< The figure counts cycles of that clock.
  std::vector<std::size_t> limits;  ///< `in_budget` and `meets_constraints`.
  std::vector<std::size_t> design;  ///< Axes that are chosen, but the strategy.
};

bool sets_strategy(const Axis& axis) {
  return std::any_of(axis.values.begin(), axis.values.end(), [](const AxisValue& value) {
    return std::any_of(value.settings.begin(), value.settings.end(),
                       [](const Setting& setting) { return setting.key == "strategy"; });
  });
}

expected<PointColumns, Failure> point_columns(const std::string& file, const SweepSpec& spec,
                                              const CsvRow& header) {
  std::string missing;
  const auto position = [&](const std::string& name) {
    const auto found = column_of(header.cells, name);
    if (!found) {
      missing += failure_of(file, CsvFault{{header.line, 1}, fmt::format("no column '{}'", name)}).text;
    }
    return found.value_or(0);
  };
  PointColumns columns{.point = position("point"),
                       .feasible = position("feasible"),
                       .figure = position(spec.minimize),
                       .clock = position("clock_hz"),
                       .has_cycles = find_metric(spec.minimize)->unit == "cycles",
                       .limits = {position("in_budget")},
                       .design = {}};
  if (!spec.constraints.empty()) columns.limits.push_back(position("meets_constraints"));
  for (const Axis& axis : spec.axes) {
    if (!is_scenario_axis(spec, axis.name) && !sets_strategy(axis))
      columns.design.push_back(position(axis.name));
  }
  if (!missing.empty()) return unexpected{Failure{ExitCode::kBadInput, missing}};
  return columns;
}

/// A row of points.csv that runs and whose figure is known.
struct FeasiblePoint {
  FoundPoint found;
  std::size_t scenario = 0;
  bool allowed = false;  ///< In budget, and it keeps to all constraints.
  DesignName design;
};

/// None: it does not run, or it is none of this sweep's points, which is a fault.
expected<std::optional<FeasiblePoint>, Failure> feasible_point(const std::string& file, const SweepSpec& spec,
                                                               const PointColumns& columns,
                                                               const CsvRecord& row) {
  const auto point = parsed_cell<std::size_t>(row.cells[columns.point]);
  if (!point || *point >= grid_size(spec)) {
    return unexpected{
        failure_of(file, CsvFault{row.place_of(columns.point), "no point of resolved.yaml's grid"})};
  }
  auto figure = parsed_cell<double>(row.cells[columns.figure]);
  if (row.cells[columns.feasible] != "true" || !figure) return std::nullopt;
  if (columns.has_cycles) figure = *figure / parsed_cell<double>(row.cells[columns.clock]).value_or(1.0);
  FeasiblePoint made{.found = {*figure, *point}, .scenario = scenario_of(spec, *point), .design = {}};
  for (const std::size_t column : columns.design) made.design += fmt::format("{}\n", row.cells[column]);
  made.allowed = std::all_of(columns.limits.begin(), columns.limits.end(),
                             [&](std::size_t limit) { return row.cells[limit] == "true"; });
  return made;
}

/// Calls `take` with each feasible point of the file.
template <class Take>
std::optional<Failure> for_each_point(const std::string& file, const SweepSpec& spec, const Take& take) {
  std::ifstream in{file, std::ios::binary};
  if (!in.is_open()) return failure_of(file, CsvFault{{}, "cannot read this file", true});
  CsvReader reader{in};
  const expected<CsvRow, CsvFault> header = reader.header();
  if (!header) return failure_of(file, header.error());
  const expected<PointColumns, Failure> columns = point_columns(file, spec, *header);
  if (!columns) return columns.error();
  while (true) {
    const expected<const CsvRecord*, CsvFault> row = reader.next();
    if (!row) return failure_of(file, row.error());
    if (*row == nullptr) return std::nullopt;
    const auto point = feasible_point(file, spec, *columns, **row);
    if (!point) return point.error();
    if (*point) take(**point);
  }
}

/// Per scenario the points to be evaluated again: the best designs, those within its limits apart from the
/// others, which a constant may let in, each with its best schedules. Reads the file twice, and holds no more
/// than these.
expected<std::vector<std::vector<std::size_t>>, Failure> contenders(const std::string& file,
                                                                    const SweepSpec& spec,
                                                                    const SensitivityArguments& arguments) {
  const BestDesigns none{static_cast<std::size_t>(arguments.designs)};
  std::vector<BestDesigns> allowed(scenario_count(spec), none);
  std::vector<BestDesigns> others(scenario_count(spec), none);
  if (auto failure = for_each_point(file, spec, [&](const FeasiblePoint& point) {
        (point.allowed ? allowed : others)[point.scenario].add(point.found, point.design);
      })) {
    return unexpected{std::move(*failure)};
  }
  std::vector<BestPoints> best(scenario_count(spec),
                               BestPoints{static_cast<std::size_t>(arguments.schedules)});
  if (auto failure = for_each_point(file, spec, [&](const FeasiblePoint& point) {
        const bool is_tried =
            allowed[point.scenario].has(point.design) || others[point.scenario].has(point.design);
        if (is_tried) best[point.scenario].add(point.found, point.design);
      })) {
    return unexpected{std::move(*failure)};
  }
  std::vector<std::vector<std::size_t>> points;
  points.reserve(best.size());
  for (const BestPoints& scenario : best) points.push_back(scenario.points());
  return points;
}

struct Factors {
  Ratio low{1};
  Ratio high{1};
  std::vector<Ratio> tried;
};

expected<Factors, Failure> factors_of(const SensitivityArguments& arguments) {
  const auto refused = [](std::string_view option, const std::string& text, std::string_view why) {
    return unexpected{
        Failure{ExitCode::kUsage, fmt::format("error: {} {}: {}\n", option, printable(text), why)}};
  };
  const std::string change_text = arguments.change.empty() ? "0.2" : arguments.change;
  const std::optional<Ratio> change = parse_decimal(change_text);
  if (!change || *change <= Ratio{0} || *change >= Ratio{1}) {
    return refused("--change", change_text, "expected a share above 0 and below 1, such as 0.2");
  }
  Factors factors;
  factors.low = difference(Ratio{1}, *change).value_or(factors.low);
  factors.high = sum(Ratio{1}, *change).value_or(factors.high);
  std::vector<std::string> texts = arguments.factors;
  if (texts.empty()) texts = {"0.5", "0.7", "0.9", "1.1", "1.5", "2"};
  const Ratio least = *Ratio::of(1, 1000);
  for (const std::string& text : texts) {
    const std::optional<Ratio> factor = parse_decimal(text);
    if (!factor || *factor < least || *factor > Ratio{1000} || *factor == Ratio{1}) {
      return refused("--factors", text, "expected a number from 0.001 to 1000 that is not 1");
    }
    factors.tried.push_back(*factor);
  }
  return factors;
}

/// That the points are not those of the inputs as they are now.
std::optional<Failure> changed_since_run(const std::string& folder) {
  const expected<RunFile, Failure> run = run_in(folder);
  if (!run) return run.error();
  const expected<LoadedSweep, Failure> now = load_sweep(path_in(folder, "resolved.yaml"), {});
  if (!now) return now.error();
  const std::string changes = changes_between(run->identity, now->identity);
  if (changes.empty()) return std::nullopt;
  return Failure{ExitCode::kUsage,
                 fmt::format("error: since {} was run: {}\n", printable(folder), printable(changes))};
}

}  // namespace

CommandResult run_command(const SensitivityArguments& arguments) {
  const expected<Factors, Failure> factors = factors_of(arguments);
  if (!factors) return unexpected{factors.error()};
  const auto path = [&](std::string_view name) { return path_in(arguments.folder, name); };
  if (!std::filesystem::exists(path("summary.json"))) {
    return unexpected{Failure{ExitCode::kFileAccess,
                              fmt::format("{}: error: no such file: {} holds no finished sweep\n",
                                          printable(path("summary.json")), printable(arguments.folder))}};
  }
  SweepWatch watch{arguments.output};
  const expected<SweepFolder, Failure> folder = SweepFolder::take(arguments.folder);
  if (!folder) return unexpected{folder.error()};
  if (auto failure = changed_since_run(arguments.folder)) return unexpected{std::move(*failure)};
  const expected<OpenSweep, Failure> sweep = open_sweep(path("resolved.yaml"));
  if (!sweep) return unexpected{sweep.error()};
  auto designs = contenders(path("points.csv"), sweep->spec, arguments);
  if (!designs) return unexpected{designs.error()};
  const SensitivityQuestion question{.spec = sweep->spec,
                                     .designs = std::move(*designs),
                                     .low = factors->low,
                                     .high = factors->high,
                                     .factors = factors->tried};
  const std::stop_token stop = watch.stop().get_token();
  const auto answer = sensitivity_of(question, sweep->binder, {.jobs = arguments.jobs, .stop = stop});
  if (!answer) return unexpected{located_failure(sweep->file, answer.error())};
  if (!answer->complete) {
    complain("interrupted\n");
    return ExitCode::kInterrupted;
  }
  const Document document = document_of(question, *answer);
  if (auto failure = write_file(path("sensitivity.csv"), csv(document))) return unexpected{*failure};
  return finished(arguments.output, document);
}

}  // namespace fusescape
