// How does a document look in each format?
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

#include "fusescape/report/document.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/overloaded.hpp"
#include "fusescape/support/printable.hpp"
#include "json_value.hpp"

namespace fusescape {
namespace {

constexpr std::array kFormats{
    ReportFormat{"text", View::kSections, "for people", text},
    ReportFormat{"csv", View::kRows, "for spreadsheets",
                 [](const Document& document, TextStyle) { return csv(document); }},
    ReportFormat{"json", View::kData, "for scripts, with all there is",
                 [](const Document& document, TextStyle) { return json(document); }},
    ReportFormat{"markdown", View::kSections, "to paste into an issue or a paper",
                 [](const Document& document, TextStyle) { return markdown(document); }}};

bool is_word(std::string_view line, std::size_t at) {
  const auto byte = at < line.size() ? static_cast<unsigned char>(line[at]) : 0U;
  return byte >= 0x80 || std::isalnum(static_cast<int>(byte)) != 0;
}

/// Text within a line that CommonMark, with tables and formulas, shows as it is. Between letters an
/// underscore is one, too.
std::string plain(std::string_view text) {
  constexpr std::string_view kMarkup = "\\`*_<>[]|&~#$";
  const std::string line = printable(text);
  std::string out;
  for (std::size_t i = std::min(line.find_first_not_of(' '), line.size()); i < line.size(); ++i) {
    const bool is_letter = line[i] == '_' && i > 0 && is_word(line, i - 1) && is_word(line, i + 1);
    if (!is_letter && kMarkup.find(line[i]) != std::string_view::npos) out += '\\';
    out += line[i];
  }
  return out;
}

/// Same, where a line begins: no list and no underlined heading.
std::string plain_line(std::string_view text) {
  std::string line = plain(text);
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const bool is_item =
      digits < line.size() && (digits > 0 ? line[digits] == '.' || line[digits] == ')'
                                          : line[0] == '-' || line[0] == '+' || line[0] == '=');
  if (is_item) line.insert(digits, 1, '\\');
  return line;
}

std::string strong(std::string_view text) {
  return text.empty() ? "" : fmt::format("**{}**", plain(text));
}

/// A number with what makes it a change, a share or a ratio: "+3", "-0.4%", " 12.5%", "1.78x".
bool is_figure(std::string_view cell) {
  cell.remove_prefix(std::min(cell.find_first_not_of(' '), cell.size()));
  const bool has_sign = !cell.empty() && (cell.front() == '+' || cell.front() == '-');
  if (has_sign) cell.remove_prefix(1);
  const bool has_unit = !cell.empty() && (cell.back() == '%' || cell.back() == 'x');
  if (has_unit) cell.remove_suffix(1);
  const bool is_number = !cell.empty() && cell.find_first_not_of("0123456789.,") == std::string_view::npos;
  return is_number && (has_sign || has_unit);
}

/// Whether a column is to be read as text: there is some in it beside figures and those that are not known.
bool is_of_words(const Table& table, std::size_t column) {
  bool some = table.rows.empty();
  for (const std::vector<Value>& row : table.rows) {
    const auto* cell = std::get_if<std::string>(&row[column]);
    if (cell != nullptr && *cell != "n/a" && !is_figure(*cell)) return true;
    some = some || cell == nullptr || *cell != "n/a";
  }
  return !some;
}

std::string markdown_table(const Table& table) {
  std::string head = "|";
  std::string rule = "|";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    head += fmt::format(" {} |", plain(table.columns[c]));
    rule += is_of_words(table, c) ? ":--|" : "--:|";
  }
  std::string out = fmt::format("{}\n{}\n", head, rule);
  for (const std::vector<Value>& row : table.rows) {
    out += '|';
    for (const Value& value : row) out += fmt::format(" {} |", plain(text(value)));
    out += '\n';
  }
  return out;
}

std::string markdown_of(const Lines& lines) {
  std::string out;
  for (const auto& [label, content] : lines) {
    if (label.empty() && !out.empty()) {
      out.pop_back();
      out += fmt::format("{} {}\n", out.back() == ';' ? "" : ";", plain(content));
    } else {
      out += label.empty() ? fmt::format("- {}\n", plain_line(content))
                           : fmt::format("- {} {}\n", strong(label), plain(content));
    }
  }
  return out;
}

std::string markdown_of(const Findings& findings) {
  std::string out;
  for (const auto& [name, content, points] : findings) {
    out += name.empty() ? fmt::format("- {}\n", plain_line(content))
                        : fmt::format("- {}: {}\n", strong(name), plain(content));
    for (const std::string& point : points) out += fmt::format("  - {}\n", plain_line(point));
  }
  return out;
}

std::string markdown_of(const Grid& grid) {
  std::string out = grid.caption.empty() ? "" : fmt::format("{}\n\n", strong(grid.caption));
  out += markdown_table(grid.table);
  for (const std::string& note : grid.notes) out += fmt::format("\n{}\n", plain_line(note));
  return out;
}

std::string markdown_of(const Paragraph& paragraph) {
  return plain_line(paragraph.text) + "\n";
}

std::string markdown_of(const Heading& heading) {
  return fmt::format("### {}\n{}", plain(heading.title),
                     heading.subtitle.empty() ? "" : fmt::format("\n{}\n", plain_line(heading.subtitle)));
}

}  // namespace

std::span<const ReportFormat> report_formats() {
  return kFormats;
}

const ReportFormat& report_format(std::string_view name) {
  const auto* const found = std::find_if(kFormats.begin(), kFormats.end(),
                                         [&](const ReportFormat& format) { return format.name == name; });
  FUSESCAPE_EXPECTS(found != kFormats.end());
  return *found;
}

std::string json(const Document& document) {
  return json_text(json_of(document.data), 2) + "\n";
}

std::string csv(const Document& document) {
  return csv(document.rows);
}

std::string markdown(const Document& document) {
  std::string out = document.title.empty() ? "" : markdown_of(Heading{document.title, document.subtitle});
  for (const Section& section : document.sections) {
    if (!out.empty()) out += '\n';
    out += std::visit([](const auto& part) { return markdown_of(part); }, section);
  }
  return out;
}

}  // namespace fusescape
