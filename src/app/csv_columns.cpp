#include "csv_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

template <class Number>
bool parse(std::string_view cell, Number& value) {
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return error == std::errc{} && end == cell.data() + cell.size();
}

constexpr std::size_t kMostBytes = std::size_t{256} << 20U;

Failure bad_file(const std::string& file, SourcePos pos, std::string_view message) {
  return {ExitCode::kBadInput,
          fmt::format("{}:{}:{}: error: {}\n", printable(file), pos.line, pos.column, printable(message))};
}

}  // namespace

// Piece by piece, so that what is no table (a device, a disk image) is refused before memory is full of it.
expected<std::string, Failure> file_text(const std::string& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    return unexpected{bad_file(file, {}, "this is a directory")};
  std::ifstream in{file, std::ios::binary};
  constexpr std::size_t kReadAtOnce = std::size_t{1} << 20U;
  std::string text;
  while (in) {
    const std::size_t before = text.size();
    text.resize(before + kReadAtOnce);
    in.read(text.data() + before, static_cast<std::streamsize>(kReadAtOnce));
    text.resize(before + static_cast<std::size_t>(in.gcount()));
    if (text.find('\0', before) != std::string::npos) {
      return unexpected{bad_file(file, {}, "a binary file, not CSV text")};
    }
    if (text.size() > kMostBytes) return unexpected{bad_file(file, {}, "the file is larger than 256 MiB")};
  }
  if (!in.is_open() || in.bad()) {
    return unexpected{
        Failure{ExitCode::kFileAccess, fmt::format("{}: error: cannot read this file\n", printable(file))}};
  }
  return text;
}

expected<CsvColumns, Failure> CsvColumns::read(const std::string& file) {
  const expected<std::string, Failure> text = file_text(file);
  if (!text) return unexpected{text.error()};
  expected<std::vector<CsvRow>, CsvFault> rows = read_csv(*text);
  if (rows) return CsvColumns{file, std::move(*rows)};
  return unexpected{bad_file(file, rows.error().pos, rows.error().message)};
}

void CsvColumns::fault(std::size_t row, std::string_view message) {
  faults_ += bad_file(file_, {rows_[row + 1].line, 1}, message).text;
}

std::string CsvColumns::text(std::size_t row, std::string_view column) {
  if (const auto found = column_of(rows_.front().cells, column)) return rows_[row + 1].cells[*found];
  if (std::find(missing_.begin(), missing_.end(), column) == missing_.end()) {
    missing_.emplace_back(column);
    faults_ += bad_file(file_, {rows_.front().line, 1}, fmt::format("no column '{}'", column)).text;
  }
  return "";
}

double CsvColumns::number(std::size_t row, std::string_view column) {
  const std::string cell = text(row, column);
  double value = 0;
  const bool missing = std::find(missing_.begin(), missing_.end(), column) != missing_.end();
  if (!missing && (!parse(cell, value) || !std::isfinite(value))) {
    fault(row, fmt::format("'{}' in column '{}' is not a number", cell, column));
  }
  return value;
}

std::vector<double> CsvColumns::numbers(std::size_t row, std::string_view column) {
  std::vector<double> values;
  std::istringstream cells{text(row, column)};
  for (std::string cell; cells >> cell;) {
    double value = 0;
    if (!parse(cell, value)) fault(row, fmt::format("'{}' in column '{}' is not a number", cell, column));
    values.push_back(value);
  }
  return values;
}

std::int64_t CsvColumns::integer(std::size_t row, std::string_view column) {
  const std::string cell = text(row, column);
  std::int64_t value = 0;
  const bool missing = std::find(missing_.begin(), missing_.end(), column) != missing_.end();
  if (!missing && !parse(cell, value)) {
    fault(row, fmt::format("'{}' in column '{}' is not a whole number", cell, column));
  }
  return value;
}

}  // namespace fusescape
