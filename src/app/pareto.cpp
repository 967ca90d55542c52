// fusescape pareto: which rows of a CSV file does no other row beat, and which of them is the knee?
#include "fusescape/search/pareto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include "csv_reader.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/config/scalars.hpp"
#include "fusescape/support/excerpt.hpp"
#include "fusescape/support/printable.hpp"
#include "fusescape/support/time.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kUnlimitedWord = "unlimited";

/// A number of a cell: exact where it is whole, whatever the other cells of its column hold.
struct ExactNumber {
  double nearest = 0.0;
  std::int64_t beyond = 0;  ///< The number less `nearest`.
  friend auto operator<=>(const ExactNumber&, const ExactNumber&) = default;
};

/// `unlimited`, as bandwidths have it, is more than any number.
std::optional<ExactNumber> number_of_cell(std::string_view cell) {
  if (cell == kUnlimitedWord) return ExactNumber{std::numeric_limits<double>::infinity()};
  if (const auto whole = parsed_cell<std::int64_t>(cell)) {
    const auto nearest = static_cast<double>(*whole);
    return ExactNumber{nearest, static_cast<std::int64_t>(Int128{*whole} - static_cast<Int128>(nearest))};
  }
  const auto value = parsed_cell<double>(cell);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return ExactNumber{*value + 0.0};  // -0.0 is 0.0.
}

/// Errors at cells, each with its line and a caret; no more than can be read.
class CellFaults {
 public:
  explicit CellFaults(std::string file) : file_{std::move(file)} {}

  void add(const CsvRecord& row, std::size_t cell, std::string_view message) {
    add(row.place_of(cell), row.text, row.starts[cell], message);
  }
  [[nodiscard]] bool any() const { return count_ > 0; }
  [[nodiscard]] Failure failure() const {
    if (count_ <= kMostShown) return {ExitCode::kBadInput, text_};
    return {ExitCode::kBadInput,
            fmt::format("{}{}: {} more errors\n", text_, printable(file_), count_ - kMostShown)};
  }

 private:
  static constexpr std::size_t kMostShown = 20;

  void add(SourcePos pos, std::string_view text, std::size_t offset, std::string_view message) {
    if (++count_ > kMostShown) return;
    text_ += fmt::format("{}:{}:{}: error: {}\n", printable(file_), pos.line, pos.column, printable(message));
    const std::size_t begin = text.substr(0, offset).rfind('\n') + 1;
    text_ += excerpt(text.substr(begin, text.find('\n', offset) - begin), pos.column);
  }

  std::string file_;
  std::string text_;
  std::size_t count_ = 0;
};

/// Where the columns are that a row is judged by.
struct Columns {
  std::vector<std::size_t> minimized;
  std::vector<std::size_t> verdicts;  ///< What a sweep says of a point; one is `false`: it takes no part.
};

constexpr std::array<std::string_view, 3> kVerdicts{"feasible", "in_budget", "meets_constraints"};

expected<Columns, Failure> columns_of(const std::vector<std::string>& names,
                                      const std::vector<std::string>& header) {
  Columns columns;
  for (const std::string_view name : kVerdicts) {
    if (const auto found = column_of(header, name)) columns.verdicts.push_back(*found);
  }
  std::string errors;
  for (const std::string& name : names) {
    if (const auto found = column_of(header, name)) {
      columns.minimized.push_back(*found);
      continue;
    }
    const std::vector<std::string_view> known{header.begin(), header.end()};
    errors += fmt::format("error: --minimize {}: no such column{}\n", printable(name),
                          printable(did_you_mean(name, known)));
  }
  if (!errors.empty()) return unexpected{Failure{ExitCode::kUsage, errors}};
  return columns;
}

/// What is kept of a file: its header, and of the rows that none beats their text and numbers.
using Front = ParetoFront<ExactNumber, std::string>;
struct Trade {
  CsvRow header;
  Front front;
};

/// Numbers of a row that takes part; every cell that has none is a fault.
std::optional<std::vector<ExactNumber>> numbers_of(const CsvRecord& row, const Columns& columns,
                                                   const CsvRow& header, CellFaults& faults) {
  std::vector<ExactNumber> numbers;
  numbers.reserve(columns.minimized.size());
  for (const std::size_t column : columns.minimized) {
    const std::string_view cell = row.cells[column];
    if (const auto number = number_of_cell(cell)) {
      numbers.push_back(*number);
    } else if (cell.empty()) {
      faults.add(row, column, fmt::format("no number in column '{}'", header.cells[column]));
    } else {
      faults.add(row, column, fmt::format("'{}' in column '{}' is not a number", cell, header.cells[column]));
    }
  }
  if (numbers.size() != columns.minimized.size()) return std::nullopt;
  return numbers;
}

