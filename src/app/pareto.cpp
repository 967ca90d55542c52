// fusescape pareto: which rows of a CSV file does no other row beat?
#include "fusescape/search/pareto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

#include "csv_columns.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/config/scalars.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kUnlimitedWord = "unlimited";

Failure bad_csv(const std::string& file, SourcePos pos, std::string_view message) {
  return {ExitCode::kBadInput,
          fmt::format("{}:{}:{}: error: {}\n", printable(file), pos.line, pos.column, printable(message))};
}

expected<std::vector<std::size_t>, Failure> positions_of(const std::vector<std::string>& names,
                                                         const std::vector<std::string>& header) {
  std::vector<std::size_t> positions;
  std::string errors;
  for (const std::string& name : names) {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found != header.end()) {
      positions.push_back(static_cast<std::size_t>(std::distance(header.begin(), found)));
      continue;
    }
    const std::vector<std::string_view> known{header.begin(), header.end()};
    errors += fmt::format("error: --minimize {}: no such column{}\n", printable(name),
                          printable(did_you_mean(name, known)));
  }
  if (!errors.empty()) return unexpected{Failure{ExitCode::kUsage, errors}};
  return positions;
}

/// Every column is compared as whole numbers if all its cells are, so that large counts stay exact.
/// `unlimited`, as bandwidths have it, is more than any number.
template <class Number>
std::optional<Number> number_of_cell(std::string_view cell) {
  Number value{};
  if constexpr (std::is_same_v<Number, double>) {
    if (cell == kUnlimitedWord) return std::numeric_limits<double>::infinity();
  }
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size()) return std::nullopt;
  if constexpr (std::is_same_v<Number, double>) {
    if (!std::isfinite(value)) return std::nullopt;
  }
  return value;
}

/// Rows that have a number in every column to be minimised, and those numbers as ordered keys.
struct Candidates {
  std::vector<const CsvRow*> rows;
  std::vector<std::int64_t> keys;
};

std::vector<const CsvRow*> complete_rows(const std::vector<CsvRow>& rows,
                                         const std::vector<std::size_t>& columns) {
  std::vector<const CsvRow*> complete;
  for (auto row = std::next(rows.begin()); row != rows.end(); ++row) {
    const bool filled = std::none_of(columns.begin(), columns.end(),
                                     [&](std::size_t column) { return row->cells[column].empty(); });
    if (filled) complete.push_back(&*row);
  }
  return complete;
}

/// Ordered keys of one column: the numbers themselves if all are whole, else what orders as they do.
expected<std::vector<std::int64_t>, Failure> keys_of(const std::string& file, const std::string& name,
                                                     const std::vector<const CsvRow*>& rows,
                                                     std::size_t column) {
  const bool whole = std::all_of(rows.begin(), rows.end(), [&](const CsvRow* row) {
    return number_of_cell<std::int64_t>(row->cells[column]).has_value();
  });
  std::vector<std::int64_t> keys;
  keys.reserve(rows.size());
  for (const CsvRow* row : rows) {
    const std::string& cell = row->cells[column];
    const std::optional<double> value = number_of_cell<double>(cell);
    if (!value) {
      return unexpected{
          bad_csv(file, {row->line, 1}, fmt::format("'{}' in column '{}' is not a number", cell, name))};
    }
    keys.push_back(whole ? *number_of_cell<std::int64_t>(cell) : order_key(*value));
  }
  return keys;
}

expected<Candidates, Failure> candidates_of(const std::string& file, const std::vector<CsvRow>& rows,
                                            const std::vector<std::size_t>& columns) {
  Candidates candidates{.rows = complete_rows(rows, columns), .keys = {}};
  candidates.keys.resize(candidates.rows.size() * columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const auto keys = keys_of(file, rows.front().cells[columns[c]], candidates.rows, columns[c]);
    if (!keys) return unexpected{keys.error()};
    for (std::size_t r = 0; r < keys->size(); ++r) candidates.keys[r * columns.size() + c] = (*keys)[r];
  }
  return candidates;
}

/// What a cell means in JSON. CSV keeps its text.
Value typed(const std::string& cell) {
  if (cell.empty()) return {};
  if (cell == "true" || cell == "false") return cell == "true";
  if (const auto whole = number_of_cell<std::int64_t>(cell)) return *whole;
  if (cell == kUnlimitedWord) return cell;  // JSON has no infinity.
  if (const auto number = number_of_cell<double>(cell)) return *number;
  return cell;
}

std::string front_text(const Table& table, const OutputArguments& output) {
  switch (output.format) {
    case Format::kJson:
      return json(table);
    case Format::kText:
    case Format::kCsv:
      break;
  }
  return csv(table);
}

}  // namespace

CommandResult run_command(const ParetoArguments& arguments) {
  const expected<std::string, Failure> content = file_text(arguments.file);
  if (!content) return unexpected{content.error()};
  const expected<std::vector<CsvRow>, CsvFault> rows = read_csv(*content);
  if (!rows) return unexpected{bad_csv(arguments.file, rows.error().pos, rows.error().message)};
  const std::vector<std::string>& header = rows->front().cells;
  const expected<std::vector<std::size_t>, Failure> columns = positions_of(arguments.minimize, header);
  if (!columns) return unexpected{columns.error()};
  const expected<Candidates, Failure> candidates = candidates_of(arguments.file, *rows, *columns);
  if (!candidates) return unexpected{candidates.error()};

  Table table{.columns = header, .rows = {}};
  for (const std::size_t r : non_dominated(candidates->keys, columns->size())) {
    const std::vector<std::string>& cells = candidates->rows[r]->cells;
    std::vector<Value>& row = table.rows.emplace_back(cells.begin(), cells.end());
    if (arguments.output.format == Format::kJson)
      std::transform(cells.begin(), cells.end(), row.begin(), typed);
  }
  if (const auto failure = write_result(arguments.output, front_text(table, arguments.output))) {
    return unexpected{*failure};
  }
  return ExitCode::kOk;
}

}  // namespace fusescape
