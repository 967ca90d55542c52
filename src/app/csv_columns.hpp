// What is in the columns of a CSV file that a command needs? Cells by name, and every fault with its line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "csv_reader.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// Contents of a text file of at most 256 MiB, or why it cannot be read (exit code 3 for a folder, a binary
/// file and one that is larger, 6 otherwise).
[[nodiscard]] expected<std::string, Failure> file_text(const std::string& file);

/// The rows of a CSV file by the names of its columns. Faults are gathered; `fault` tells them at the end.
class CsvColumns {
 public:
  [[nodiscard]] static expected<CsvColumns, Failure> read(const std::string& file);

  [[nodiscard]] std::size_t rows() const { return rows_.size() - 1; }
  /// Row 0 is the first below the header. Empty, and a fault, if there is no such column.
  [[nodiscard]] std::string text(std::size_t row, std::string_view column);
  [[nodiscard]] double number(std::size_t row, std::string_view column);
  /// Numbers separated by blanks.
  [[nodiscard]] std::vector<double> numbers(std::size_t row, std::string_view column);
  [[nodiscard]] std::int64_t integer(std::size_t row, std::string_view column);

  /// All faults so far, if there are any.
  [[nodiscard]] bool ok() const { return faults_.empty(); }
  [[nodiscard]] Failure failure() const { return {ExitCode::kBadInput, faults_}; }
  void fault(std::size_t row, std::string_view message);

 private:
  CsvColumns(std::string file, std::vector<CsvRow> rows) : file_{std::move(file)}, rows_{std::move(rows)} {}

  std::string file_;
  std::vector<CsvRow> rows_;
  std::vector<std::string> missing_;  ///< Columns that were reported already.
  std::string faults_;
};

}  // namespace fusescape
