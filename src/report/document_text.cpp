// How does a document look to a person at a terminal?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "fusescape/report/document.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kNameWidth = 44;

/// Folded if a width is given, with an end of line.
std::string paragraph(std::string_view content, TextStyle style) {
  const std::size_t width = style.width == 0 ? std::numeric_limits<std::size_t>::max() : style.width;
  return fmt::format("{}\n", fmt::join(folded_lines(printable(content), width), "\n"));
}

/// The first `count` columns; the lines into which names are folded stand below their rows.
std::string folded_table(const Table& whole, std::size_t count, TextStyle style) {
  Table table{.columns = {whole.columns.begin(), whole.columns.begin() + static_cast<std::ptrdiff_t>(count)},
              .rows = {}};
  std::vector<std::vector<std::string>> names;
  for (const std::vector<Value>& row : whole.rows) {
    names.push_back(folded_lines(text(row.front()), kNameWidth));
    table.rows.emplace_back(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(count));
    table.rows.back().front() = names.back().front();
  }
  const std::string lines = text(table, style);
  std::size_t at = lines.find('\n') + 1;
  std::string out = lines.substr(0, at);
  for (const std::vector<std::string>& name : names) {
    const std::size_t end = lines.find('\n', at) + 1;
    out += lines.substr(at, end - at);
    at = end;
    for (std::size_t i = 1; i < name.size(); ++i) out += "    " + name[i] + '\n';
  }
  return out;
}

std::size_t widest_line(std::string_view text) {
  std::size_t widest = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    widest = std::max(widest, end);
    text.remove_prefix(end + 1);
  }
  return widest;
}

/// As many columns as the terminal has room for, and which are left out.
std::string fitted_table(const Table& table, TextStyle style) {
  constexpr std::size_t kFewest = 3;
  std::size_t count = table.columns.size();
  while (style.width > 0 && count > kFewest &&
         widest_line(folded_table(table, count, TextStyle{})) > style.width) {
    --count;
  }
  std::string out = folded_table(table, count, style);
  if (count == table.columns.size()) return out;
  const std::vector<std::string> hidden{table.columns.begin() + static_cast<std::ptrdiff_t>(count),
                                        table.columns.end()};
  return out + paragraph(fmt::format("(no room for {}; --csv has them)", fmt::join(hidden, ", ")), style);
}

std::string section_text(const Heading& heading, TextStyle style) {
  std::string out = bold(printable(heading.title), style) + '\n';
  return heading.subtitle.empty() ? out : out + printable(heading.subtitle) + '\n';
}

std::string section_text(const Paragraph& content, TextStyle style) {
  return paragraph(content.text, style);
}

std::string section_text(const Lines& lines, TextStyle) {
  std::string out;
  for (const auto& [label, content] : lines) out += fmt::format("{:<7} {}\n", label, printable(content));
  return out;
}

std::string section_text(const Findings& findings, TextStyle style) {
  std::string out;
  for (const auto& [name, content, points] : findings) {
    if (!name.empty()) out += bold(printable(name), style) + ": ";
    out += printable(content) + '\n';
    for (const std::string& point : points) out += fmt::format("    {}\n", printable(point));
  }
  return out;
}

std::string section_text(const Grid& grid, TextStyle style) {
  std::string out = grid.caption.empty() ? "" : bold(printable(grid.caption), style) + '\n';
  out += grid.fits_terminal ? fitted_table(grid.table, style) : text(grid.table, style);
  for (const std::string& note : grid.notes) out += paragraph(note, style);
  return out;
}

}  // namespace

std::string text(const Document& document, TextStyle style) {
  std::string out =
      document.title.empty() ? "" : section_text(Heading{document.title, document.subtitle}, style);
  for (const Section& section : document.sections) {
    if (!out.empty()) out += '\n';
    out += std::visit([&](const auto& part) { return section_text(part, style); }, section);
  }
  return out;
}

}  // namespace fusescape
