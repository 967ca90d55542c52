// What does a CSV file of results hold? Its header and rows, cells as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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
};

/// RFC 4180 in UTF-8, with \n or \r\n line ends and perhaps a byte order mark; empty lines are skipped. Every
/// row must be as wide as the first, which names the columns: no name twice. Texts are those that csv() was
/// given: the apostrophe that keeps a spreadsheet from running one is gone.
[[nodiscard]] expected<std::vector<CsvRow>, CsvFault> read_csv(std::string_view text);

/// Where cell `cell`, from 0, of a row of `text` begins. A quoted cell may hold commas, not line ends.
[[nodiscard]] SourcePos place_of_cell(std::string_view text, const CsvRow& row, std::size_t cell);

}  // namespace fusescape
