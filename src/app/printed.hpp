// How does a command whose result is one table print it?
#pragma once

#include <string>

#include "fusescape/app/output.hpp"
#include "fusescape/report/table.hpp"

namespace fusescape {

[[nodiscard]] inline std::string printed(const Table& table, const OutputArguments& output) {
  switch (output.format) {
    case Format::kJson:
      return json(table);
    case Format::kCsv:
      return csv(table);
    case Format::kText:
      break;
  }
  return text(table, text_style(output));
}

}  // namespace fusescape