expected<Trade, Failure> trade_of(const ParetoArguments& arguments) {
  const std::string& file = arguments.file;
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return unexpected{failure_of(file, CsvFault{{}, "this is a directory"})};
  }
  std::ifstream in{file, std::ios::binary};
  if (!in.is_open()) return unexpected{failure_of(file, CsvFault{{}, "cannot read this file", true})};
  CsvReader reader{in};
  expected<CsvRow, CsvFault> header = reader.header();
  if (!header) return unexpected{failure_of(file, header.error())};
  const expected<Columns, Failure> columns = columns_of(arguments.minimize, header->cells);
  if (!columns) return unexpected{columns.error()};
  Trade trade{.header = std::move(*header), .front = Front{columns->minimized.size()}};
  CellFaults faults{file};
  while (true) {
    const expected<const CsvRecord*, CsvFault> row = reader.next();
    if (!row) return unexpected{failure_of(file, row.error())};
    if (*row == nullptr) break;
    const auto& cells = (*row)->cells;
    const auto fails = [&](std::size_t verdict) { return cells[verdict] == "false"; };
    if (std::any_of(columns->verdicts.begin(), columns->verdicts.end(), fails)) continue;
    const auto numbers = numbers_of(**row, *columns, trade.header, faults);
    if (numbers && !faults.any()) trade.front.add(*numbers, std::string{(*row)->text});
  }
  if (faults.any()) return unexpected{faults.failure()};
  return trade;
}

/// The rows that are shown, as they were written.
std::vector<std::string> shown_rows(Trade& trade, bool only_knee) {
  std::vector<std::string>& rows = trade.front.rows();
  if (!only_knee) return std::move(rows);
  const std::span<const ExactNumber> numbers = trade.front.values();
  std::vector<double> values(numbers.size());
  std::transform(numbers.begin(), numbers.end(), values.begin(),
                 [](const ExactNumber& number) { return number.nearest; });
  const auto knee = rows.empty() ? std::nullopt : knee_of(values, values.size() / rows.size());
  if (!knee) return {};
  return {std::move(rows[*knee])};
}

/// What a cell means in JSON. CSV keeps its text.
Value typed(const std::string& cell) {
  if (cell.empty()) return {};
  if (cell == "true" || cell == "false") return cell == "true";
  if (const auto whole = parsed_cell<std::int64_t>(cell)) return *whole;
  const auto number = parsed_cell<double>(cell);  // JSON has no infinity.
  return number && std::isfinite(*number) ? Value{*number} : Value{cell};
}

/// The row as it was written, its cells as texts or as what they mean.
std::vector<Value> cells_of(std::string row, bool with_types) {
  std::vector<Value> cells;
  CsvReader reader{std::move(row)};
  for (const std::string_view cell : (*reader.next())->cells) {
    cells.push_back(with_types ? typed(std::string{cell}) : Value{cell});
  }
  return cells;
}

/// As CSV, a few rows at a time: cells take more room than text.
std::string rows_csv(const CsvRow& header, std::vector<std::string> rows) {
  constexpr std::size_t kRowsAtOnce = 1024;
  Table table{.columns = header.cells, .rows = {}};
  const std::string head = csv(table);
  std::string out = head;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    table.rows.push_back(cells_of(std::exchange(rows[r], {}), false));
    if (table.rows.size() < kRowsAtOnce && r + 1 < rows.size()) continue;
    out += std::string_view{csv(table)}.substr(head.size());
    table.rows.clear();
  }
  return out;
}

}  // namespace

CommandResult run_command(const ParetoArguments& arguments) {
  expected<Trade, Failure> trade = trade_of(arguments);
  if (!trade) return unexpected{std::move(trade.error())};
  std::vector<std::string> rows = shown_rows(*trade, arguments.knee);
  if (arguments.knee && rows.empty() && !arguments.output.quiet) {
    complain("there is no knee: no row lies below the plane through the ends of the trade-off\n");
  }
  // A person, too, gets rows of the file that was given.
  const bool as_csv =
      arguments.output.format->view == View::kRows || arguments.output.format == report_formats().data();
  if (as_csv) {
    if (auto failure = write_result(arguments.output, rows_csv(trade->header, std::move(rows)))) {
      return unexpected{std::move(*failure)};
    }
    return ExitCode::kOk;
  }
  Table table{.columns = trade->header.cells, .rows = {}};
  for (std::string& row : rows) table.rows.push_back(cells_of(std::move(row), true));
  return finished(arguments.output, document_of(std::move(table)));
}

}  // namespace fusescape
