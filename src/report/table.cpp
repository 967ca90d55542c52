#include "fusescape/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "csv_cell.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/overloaded.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

/// Code points, so that columns of UTF-8 text line up.
std::size_t width_of(std::string_view cell) {
  return static_cast<std::size_t>(std::count_if(
      cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// A column is text if any of its values is; numbers and holes go to the right.
struct TextColumn {
  bool left = false;
  std::vector<std::string> cells;
  std::size_t width = 0;
};

std::vector<TextColumn> text_columns(const Table& table) {
  std::vector<TextColumn> columns(table.columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    TextColumn& column = columns[c];
    column.cells.push_back(printable(table.columns[c]));
    for (const std::vector<Value>& row : table.rows) {
      column.left = column.left || is_text(row[c]);
      column.cells.push_back(text(row[c]));
    }
    for (const std::string& cell : column.cells) column.width = std::max(column.width, width_of(cell));
  }
  return columns;
}

}  // namespace

bool is_text(const Value& value) {
  return std::holds_alternative<std::string>(value) || std::holds_alternative<bool>(value);
}

double number_of(const Value& value) {
  const auto* whole = std::get_if<std::int64_t>(&value);
  return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value);
}

Table table_of(const std::vector<std::vector<Field>>& rows) {
  Table table;
  for (const std::vector<Field>& row : rows) {
    std::vector<Value>& values = table.rows.emplace_back();
    for (const Field& field : row) {
      if (table.rows.size() == 1) table.columns.push_back(field.name);
      FUSESCAPE_EXPECTS(values.size() < table.columns.size() && table.columns[values.size()] == field.name);
      values.push_back(field.value);
    }
  }
  return table;
}

std::string csv(const Table& table) {
  std::string out;
  const auto append_row = [&](const auto& cells) {
    for (const auto& cell : cells) {
      if (&cell != &cells.front()) out += ',';
      append_cell(out, cell);
    }
    out += '\n';
  };
  append_row(table.columns);
  for (const std::vector<Value>& row : table.rows) append_row(row);
  return out;
}

std::string text(const Table& table, TextStyle style) {
  const std::vector<TextColumn> columns = text_columns(table);
  std::string out;
  for (std::size_t line = 0; line <= table.rows.size(); ++line) {
    std::string row;
    for (const TextColumn& column : columns) {
      const std::string& cell = column.cells[line];
      const std::string padding(column.width - width_of(cell), ' ');
      if (!row.empty()) row += "  ";
      row += column.left ? cell + padding : padding + cell;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    out += (line == 0 ? bold(row, style) : row) + "\n";
  }
  return out;
}

std::string text(const Value& value) {
  return std::visit(overloaded{[](std::monostate) { return std::string{"n/a"}; },
                               [](std::int64_t v) { return with_thousands(v); },
                               [](double v) {
                                 const bool plain = v == 0 || (v >= 1e-3 && v < 1e4);
                                 return plain || v >= 1e15 ? fmt::format("{:.4g}", v)
                                        : v >= 1e4         ? with_thousands(std::llround(v))
                                                           : fmt::format("{:.3e}", v);
                               },
                               [](bool v) { return std::string{v ? "yes" : "no"}; },
                               [](const std::string& v) { return printable(v); }},
                    value);
}

std::string with_thousands(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::vector<std::string> folded_lines(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

std::string one_line(std::string_view lines) {
  std::string line;
  for (const char c : lines) {
    if (c != '\n') {
      line += c;
    } else {
      line += !line.empty() && line.back() == '.' ? " " : "; ";
    }
  }
  return line;
}

Value width_value(BitsPerCycle width) {
  return width.unlimited() ? Value{std::string{"unlimited"}} : Value{width.value};
}

std::string short_bytes(std::int64_t bytes) {
  constexpr double kKibi = 1024.0;
  const auto b = static_cast<double>(bytes);
  if (bytes < std::int64_t{10} * 1024) return with_thousands(bytes) + " B";
  if (b < kKibi * kKibi) return fmt::format("{:.1f} KiB", b / kKibi);
  if (b < kKibi * kKibi * kKibi) return fmt::format("{:.2f} MiB", b / (kKibi * kKibi));
  return fmt::format("{:.2f} GiB", b / (kKibi * kKibi * kKibi));
}

std::string bold(std::string_view content, TextStyle style) {
  return style.colour ? fmt::format("{}{}{}", kBold, content, kPlain) : std::string{content};
}

}  // namespace fusescape
