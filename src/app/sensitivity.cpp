// fusescape sensitivity: which constant moves a sweep's answer, and how far does the best design stay the
// best?
#include "fusescape/search/sensitivity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "csv_reader.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/sensitivity.hpp"
#include "fusescape/support/printable.hpp"
#include "sweep_inputs.hpp"
#include "sweep_watch.hpp"

namespace fusescape {
namespace {

/// The least of a figure for each of the best designs of a scenario, a design being what is not its schedule.
class BestDesigns {
 public:
  explicit BestDesigns(std::size_t most) : most_{most} {}

  void add(std::size_t point, double figure, std::string design) {
    const auto same = std::find_if(found_.begin(), found_.end(),
                                   [&](const Found& found) { return found.design == design; });
    if (same != found_.end()) {
      if (figure < same->figure) *same = {point, figure, std::move(design)};
      return;
    }
    if (found_.size() < most_) {
      found_.push_back({point, figure, std::move(design)});
      return;
    }
    const auto worst = std::max_element(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
      return a.figure < b.figure || (a.figure == b.figure && a.point < b.point);
    });
    if (figure < worst->figure) *worst = {point, figure, std::move(design)};
  }

  void append_points(std::vector<std::size_t>& points) const {
    for (const Found& found : found_) points.push_back(found.point);
  }

