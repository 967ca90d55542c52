#include "csv_reader.hpp"

#include <fmt/format.h>

#include <optional>
#include <unordered_set>

#include "fusescape/support/csv_formula.hpp"
#include "fusescape/support/utf8.hpp"

namespace fusescape {
namespace {

class CsvText {
 public:
  explicit CsvText(std::string_view text) : rest_{text}, line_begin_{text.data()} {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] SourcePos pos() const { return {line_, static_cast<int>(rest_.data() - line_begin_) + 1}; }

  /// The cells up to the end of the line.
  expected<std::vector<std::string>, CsvFault> row() {
    std::vector<std::string> cells;
    while (true) {
      expected<std::string, CsvFault> cell = !rest_.empty() && rest_.front() == '"' ? quoted() : plain();
      if (!cell) return unexpected{cell.error()};
      cells.emplace_back(with_formula(*cell));
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
    if (c == '\n') {
      ++line_;
      line_begin_ = rest_.data();
    }
    return c;
  }

  [[nodiscard]] bool at_separator() const {
    return rest_.empty() || rest_.front() == ',' || rest_.front() == '\n' || rest_.front() == '\r';
  }

  expected<std::string, CsvFault> plain() {
    std::string cell;
    while (!at_separator()) {
      if (rest_.front() == '"') return unexpected{CsvFault{pos(), "a quote inside an unquoted cell"}};
      cell += take();
    }
    return cell;
  }

  expected<std::string, CsvFault> quoted() {
    const SourcePos start = pos();
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
        return unexpected{CsvFault{pos(), "text after a closing quote"}};
      }
    }
    return unexpected{CsvFault{start, "a quote that is never closed"}};
  }

  std::string_view rest_;
  const char* line_begin_;
  int line_ = 1;
};

/// Cells of a file: what they become is bounded.
constexpr std::size_t kMostCells = 20'000'000;

std::optional<CsvFault> encoding_fault(std::string_view text) {
  SourcePos pos;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i, 4));
    if (length == 0) return CsvFault{pos, "not UTF-8 text"};
    pos = text[i] == '\n' ? SourcePos{pos.line + 1, 1}
                          : SourcePos{pos.line, pos.column + static_cast<int>(length)};
    i += length;
  }
  return std::nullopt;
}

std::optional<CsvFault> repeated_name(const CsvRow& header) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : header.cells) {
    if (!seen.insert(name).second) {
      return CsvFault{{header.line, 1}, fmt::format("column '{}' is given twice", name)};
    }
  }
  return std::nullopt;
}

}  // namespace

expected<std::vector<CsvRow>, CsvFault> read_csv(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (auto fault = encoding_fault(text)) return unexpected{std::move(*fault)};
  CsvText source{text};
  std::vector<CsvRow> rows;
  while (!source.at_end()) {
    const SourcePos start = source.pos();
    expected<std::vector<std::string>, CsvFault> cells = source.row();
    if (!cells) return unexpected{cells.error()};
    if (cells->size() == 1 && cells->front().empty()) continue;
    if (!rows.empty() && cells->size() != rows.front().cells.size()) {
      return unexpected{CsvFault{
          start, fmt::format("{} cells where the header has {}", cells->size(), rows.front().cells.size())}};
    }
    rows.push_back({start.line, std::move(*cells)});
    if (rows.size() > kMostCells / rows.front().cells.size()) {
      return unexpected{CsvFault{start, fmt::format("more than {} cells", kMostCells)}};
    }
  }
  if (rows.empty()) return unexpected{CsvFault{{}, "no header line"}};
  if (auto fault = repeated_name(rows.front())) return unexpected{std::move(*fault)};
  return rows;
}

SourcePos place_of_cell(std::string_view text, const CsvRow& row, std::size_t cell) {
  for (int at = 1; at < row.line; ++at) text.remove_prefix(text.find('\n') + 1);
  SourcePos pos{row.line, 1};
  bool quoted = false;
  for (const char c : text) {
    if (cell == 0 || c == '\n') break;
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) --cell;
    ++pos.column;
  }
  return pos;
}

}  // namespace fusescape
