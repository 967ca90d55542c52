// What does a CSV file of results hold? Its rows one after another, cells as text.
#pragma once

#include <charconv>
#include <deque>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/support/diagnostics.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

struct CsvRow {
  int line = 1;  ///< Where it starts, counted from 1.
  std::vector<std::string> cells;
};

/// What is wrong, and where.
struct CsvFault {
  SourcePos pos;
  std::string message;
  bool unreadable = false;  ///< The file itself could not be read further; there is no place.
};

/// As a command reports it.
[[nodiscard]] Failure failure_of(const std::string& file, const CsvFault& fault);

/// The whole cell as a number; none for any other text.
template <class Number>
[[nodiscard]] std::optional<Number> parsed_cell(std::string_view cell) {
  Number value{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

/// One row as it stands in the text. Its cells refer to the reader's memory, until the next one is read.
struct CsvRecord {
  SourcePos pos;          ///< Where it starts.
  std::string_view text;  ///< Without its line end.
  std::vector<std::string_view> cells;
  std::vector<std::size_t> starts;  ///< Of the cells in `text`, parallel to them.

  [[nodiscard]] SourcePos place_of(std::size_t cell) const;
};

/// Reads RFC 4180 in UTF-8 row by row, with \n or \r\n line ends and perhaps a byte order mark; empty lines
/// are skipped. Every row must be as wide as the first, which names the columns: no name twice. Texts are
/// those that csv() was given: the apostrophe that keeps a spreadsheet from running one is gone. Holds a row
/// and no more than a few MiB beyond it.
class CsvReader {
 public:
  /// Expects `in` to outlive it.
  explicit CsvReader(std::istream& in) : in_{&in} {}
  /// Of a text in memory.
  explicit CsvReader(std::string text) : buffer_{std::move(text)} {}

  /// Reads the header, which the others must agree with.
  [[nodiscard]] expected<CsvRow, CsvFault> header();
  /// The next row; null at the end, or a fault, after which there is no further row.
  [[nodiscard]] expected<const CsvRecord*, CsvFault> next();

 private:
  /// True if there is more in `buffer_` than before.
  [[nodiscard]] expected<bool, CsvFault> fill();
  [[nodiscard]] expected<bool, CsvFault> reach(std::size_t at);
  /// Takes the text of the next record, which may be empty; false at the end.
  [[nodiscard]] expected<bool, CsvFault> take_text();
  void take(std::size_t end);
  [[nodiscard]] std::optional<CsvFault> split();
  [[nodiscard]] std::optional<CsvFault> add_quoted(std::size_t& at);
  [[nodiscard]] std::optional<CsvFault> add_plain(std::size_t& at);

  std::istream* in_ = nullptr;  ///< Null: all of it is in `buffer_`.
  std::string buffer_;
  std::size_t begin_ = 0;  ///< Of what was not taken yet, in `buffer_`.
  int line_ = 1;           ///< Of `begin_`.
  bool begun_ = false;
  std::size_t width_ = 0;  ///< Cells of the header; 0: it was not read.
  CsvRecord record_;
  std::deque<std::string> unquoted_;  ///< Cells of `record_` that have quotes.
};

/// All rows of a text of at most 20 million cells, the header first.
[[nodiscard]] expected<std::vector<CsvRow>, CsvFault> read_csv(std::string_view text);

/// Position of a column by its name; none: the header lacks it.
[[nodiscard]] std::optional<std::size_t> column_of(const std::vector<std::string>& header,
                                                   std::string_view name);

/// Where cell `cell`, from 0, of a row that read_csv found in `text` begins.
[[nodiscard]] SourcePos place_of_cell(std::string_view text, const CsvRow& row, std::size_t cell);

}  // namespace fusescape
