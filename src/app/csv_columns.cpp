#include "csv_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fusescape {
namespace {

template <class Number>
bool parse(std::string_view cell, Number& value) {
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return error == std::errc{} && end == cell.data() + cell.size();
}

}  // namespace

expected<std::string, Failure> file_text(const std::string& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return unexpected{
        Failure{ExitCode::kBadInput, fmt::format("{}:1:1: error: this is a directory\n", file)}};
  }
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (!in.is_open() || in.bad()) {
    return unexpected{
        Failure{ExitCode::kFileAccess, fmt::format("{}: error: cannot read this file\n", file)}};
  }
  return text.str();
}

expected<CsvColumns, Failure> CsvColumns::read(const std::string& file) {
  const expected<std::string, Failure> text = file_text(file);
  if (!text) return unexpected{text.error()};
  expected<std::vector<CsvRow>, CsvFault> rows = read_csv(*text);
  if (rows) return CsvColumns{file, std::move(*rows)};
  return unexpected{Failure{ExitCode::kBadInput, fmt::format("{}:{}:1: error: {}\n", file, rows.error().line,
                                                             rows.error().message)}};
}

void CsvColumns::fault(std::size_t row, std::string_view message) {
  faults_ += fmt::format("{}:{}:1: error: {}\n", file_, rows_[row + 1].line, message);
}

std::string CsvColumns::text(std::size_t row, std::string_view column) {
  const std::vector<std::string>& header = rows_.front().cells;
  const auto found = std::find(header.begin(), header.end(), column);
  if (found != header.end()) return rows_[row + 1].cells[static_cast<std::size_t>(found - header.begin())];
  if (std::find(missing_.begin(), missing_.end(), column) == missing_.end()) {
    missing_.emplace_back(column);
    faults_ += fmt::format("{}:{}:1: error: no column '{}'\n", file_, rows_.front().line, column);
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
