#include "csv_reader.hpp"

#include <fmt/format.h>

namespace fusescape {
namespace {

class CsvText {
 public:
  explicit CsvText(std::string_view text) : rest_{text} {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] int line() const { return line_; }

  /// The cells up to the end of the line.
  expected<std::vector<std::string>, CsvFault> row() {
    std::vector<std::string> cells;
    while (true) {
      expected<std::string, CsvFault> cell = !rest_.empty() && rest_.front() == '"' ? quoted() : plain();
      if (!cell) return unexpected{cell.error()};
      cells.push_back(std::move(*cell));
      if (rest_.empty()) return cells;
      const char separator = take();
      if (separator == ',') continue;
      if (separator == '\r' && !rest_.empty() && rest_.front() == '\n') take();
      return cells;
    }
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '\n') ++line_;
    return c;
  }

  [[nodiscard]] bool at_separator() const {
    return rest_.empty() || rest_.front() == ',' || rest_.front() == '\n' || rest_.front() == '\r';
  }

  expected<std::string, CsvFault> plain() {
    std::string cell;
    while (!at_separator()) {
      if (rest_.front() == '"') return unexpected{CsvFault{line_, "a quote inside an unquoted cell"}};
      cell += take();
    }
    return cell;
  }

  expected<std::string, CsvFault> quoted() {
    const int start = line_;
    std::string cell;
    take();
    while (!rest_.empty()) {
      const char c = take();
      if (c != '"') {
        cell += c;
      } else if (!rest_.empty() && rest_.front() == '"') {
        cell += take();
      } else if (at_separator()) {
        return cell;
      } else {
        return unexpected{CsvFault{line_, "text after a closing quote"}};
      }
    }
    return unexpected{CsvFault{start, "a quote that is never closed"}};
  }

  std::string_view rest_;
  int line_ = 1;
};

}  // namespace

expected<std::vector<CsvRow>, CsvFault> read_csv(std::string_view text) {
  CsvText source{text};
  std::vector<CsvRow> rows;
  while (!source.at_end()) {
    const int line = source.line();
    expected<std::vector<std::string>, CsvFault> cells = source.row();
    if (!cells) return unexpected{cells.error()};
    if (cells->size() == 1 && cells->front().empty()) continue;
    if (!rows.empty() && cells->size() != rows.front().cells.size()) {
      return unexpected{CsvFault{
          line, fmt::format("{} cells where the header has {}", cells->size(), rows.front().cells.size())}};
    }
    rows.push_back({line, std::move(*cells)});
  }
  if (rows.empty()) return unexpected{CsvFault{1, "no header line"}};
  return rows;
}

}  // namespace fusescape
