#include "fusescape/report/page.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "for_all.hpp"

namespace fusescape::page_test {
namespace {

using test_plans::Dice;
using test_plans::for_all;

/// Pieces that mean something in HTML, in a script, in JSON or to a terminal; also bytes that are no UTF-8.
/// Not empty: an empty label has no element.
std::string hostile_text(Dice& dice) {
  static const std::vector<std::string> kPieces{
      "a",  "<",      ">",    "\"",   "'",        "&", "</script>", "<script>", "<!--", "]]>", "&lt;",
      "\n", "\u2028", "\x01", "\xFF", "\xC3\xA9", "=", "`",         "${",       "--",   "x;"};
  std::string text = "t";
  for (std::int64_t n = dice.in(0, 6); n > 0; --n) text += dice.pick(kPieces);
  return text;
}

/// A page that has `text` in every place where a text of a file may be.
Page page_with(const std::string& text) {
  PageSection section{.title = text, .paragraphs = {text}};
  section.list = {text};
  section.tables = {{text, {.columns = {text}, .rows = {{text}, {std::int64_t{12345}}}}}};
  section.commands = {text};
  section.charts = {"bars"};
  section.source = text;
  section.provenance = text;
  return {.title = text, .conclusion = {text, text}, .sections = {section}, .data = "[\"" + text + "\"]"};
}

std::ptrdiff_t count(const std::string& html, char c) {
  return std::count(html.begin(), html.end(), c);
}

/// What a browser shows for an escaped text.
std::string read_back(std::string html) {
  const std::vector<std::pair<std::string, std::string>> entities{
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) {
    for (std::size_t at = 0; (at = html.find(entity, at)) != std::string::npos; at += character.size()) {
      html.replace(at, entity.size(), character);
    }
  }
  return html;
}

std::string replaced(std::string text, const std::string& what) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;)
    text.replace(at, what.size(), "\xEF\xBF\xBD");
  return text;
}

TEST_CASE("No text of a file begins a tag on a page, whatever it is") {
  const std::string plain = page_html(page_with("plain"));
  for_all(100, [&](Dice& dice) {
    const std::string text = hostile_text(dice);
    CAPTURE(text);
    CHECK(count(page_html(page_with(text)), '<') == count(plain, '<'));
  });
}

TEST_CASE("A text is shown as it is, with U+FFFD for what HTML cannot hold") {
  for_all(100, [&](Dice& dice) {
    const std::string text = hostile_text(dice);
    CAPTURE(text);
    const std::string html = page_html(page_with(text));
    const std::size_t begin = html.find("<h1>") + 4;
    CHECK(read_back(html.substr(begin, html.find("</h1>", begin) - begin)) ==
          replaced(replaced(text, "\x01"), "\xFF"));
  });
}

TEST_CASE("Units of columns are those of their figures, else what their names end in") {
  CHECK(unit_of_column("latency_cycles") == "cycles");
  CHECK(unit_of_column("throughput") == "op/s");
  CHECK(unit_of_column("utilization").empty());
  CHECK(unit_of_column("size_bytes") == "B");
  CHECK(unit_of_column("peak_ops_per_cycle") == "op/cycle");
  CHECK(unit_of_column("strategy").empty());
}

}  // namespace
}  // namespace fusescape::page_test
