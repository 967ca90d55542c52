#include "result_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "csv_columns.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/text_file.hpp"
#include "fusescape/import/json_text.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/printable.hpp"
#include "inputs.hpp"
#include "json_tables.hpp"
#include "sweep_folder.hpp"

namespace fusescape {
namespace {

Failure bad_result(const Diagnostics& diags) {
  std::ostringstream text;
  text << diags;
  return {ExitCode::kBadInput, text.str()};
}

expected<ResultFile, Failure> read_json(const std::string& file) {
  Loaded<std::string> content = read_text_file(file);
  if (!content) return unexpected{failure_of(content.error())};
  Diagnostics diags{file, std::move(*content)};
  const std::optional<YamlNode> root = parse_json(diags);
  const auto kind = root ? checked_kind(*root, diags) : std::nullopt;
  if (!kind) return unexpected{bad_result(diags)};
  const std::string_view text = diags.text();
  OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (json.is_discarded()) {  // parse_json knows Infinity and NaN, which results never hold.
    diags.error({}, "not JSON: Infinity or NaN");
    return unexpected{bad_result(diags)};
  }
  return ResultFile{file, *kind, std::move(json), {}};
}

Failure bad_line(const std::string& file, int line, std::string_view message) {
  return {ExitCode::kBadInput,
          fmt::format("{}:{}:1: error: {}\n", printable(file), line, printable(message))};
}

expected<std::vector<CsvRow>, Failure> read_table(const std::string& file) {
  const expected<std::string, Failure> content = file_text(file);
  if (!content) return unexpected{content.error()};
  expected<std::vector<CsvRow>, CsvFault> rows = read_csv(*content);
  if (rows) return std::move(*rows);
  const CsvFault& fault = rows.error();
  return unexpected{
      Failure{ExitCode::kBadInput, fmt::format("{}:{}:{}: error: {}\n", printable(file), fault.pos.line,
                                               fault.pos.column, printable(fault.message))}};
}

std::optional<Failure> missing_columns(const std::string& file, const std::vector<CsvRow>& rows,
                                       std::string_view what, const std::vector<std::string>& names) {
  std::string missing;
  for (const std::string& name : names) {
    if (column_of(rows, name) == rows.front().cells.size()) missing += fmt::format(" '{}'", name);
  }
  if (missing.empty()) return std::nullopt;
  return bad_line(file, rows.front().line, fmt::format("not the {}: no column{}", what, missing));
}

/// What a page reads of points.csv.
std::vector<std::string> columns_of_points(const SweepSpec& spec) {
  std::vector<std::string> needed{"point", "strategy", "feasible", "status", "in_budget"};
  if (!spec.constraints.empty()) needed.emplace_back("meets_constraints");
  for (const Axis& axis : spec.axes) {
    if (axis.name != "strategy") needed.push_back(axis.name);
  }
  needed.push_back(spec.minimize);
  std::copy_if(spec.pareto.begin(), spec.pareto.end(), std::back_inserter(needed),
               [&](const std::string& name) { return name != spec.minimize; });
  return needed;
}

/// The points of the sweep that `spec` describes: all of them, in order.
expected<std::vector<CsvRow>, Failure> read_points(const std::string& file, const SweepSpec& spec) {
  expected<std::vector<CsvRow>, Failure> rows = read_table(file);
  if (!rows) return rows;
  if (auto failure = missing_columns(file, *rows, "points of this sweep", columns_of_points(spec)))
    return unexpected{std::move(*failure)};
  const std::size_t id_column = column_of(*rows, "point");
  const std::size_t feasible = column_of(*rows, "feasible");
  const std::size_t points = grid_size(spec);
  for (std::size_t r = 1; r < rows->size(); ++r) {
    const CsvRow& row = (*rows)[r];
    if (r > points) {
      return unexpected{
          bad_line(file, row.line, fmt::format("a row more than the {} points of the sweep", points))};
    }
    if (row.cells[id_column] != fmt::format("{}", r - 1)) {
      return unexpected{
          bad_line(file, row.line, fmt::format("expected point {}, got '{}'", r - 1, row.cells[id_column]))};
    }
    if (row.cells[feasible] != "true" && row.cells[feasible] != "false") {
      return unexpected{bad_line(
          file, row.line, fmt::format("feasible: expected true or false, got '{}'", row.cells[feasible]))};
    }
  }
  if (rows->size() - 1 == points) return rows;
  return unexpected{
      bad_line(file, rows->back().line,
               fmt::format("{} rows, where the sweep has {} points", rows->size() - 1, points))};
}

/// A row per constant; empty if there is no such file. An answer may be unknown, and its cell empty.
expected<std::vector<CsvRow>, Failure> read_sensitivity(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::vector<CsvRow>{};
  expected<std::vector<CsvRow>, Failure> rows = read_table(file);
  if (!rows) return rows;
  const std::vector<std::string> numbers{"low", "high", "answer_low", "answer_high"};
  for (const auto& columns : {std::vector<std::string>{"input"}, numbers}) {
    if (auto failure = missing_columns(file, *rows, "sensitivity of a sweep", columns))
      return unexpected{std::move(*failure)};
  }
  for (std::size_t r = 1; r < rows->size(); ++r) {
    for (const std::string& name : numbers) {
      const std::string& cell = (*rows)[r].cells[column_of(*rows, name)];
      if (!std::holds_alternative<std::string>(value_of_cell(cell))) continue;
      return unexpected{
          bad_line(file, (*rows)[r].line, fmt::format("{}: expected a number, got '{}'", name, cell))};
    }
  }
  return rows;
}

/// Whether resolved.yaml is that of the run that run.json describes, if it is there.
expected<void, Failure> check_run(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::exists(path_in(folder, "run.json"), error)) return {};
  const expected<RunFile, Failure> run = run_in(folder);
  if (!run) return unexpected{run.error()};
  const std::string resolved = path_in(folder, "resolved.yaml");
  const expected<std::string, Failure> text = file_text(resolved);
  if (!text) return unexpected{text.error()};
  if (run->identity.sweep == digest_of(*text)) return {};
  return unexpected{bad_line(resolved, 1, "not the sweep that run.json tells of")};
}

expected<SweepSpec, Failure> read_spec(const std::string& file) {
  const Loaded<InputFile> input = read_input(file);
  if (!input) return unexpected{failure_of(input.error())};
  Loaded<SweepSpec> spec = bind_sweep_spec(*input);
  if (!spec) return unexpected{failure_of(spec.error())};
  return std::move(*spec);
}

/// Gathers what is wrong with several files; the exit code is that of the first.
class Faults {
 public:
  template <class Value>
  bool has(const expected<Value, Failure>& value) {
    if (value) return false;
    if (!all_) {
      all_ = value.error();
    } else {
      all_->text += value.error().text;
    }
    return true;
  }
  [[nodiscard]] const std::optional<Failure>& all() const { return all_; }