 private:
  struct Found {
    std::size_t point = 0;
    double figure = 0.0;
    std::string design;
  };
  std::size_t most_;
  std::vector<Found> found_;
};

/// Positions of the columns of points.csv that say which designs are the best.
struct PointColumns {
  std::size_t point = 0;
  std::size_t feasible = 0;
  std::size_t figure = 0;
  std::size_t clock = 0;
  std::vector<std::size_t> limits;  ///< `in_budget` and `meets_constraints`.
  std::vector<std::size_t> design;  ///< Axes that are chosen, but the strategy.
};

Failure failure_in(const std::string& file, SourcePos pos, std::string_view message) {
  return {ExitCode::kBadInput,
          fmt::format("{}:{}:{}: error: {}\n", printable(file), pos.line, pos.column, printable(message))};
}

Failure failure_of(const std::string& file, const CsvFault& fault) {
  if (!fault.unreadable) return failure_in(file, fault.pos, fault.message);
  return {ExitCode::kFileAccess, fmt::format("{}: error: {}\n", printable(file), fault.message)};
}

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
    const auto found = std::find(header.cells.begin(), header.cells.end(), name);
    if (found == header.cells.end()) {
      missing += failure_in(file, {header.line, 1}, fmt::format("no column '{}'", name)).text;
    }
    return static_cast<std::size_t>(found - header.cells.begin());
  };
  PointColumns columns{.point = position("point"),
                       .feasible = position("feasible"),
                       .figure = position(spec.minimize),
                       .clock = position("clock_hz"),
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

template <class Number>
std::optional<Number> parsed(std::string_view cell) {
  Number value{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

/// The best designs of each scenario, those within its limits apart from the others, which a constant may let
/// in.
class Contenders {
 public:
  Contenders(const SweepSpec& spec, std::size_t most)
      : spec_{spec},
        has_cycles_{find_metric(spec.minimize)->unit == "cycles"},
        allowed_(scenario_count(spec), BestDesigns{most}),
        others_(allowed_) {}

  /// False if the row is none of this sweep's points.
  bool add(const CsvRecord& row, const PointColumns& columns) {
    const auto point = parsed<std::size_t>(row.cells[columns.point]);
    if (!point || *point >= grid_size(spec_)) return false;
    if (row.cells[columns.feasible] != "true") return true;
    auto figure = parsed<double>(row.cells[columns.figure]);
    if (!figure) return true;  // It is not known.
    if (has_cycles_) figure = *figure / parsed<double>(row.cells[columns.clock]).value_or(1.0);
    std::string design;
    for (const std::size_t column : columns.design) design += fmt::format("{}\n", row.cells[column]);
    const bool allowed = std::all_of(columns.limits.begin(), columns.limits.end(),
                                     [&](std::size_t limit) { return row.cells[limit] == "true"; });
    (allowed ? allowed_ : others_)[scenario_of(spec_, *point)].add(*point, *figure, std::move(design));
    return true;
  }

  /// Per scenario, ascending.
  [[nodiscard]] std::vector<std::vector<std::size_t>> points() const {
    std::vector<std::vector<std::size_t>> points(allowed_.size());
    for (std::size_t scenario = 0; scenario < points.size(); ++scenario) {
      allowed_[scenario].append_points(points[scenario]);
      others_[scenario].append_points(points[scenario]);
      std::sort(points[scenario].begin(), points[scenario].end());
    }
    return points;
  }

 private:
  const SweepSpec& spec_;
  bool has_cycles_;
  std::vector<BestDesigns> allowed_;
  std::vector<BestDesigns> others_;
};

expected<std::vector<std::vector<std::size_t>>, Failure> contenders(const std::string& file,
                                                                    const SweepSpec& spec, std::size_t most) {
  std::ifstream in{file, std::ios::binary};
  if (!in.is_open()) return unexpected{failure_of(file, {{}, "cannot read this file", true})};
  CsvReader reader{in};
  const expected<CsvRow, CsvFault> header = reader.header();
  if (!header) return unexpected{failure_of(file, header.error())};
  const expected<PointColumns, Failure> columns = point_columns(file, spec, *header);
  if (!columns) return unexpected{columns.error()};
  Contenders found{spec, most};
  while (true) {
    const expected<const CsvRecord*, CsvFault> row = reader.next();
    if (!row) return unexpected{failure_of(file, row.error())};
    if (*row == nullptr) return found.points();
    if (!found.add(**row, *columns)) {
      return unexpected{
          failure_in(file, (*row)->place_of(columns->point), "no point of resolved.yaml's grid")};
    }
  }
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

std::string shown(const SensitivityQuestion& question, const SensitivityAnswer& answer,
                  const OutputArguments& output) {
  switch (output.format) {
    case Format::kJson:
      return json(sensitivity_table(question, answer));
    case Format::kCsv:
      return csv(sensitivity_table(question, answer));
    case Format::kText:
      break;
  }
  return sensitivity_text(question, answer, text_style(output));
}

}  // namespace

CommandResult run_command(const SensitivityArguments& arguments) {
  const expected<Factors, Failure> factors = factors_of(arguments);
  if (!factors) return unexpected{factors.error()};
  const auto path = [&](std::string_view name) { return fmt::format("{}/{}", arguments.folder, name); };
  if (!std::filesystem::exists(path("summary.json"))) {
    return unexpected{Failure{ExitCode::kFileAccess,
                              fmt::format("{}: error: no such file: {} holds no finished sweep\n",
                                          printable(path("summary.json")), printable(arguments.folder))}};
  }
  SweepWatch watch{arguments.output};
  const expected<OpenSweep, Failure> sweep = open_sweep(path("resolved.yaml"));
  if (!sweep) return unexpected{sweep.error()};
  auto designs = contenders(path("points.csv"), sweep->spec, static_cast<std::size_t>(arguments.designs));
  if (!designs) return unexpected{designs.error()};
  const SensitivityQuestion question{.spec = sweep->spec,
                                     .designs = std::move(*designs),
                                     .low = factors->low,
                                     .high = factors->high,
                                     .factors = factors->tried};
  const std::stop_token stop = watch.stop().get_token();
  const auto answer = sensitivity_of(question, sweep->binder, {.jobs = arguments.jobs, .stop = stop});
  if (!answer) return unexpected{located_failure(sweep->file, answer.error())};
  if (!answer->complete) return ExitCode::kInterrupted;
  const std::string table = csv(sensitivity_table(question, *answer));
  if (auto failure = write_file(path("sensitivity.csv"), table)) return unexpected{*failure};
  if (auto failure = write_result(arguments.output, shown(question, *answer, arguments.output))) {
    return unexpected{*failure};
  }
  return ExitCode::kOk;
}

}  // namespace fusescape
