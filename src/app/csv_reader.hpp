// What does a CSV file of results hold? Its header and rows, cells as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fusescape/support/expected.hpp"

namespace fusescape {

struct CsvRow {
  int line = 1;  ///< Where it starts, counted from 1.
  std::vector<std::string> cells;
};

/// What is wrong, and in which line.
struct CsvFault {
  int line = 1;
  std::string message;
};

/// RFC 4180, with \n or \r\n line ends; empty lines are skipped. Every row must be as wide as the first.
[[nodiscard]] expected<std::vector<CsvRow>, CsvFault> read_csv(std::string_view text);

}  // namespace fusescape