 private:
  std::optional<Failure> all_;
};

}  // namespace

std::size_t column_of(const std::vector<CsvRow>& rows, std::string_view name) {
  const std::vector<std::string>& header = rows.front().cells;
  return column_of(header, name).value_or(header.size());
}

expected<ResultFile, Failure> read_result(const std::string& file) {
  expected<ResultFile, Failure> result = read_json(file);
  if (result && result->kind == ResultKind::kSweep) {
    return unexpected{
        bad_line(file, 1, "a sweep's summary is read with its points: give the folder that holds both")};
  }
  return result;
}

expected<FinishedSweep, Failure> read_sweep_folder(const std::string& folder) {
  Faults faults;
  const auto path = [&](std::string_view name) { return fmt::format("{}/{}", folder, name); };
  expected<ResultFile, Failure> summary = read_json(path("summary.json"));
  if (summary && summary->kind != ResultKind::kSweep) {
    summary = unexpected{bad_line(path("summary.json"), 1, "not the summary of a sweep")};
  }
  const bool has_summary = !faults.has(summary);
  expected<SweepSpec, Failure> spec = read_spec(path("resolved.yaml"));
  if (faults.has(spec)) return unexpected{*faults.all()};  // What the points are depends on it.
  if (has_summary && summary->json.at("points") != grid_size(*spec)) {
    faults.has(expected<void, Failure>{unexpected{
        bad_line(path("summary.json"), 1, fmt::format("points: resolved.yaml has {}", grid_size(*spec)))}});
  }
  expected<std::vector<CsvRow>, Failure> points = read_points(path("points.csv"), *spec);
  faults.has(points);
  expected<std::vector<CsvRow>, Failure> sensitivity = read_sensitivity(path(kSensitivityFile));
  faults.has(sensitivity);
  faults.has(check_run(folder));
  if (faults.all()) return unexpected{*faults.all()};
  return FinishedSweep{folder, std::move(*summary), std::move(*spec), std::move(*points),
                       std::move(*sensitivity)};
}

}  // namespace fusescape
