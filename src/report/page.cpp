#include "fusescape/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/support/overloaded.hpp"
#include "fusescape/support/utf8.hpp"
#include "fusescape/support/version.hpp"
#include "page_assets.hpp"

namespace fusescape {
namespace {

/// Text for an element or a quoted attribute. What is no character of HTML is shown as U+FFFD.
std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    const bool is_control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (length == 0 || is_control || c == '\x7F') {
      out += "\xEF\xBF\xBD";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

/// JSON that no text in it can end: within a script element only '<' could.
std::string script_data(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

/// The number as a spreadsheet reads it; "" of a text.
std::string plain_number(const Value& value) {
  return std::visit(
      overloaded{[](std::int64_t v) { return fmt::format("{}", v); },
                 [](double v) { return fmt::format("{}", v); }, [](const auto&) { return std::string{}; }},
      value);
}

std::string cell(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return "<td class=null>n/a</td>";
  if (const auto* content = std::get_if<std::string>(&value)) {
    return fmt::format("<td>{}</td>", escaped(*content));
  }
  const std::string number = plain_number(value);
  if (number.empty()) return fmt::format("<td>{}</td>", text(value));
  const std::string shown = text(value);
  return shown == number ? fmt::format("<td class=n>{}</td>", shown)
                         : fmt::format("<td class=n data-v={}>{}</td>", number, shown);
}

/// True if a name ends in its own unit, as latency_cycles and area_mm2 do.
bool told_by_name(std::string_view name) {
  std::string ending{"_"};
  for (const char c : unit_of_column(name))
    ending += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending.size() > 1 && name.ends_with(ending);
}

std::string head_cell(const Table& table, std::size_t column) {
  const std::string& name = table.columns[column];
  const std::string_view unit = told_by_name(name) ? "" : unit_of_column(name);
  const Metric* metric = find_metric(name);
  const bool is_number = std::any_of(table.rows.begin(), table.rows.end(),
                                     [&](const auto& row) { return !plain_number(row[column]).empty(); });
  return fmt::format("<th scope=col{}{}>{}{}</th>", is_number ? " class=n" : "",
                     metric == nullptr ? "" : fmt::format(" title=\"{}\"", escaped(metric->meaning)),
                     escaped(name), unit.empty() ? "" : fmt::format(" <small>{}</small>", escaped(unit)));
}

std::string table_html(const PageTable& page_table) {
  const Table& table = page_table.table;
  std::string out =
      fmt::format("<div class=table><table>\n<caption>{}</caption>\n<thead><tr>", escaped(page_table.title));
  for (std::size_t c = 0; c < table.columns.size(); ++c) out += head_cell(table, c);
  out += "</tr></thead>\n<tbody>\n";
  for (const std::vector<Value>& row : table.rows) {
    out += "<tr>";
    for (const Value& value : row) out += cell(value);
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string list_html(const std::vector<std::string>& items) {
  if (items.empty()) return "";
  std::string out = "<ul>\n";
  for (const std::string& item : items) out += fmt::format("<li>{}</li>\n", escaped(item));
  return out + "</ul>\n";
}

std::string section_html(const PageSection& section, std::size_t position) {
  const std::string label = section.provenance.empty() ? ""
                                                       : fmt::format(" <span class=\"label {0}\">{0}</span>",
                                                                     escaped(section.provenance));
  std::string out = fmt::format("<section id=s{}>\n<details{}><summary><h2>{}{}</h2></summary>\n", position,
                                section.is_open ? " open" : "", escaped(section.title), label);
  for (const std::string& paragraph : section.paragraphs)
    out += fmt::format("<p>{}</p>\n", escaped(paragraph));
  out += list_html(section.list);
  for (const std::string_view chart : section.charts) {
    out += fmt::format("<div class=chart data-chart={} data-source=\"{}\"></div>\n", chart,
                       escaped(section.source));
  }
  for (const PageTable& table : section.tables) out += table_html(table);
  for (const std::string& command : section.commands) {
    out += fmt::format("<pre class=command>{}</pre>\n", escaped(command));
  }
  return out + "</details>\n</section>\n";
}

/// Nothing is fetched, whatever a text in the page might say.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";

}  // namespace

bool has_chart_library() {
  return !kChartLibrary.empty();
}

std::string_view unit_of_column(std::string_view name) {
  if (const Metric* metric = find_metric(name)) return metric->unit == "1" ? "" : metric->unit;
  struct Ending {
    std::string_view ending;
    std::string_view unit;
  };
  // The longer before those that they end in.
  constexpr std::array<Ending, 16> kEndings{{{"ops_per_cycle", "op/cycle"},
                                             {"bytes_per_cycle", "B/cycle"},
                                             {"bits_per_cycle", "bit/cycle"},
                                             {"ops_per_byte", "op/B"},
                                             {"_per_token", ""},
                                             {"_per_s", "1/s"},
                                             {"_cycles", "cycles"},
                                             {"_cycle", "cycle"},
                                             {"_bytes", "B"},
                                             {"bytes_read", "B"},
                                             {"bytes_written", "B"},
                                             {"_percent", "%"},
                                             {"_mm2", "mm2"},
                                             {"_pj", "pJ"},
                                             {"_ms", "ms"},
                                             {"_s", "s"}}};
  for (const auto& [ending, unit] : kEndings) {
    if (name.ends_with(ending)) return unit;
  }
  return "";
}

std::string page_html(const Page& page) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=Content-Security-Policy content=\"{}\">\n<meta name=generator content=\"fusescape "
      "{}\">\n"
      "<meta name=color-scheme content=\"light "
      "dark\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
      kPolicy, kVersion, escaped(page.title), kPageStyle);
  out += fmt::format("<header>\n<h1>{}</h1>\n", escaped(page.title));
  for (std::size_t i = 0; i < page.conclusion.size(); ++i) {
    out += fmt::format("<p class={}>{}</p>\n", i == 0 ? "lead" : "more", escaped(page.conclusion[i]));
  }
  out += "<nav aria-label=Contents>\n";
  for (std::size_t s = 0; s < page.sections.size(); ++s) {
    out += fmt::format("<a href=#s{}>{}</a>\n", s, escaped(page.sections[s].title));
  }
  out += "</nav>\n</header>\n<main>\n";
  for (std::size_t s = 0; s < page.sections.size(); ++s) out += section_html(page.sections[s], s);
  out += fmt::format("</main>\n<footer>Made by fusescape {}. Nothing on this page was fetched.</footer>\n",
                     kVersion);
  out += fmt::format("<script type=application/json id=data>{}</script>\n", script_data(page.data));
  out += fmt::format("<script>{}</script>\n<script>\n\"use strict\";\n(() => {{\n{}}})();\n</script>\n",
                     kChartLibrary, kPageScript);
  return out + "</body>\n</html>\n";
}

}  // namespace fusescape
